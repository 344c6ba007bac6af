"""The syslog logger: lines to the host's syslog, over its socket (syslog(3), RFC 3164)."""

from __future__ import annotations

import os
import socket

from .logger import STATUS, Logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config.options import Options

SOCKET = "/dev/log"
_INFO, _NOTICE = 6, 5


class Syslog(Logger):
    """A message for each line."""

    name = "syslog"

    def __init__(self, options: Options, path: str = SOCKET) -> None:
        self._path = path
        self._facility = options.logger_syslog_facility
        self._cee = "@cee:" if options.logger_syslog_prepend_cee else ""
        self._socket: socket.socket | None = None

    def write(self, kind: str, lines: Sequence[str]) -> None:
        if self._socket is None:
            self._socket = self._connected()
        severity = _INFO if kind == STATUS else _NOTICE
        head = f"<{self._facility << 3 | severity}>hostql[{os.getpid()}]: "
        cee = "" if kind == STATUS else self._cee
        stream = self._socket.type == socket.SOCK_STREAM
        try:
            for line in lines:
                raw = (head + cee + line).encode("utf-8", "backslashreplace")
                self._socket.sendall(raw + b"\0" if stream else raw)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        problem: OSError | None = None
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            made = socket.socket(socket.AF_UNIX, kind | socket.SOCK_CLOEXEC)
            try:
                made.settimeout(5)
                made.connect(self._path)
                return made
            except OSError as error:
                made.close()
                problem = error
        assert problem is not None
        raise problem
