"""Where the prompt keeps its history: a file only its owner can read."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from prompt_toolkit.history import History


def history() -> History:
    """The history on disk; in memory alone, with a word about it, where the file cannot be written."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    path = history_path()
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.fchmod(fd, 0o600)
        os.close(fd)
    except OSError as error:
        sys.stderr.write(f"note: no history is kept: cannot write {path}: {error.strerror}\n")
        return InMemoryHistory()
    return FileHistory(path)


def history_path() -> str:
    """The history's file, by the XDG base directories."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "hostql", "history")
