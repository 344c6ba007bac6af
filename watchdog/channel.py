"""`Channel`: messages between the watcher and a child, one JSON object each, over a pair of sockets.

A message is a packet (SOCK_SEQPACKET): it comes whole or not at all. Sending never blocks: where the other side does
not read, a message is dropped. The messages:

    child to watcher    ready: {memory, cpu}; beat: NAME; begin: {query, sql, seconds, deniable, memory, cpu};
                        end: {query, cpu, memory, rows, files, wall, outcome}; deny: {query, sql, reason, usage};
                        limits: {...}; say: TEXT; pong: N
    watcher to child    ping: N; interrupt: REASON; reload; denylist: [[query, sql], ...]
"""

from __future__ import annotations

import json
import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The child finds its end by this variable of its environment.
ENVIRONMENT = "HOSTQL_WATCHDOG_FD"
# Larger than any message.
LARGEST = 1 << 20


class Channel:
    """One end."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        end.setblocking(False)
        self.closed = False

    def fileno(self) -> int:
        """A file descriptor that is readable when a message came, or the other end was closed."""
        return self._end.fileno()

    def send(self, **message: Any) -> bool:
        """Send a message; False where it was not taken: the other end is gone or does not read."""
        try:
            self._end.send(json.dumps(message).encode())
        except OSError:
            return False
        return True

    def receive(self) -> list[dict[str, Any]]:
        """The messages that have come; `closed` says whether more can come. What is no message is passed over."""
        found: list[dict[str, Any]] = []
        while not self.closed:
            try:
                raw = self._end.recv(LARGEST)
            except BlockingIOError:
                break
            except OSError:
                raw = b""
            if not raw:
                self.closed = True
                break
            try:
                message = json.loads(raw)
            except ValueError:
                continue
            if isinstance(message, dict):
                found.append(message)
        return found

    def close(self) -> None:
        """Let go of this end."""
        self._end.close()


def pair() -> tuple[Channel, socket.socket]:
    """The watcher's end, and the child's, to be handed on over exec."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
    return Channel(ours), theirs


def inherited() -> Channel | None:
    """The child's end, where a watcher started this process."""
    text = os.environ.pop(ENVIRONMENT, "")
    if not text.isdigit():
        return None
    end = socket.socket(fileno=int(text))
    os.set_inheritable(end.fileno(), False)
    return Channel(end)
