"""Files that have a name before they are complete, as some file systems need it: SIGTERM, or SIGHUP of a terminal that
is closed, removes them before it ends the process.
"""

from __future__ import annotations

import os

# (descriptor of the directory, name) of each.
_names: set[tuple[int, str]] = set()


def remember(folder: int, name: str) -> None:
    """Remove this, too, if a signal ends the process; where nobody else deals with signals."""
    import signal
    import threading

    _names.add((folder, name))
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _end)


def forget(folder: int, name: str) -> None:
    """It has its own name, or is gone."""
    import signal
    import threading

    _names.discard((folder, name))
    if not _names and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is _end:
                signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: object) -> None:
    import signal

    for folder, name in _names:
        try:
            os.unlink(name, dir_fd=folder)
        except OSError:
            pass
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
