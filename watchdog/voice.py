"""`say`: a line on standard error. That may be a pipe that nobody reads or that was closed, or a file on a full disk:
nobody waits for it, and nobody fails. `shorten`: where it is a file, that does not grow for ever."""

from __future__ import annotations

import os
import select

from ..vtables.files.write import NewFile

_STDERR = 2
# Bytes of the file that standard error is; what was said before is kept beside it, once.
LARGEST = 1 << 20


def say(text: str) -> bool:
    """Say a line, as much of it as a pipe with any room takes at once (pipe(7)); False where it could not be said.

    What could drive a terminal is escaped: names of files and what libraries say are in it.
    """
    if not text.isprintable():
        text = "".join([c if c.isprintable() else c.encode("unicode_escape").decode() for c in text])
    raw = text.encode()
    if len(raw) >= select.PIPE_BUF:
        raw = raw[: select.PIPE_BUF - 4] + b"..."
    raw += b"\n"
    poll = select.poll()
    poll.register(_STDERR, select.POLLOUT)
    try:
        return bool(poll.poll(0)) and os.write(_STDERR, raw) == len(raw)
    except OSError:
        return False


def shorten(path: str) -> None:
    """Where this file is standard error and has grown large, copy it to PATH.1 and empty it. It is not renamed: others
    append to it, too, and none opens it again."""
    try:
        if os.fstat(_STDERR).st_size <= LARGEST or not os.path.samestat(os.fstat(_STDERR), os.stat(path)):
            return
    except OSError:
        return
    kept = f"{path}.1"
    try:
        _copy(path, kept)
        told = f"what was said before is in {kept}"
    except OSError as error:
        # Where the disk is full, this is what makes room.
        told = f"what was said before could not be kept in {kept}: {error.strerror}"
    os.ftruncate(_STDERR, 0)
    say(told)


def _copy(path: str, to: str) -> None:
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with NewFile(to, mode=0o600) as copy:
            while os.sendfile(copy.fd, source, None, LARGEST):
                pass
    finally:
        os.close(source)
