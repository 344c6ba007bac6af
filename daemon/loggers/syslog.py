"""The syslog logger: lines to the host's syslog, over its socket (syslog(3), RFC 3164)."""

from __future__ import annotations

import errno
import os
import socket

from .logger import STATUS, Logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config.options import Options

SOCKET = "/dev/log"
# Bytes of a message that every socket takes; linux/socket.h; what the kernel adds to a message.
CUT = 64_000
_SO_SNDBUFFORCE, _OVERHEAD = 32, 4096
_INFO, _NOTICE = 6, 5
# Seconds to wait for a receiver that does not read.
PATIENCE = 5.0


class Syslog(Logger):
    """A message for each line."""

    name = "syslog"

    def __init__(self, options: Options, path: str = SOCKET) -> None:
        self._path = path
        self._facility = options.logger_syslog_facility
        self._cee = "@cee:" if options.logger_syslog_prepend_cee else ""
        self._socket: socket.socket | None = None

    def write(self, kind: str, lines: Sequence[str]) -> int:
        if self._socket is None:
            self._socket = self._connected()
        severity = _INFO if kind == STATUS else _NOTICE
        head = f"<{self._facility << 3 | severity}>hostql[{os.getpid()}]: "
        cee = "" if kind == STATUS else self._cee
        for done, line in enumerate(lines):
            try:
                _send(self._socket, (head + cee + line).encode("utf-8", "backslashreplace"))
            except OSError:
                self.close()
                if not done:
                    raise
                return done
        return len(lines)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        problem: OSError | None = None
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            made = socket.socket(socket.AF_UNIX, kind | socket.SOCK_CLOEXEC)
            try:
                made.settimeout(PATIENCE)
                made.connect(self._path)
                return made
            except OSError as error:
                made.close()
                problem = error
        assert problem is not None
        raise problem


def _send(link: socket.socket, raw: bytes) -> None:
    """One message. A datagram that is too large for the socket makes it larger; where that may not be, it is cut."""
    if link.type == socket.SOCK_STREAM:
        link.sendall(raw + b"\0")
        return
    try:
        link.send(raw)
    except OSError as error:
        if error.errno != errno.EMSGSIZE:
            raise
        try:
            link.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, len(raw) + _OVERHEAD)
            link.send(raw)
        except OSError as again:
            if again.errno not in (errno.EMSGSIZE, errno.EPERM, errno.ENOBUFS):
                raise
            link.send(raw[:CUT] + f" ... cut, {len(raw)} bytes in all".encode())
