"""The watcher's control socket: a request and its answer, one JSON object on a line each. For root alone.

{"do": "status"}   {"do": "stop"}   {"do": "reload"}   {"do": "deny", "query": Q}   {"do": "pardon", "query": Q}
"""

from __future__ import annotations

import json
import os
import socket

from .watcher import Watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Bytes of a request; seconds that somebody may take to write it, and that an answer may take on a host under load.
LARGEST = 65_536
PATIENCE = 0.5
ANSWERED = 30.0


class Control:
    """Answers for a watcher."""

    def __init__(self, watcher: Watcher, path: str) -> None:
        """OSError where the socket cannot be made."""
        self._watcher = watcher
        self._path = path
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        mask = os.umask(0o177)
        try:
            self._listener.bind(path)
        finally:
            os.umask(mask)
        self._listener.listen(8)
        self._listener.setblocking(False)
        watcher.listen(self._listener.fileno(), self._answer)

    def close(self) -> None:
        """Remove the socket."""
        self._listener.close()
        try:
            os.unlink(self._path)
        except OSError:
            pass

    def _answer(self) -> None:
        try:
            link, _ = self._listener.accept()
        except OSError:
            return
        with link:
            # Whoever connects is root; half a second of it is all the watcher waits for.
            link.settimeout(PATIENCE)
            try:
                request = json.loads(_line(link))
                answer = self._do(request if isinstance(request, dict) else {})
            except (OSError, ValueError):
                return
            try:
                link.sendall(json.dumps(answer).encode() + b"\n")
            except OSError:
                return

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        watcher, query = self._watcher, str(request.get("query") or "")
        what = request.get("do")
        if what == "status":
            return watcher.status()
        if what == "stop":
            watcher.stop()
        elif what == "reload":
            watcher.reload()
        elif what == "deny" and query:
            watcher.denylist.deny(query, "", "by hand", seconds=float(request.get("seconds") or 86_400))
            watcher.tell_denied()
        elif what == "pardon" and query:
            done = watcher.denylist.pardon(query)
            watcher.tell_denied()
            return {"done": done}
        else:
            return {"error": f"there is no request {what!r}"}
        return {"done": True}


def ask(path: str, **request: Any) -> dict[str, Any]:
    """Ask a watcher. OSError where none answers."""
    line = json.dumps(request).encode() + b"\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as link:
        link.settimeout(ANSWERED)
        link.connect(path)
        link.sendall(line)
        try:
            answer = json.loads(_line(link))
        except ValueError:
            raise OSError("the answer makes no sense") from None
    return answer if isinstance(answer, dict) else {}


def _line(link: socket.socket) -> bytes:
    found = b""
    while not found.endswith(b"\n") and len(found) < (LARGEST << 6):
        more = link.recv(LARGEST)
        if not more:
            break
        found += more
    return found
