"""Records from auditd's dispatcher: a plugin of auditd, as a socket that it serves or as a child that it starts.

The formats are those of audispd (auditd-plugins(5), libaudit.h). `string` is a line for each record:

    type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 ...

with the names of ids appended after a byte 0x1d where auditd enriches. `binary` is `struct audit_dispatcher_header`
(version, length of the header, type, length of the record) before each record.
"""

from __future__ import annotations

import os
import socket
import struct

from ...publisher import Unavailable
from .record_types import number_of
from .sources import DISPATCHER, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .netlink import Status
    from .records import Assembler

_HEADER = struct.Struct("=4I")
# MAX_AUDIT_MESSAGE_LENGTH: no record is longer, and auditd sends the binary format in blocks of this size.
_LONGEST = 8970
_CHUNK = 1 << 18
_ENRICHED = b"\x1d"

_PLUGIN = """\
# hostql: events of this host's audit, by {how}
# Install as /etc/audit/plugins.d/hostql.conf, then: systemctl reload auditd
# hostql's configuration file must say: {configuration}
active = yes
direction = out
path = {path}
type = {type}
args = {args}
format = string
"""


def plugin_file(form: str, program: str = "/usr/bin/hostql") -> str:
    """The configuration of auditd's plugin; form is `socket` (auditd serves one) or `child` (auditd starts hostql)."""
    if form == "child":
        return _PLUGIN.format(
            how="a child that auditd starts",
            configuration='{"events": {"audit": "-"}}',
            path=program,
            type="always",
            args="events collect --config /etc/hostql/hostql.json",
        )
    return _PLUGIN.format(
        how="a socket",
        configuration=f'{{"events": {{"audit": "{DISPATCHER}"}}}}',
        path="builtin_af_unix",
        type="builtin",
        args=f"0600 {DISPATCHER}",
    )


class Frames:
    """Cuts a stream of bytes into records, whichever of the two formats they have."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes, assembler: Assembler, now: float) -> int:
        """Hand the whole records in it to the assembler and keep the rest; gives how many there were."""
        data = self._rest + data
        binary = data[:1] in (b"\0", b"\1", b"\2")
        count, at = (_binary if binary else _lines)(data, assembler, now)
        self._rest = data[at:]
        if len(self._rest) > 16 * _LONGEST:
            assembler.malformed += 1
            self._rest = b""
        return count


def _lines(data: bytes, assembler: Assembler, now: float) -> tuple[int, int]:
    end = data.rfind(b"\n") + 1
    count = 0
    for line in data[:end].split(b"\n"):
        if not line:
            continue
        count += 1
        # A host's name may stand before: node=HOST type=...
        start = 0 if line.startswith(b"type=") else line.find(b" type=") + 1
        head, _, body = line[start:].partition(b" msg=")
        kind = number_of(head[5:]) if head.startswith(b"type=") else None
        if kind is None:
            assembler.malformed += 1
        else:
            assembler.add(kind, body.partition(_ENRICHED)[0], now)
    return count, end


def _binary(data: bytes, assembler: Assembler, now: float) -> tuple[int, int]:
    at = count = 0
    while at + _HEADER.size <= len(data):
        version, head, kind, size = _HEADER.unpack_from(data, at)
        if version > 2 or head != _HEADER.size or size > _LONGEST:
            # Out of step: what follows cannot be told apart.
            assembler.malformed += 1
            return count, len(data)
        # The first version sends blocks of one size, with what lies in them behind the record.
        end = at + head + (_LONGEST if _fixed(data, at, head, size) else size)
        if end > len(data):
            break
        body = data[at + head : at + head + size]
        assembler.add(kind, body.partition(_ENRICHED)[0].rstrip(b"\0"), now)
        count += 1
        at = end
    return count, at


def _fixed(data: bytes, at: int, head: int, size: int) -> bool:
    """Whether the record stands in a block of the greatest size: no other header follows it directly."""
    following = data[at + head + size : at + head + size + _HEADER.size]
    if len(following) < _HEADER.size:
        return True
    version, next_head, kind, next_size = _HEADER.unpack(following)
    return not (version <= 2 and next_head == _HEADER.size and 1000 <= kind < 3000 and next_size <= _LONGEST)


class SocketDispatcher(Source):
    """The socket of auditd's af_unix plugin."""

    without_control = True

    def __init__(self, path: str) -> None:
        self.path = path
        self.what = f"the connection to {path}"
        self._frames = Frames()
        self._link: socket.socket | None = None
        try:
            self._link = self._connect()
        except OSError as error:
            raise Unavailable(
                f"auditd's dispatcher does not listen on {path}: {error.strerror}",
                "activate auditd's af_unix plugin; `hostql events audit-plugin` prints its configuration",
            ) from None

    def fileno(self) -> int:
        return self._link.fileno() if self._link is not None else -1

    def read(self, assembler: Assembler, now: float, limit: int) -> int:
        count = 0
        while self._link is not None and count < limit:
            try:
                data = self._link.recv(_CHUNK)
            except BlockingIOError:
                break
            except ConnectionError:
                data = b""
            if not data:
                self._link.close()
                self._link = None
                self._frames = Frames()
                self.broke = True
                break
            count += self._frames.feed(data, assembler, now)
        return count

    def resume(self, status: Status | None) -> bool:
        if self._link is not None:
            return False
        try:
            self._link = self._connect()
        except OSError:
            return False
        return True

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _connect(self) -> socket.socket:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.connect(self.path)
        except OSError:
            link.close()
            raise
        link.setblocking(False)
        return link


class StandardInput(Source):
    """Standard input, as auditd gives it to a plugin that it starts, at each start anew."""

    what = "standard input"
    without_control = True

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._frames = Frames()
        os.set_blocking(fd, False)

    def fileno(self) -> int:
        return self._fd

    def read(self, assembler: Assembler, now: float, limit: int) -> int:
        count = 0
        while count < limit:
            try:
                data = os.read(self._fd, _CHUNK)
            except BlockingIOError:
                break
            if not data:
                raise OSError("auditd closed the plugin's input")
            count += self._frames.feed(data, assembler, now)
        return count

    def close(self) -> None:
        pass
