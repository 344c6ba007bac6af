"""`say`: a line on standard error. That may be a pipe that nobody reads or that was closed, or a file on a full disk:
nobody waits for it, and nobody fails."""

from __future__ import annotations

import os
import select

_STDERR = 2


def say(text: str) -> bool:
    """Say a line, as much of it as a pipe with any room takes at once (pipe(7)); False where it could not be said."""
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) >= select.PIPE_BUF:
        raw = raw[: select.PIPE_BUF - 4] + b"..."
    raw += b"\n"
    poll = select.poll()
    poll.register(_STDERR, select.POLLOUT)
    try:
        return bool(poll.poll(0)) and os.write(_STDERR, raw) == len(raw)
    except OSError:
        return False
