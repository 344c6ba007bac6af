"""Event tables in a `Database`: the buffer of whoever collects is attached read-only when a statement first needs it.

Where nobody collects, root begins to, in a process of its own that ends with this one; others are told why not.
"""

from __future__ import annotations

import fcntl
import os
import stat

from ..vtables.errors import TableUnavailable
from ..vtables.files.private import lock_file
from ..vtables.files.program import module
from ..vtables.sources.sqlite_files import check_readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from ..vtables.database import Database

SCHEMA = "events"
# The agent's buffer, and what root's prompt writes to where no agent runs.
DEFAULT_PATH = "/var/lib/hostql/events.db"


def lock(path: str) -> int | None:
    """Become the one writer of a buffer: the lock's file descriptor, to be kept open; None where another writes.

    Raises OSError, also where somebody else may have put there what would be locked.
    """
    fd = lock_file(path + ".lock")
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def being_written(path: str) -> bool:
    """Whether somebody collects into this buffer now."""
    try:
        fd = os.open(path + ".lock", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


class Events:
    """Attaches the buffer to one database; call it with the name of the table that a statement wants.

    path      the buffer; `config` a configuration file for the collector that is started here
    note      is told in words when collecting begins
    begin     whether to begin to collect where nobody does; else what is in the buffer is read
    """

    def __init__(
        self,
        database: Database,
        note: Callable[[str], None],
        path: str = "",
        config: str = "",
        *,
        begin: bool = True,
    ) -> None:
        self.path = path or DEFAULT_PATH
        self._database = database
        self._note = note
        self._config = config
        self._begin = begin
        self._child: subprocess.Popen[bytes] | None = None

    def __call__(self, table: str) -> bool:
        """Make the event tables readable. Raises TableUnavailable with the reason and what would help."""
        if self._begin and not being_written(self.path):
            self._collect(table)
        try:
            _check_private(self.path)
        except OSError as error:
            raise TableUnavailable(
                f"{table}: the buffer {self.path} cannot be read: {error.strerror}", "Events are for root to read."
            ) from error
        self._database.attach(self.path, SCHEMA)
        there = f"SELECT count(*) FROM {SCHEMA}.sqlite_schema WHERE name = ?"
        if not self._database.connection.execute(there, (table,)).fetchall()[0][0]:
            raise TableUnavailable(
                f"{table} has no rows yet: the collector is about to begin", "Ask again in a moment."
            )
        return True

    def close(self) -> None:
        """End the collector that was started here."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait()
            self._child = None

    def _collect(self, table: str) -> None:
        if os.geteuid() != 0:
            raise TableUnavailable(
                f"{table} has no events: nothing is collecting them, and only root may",
                "Run hostql as root, or start `hostql events collect` as root.",
            )
        import subprocess

        command = module("hostql", "events", "collect", "--buffer", self.path, "--session")
        if self._config:
            command += ["--config", self._config]
        # Its own process group, so that Ctrl-C at the prompt does not reach it.
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        assert self._child.stdout is not None and self._child.stderr is not None
        said = self._child.stdout.readline().decode(errors="replace").strip()
        if not said:
            reason = self._child.stderr.read().decode(errors="replace").strip().splitlines()
            self._child.wait()
            self._child = None
            raise TableUnavailable(f"{table}: collecting events failed: {reason[-1] if reason else 'no reason given'}")
        self._note(f"nothing was collecting events; collecting from now on ({said})")


def _check_private(path: str) -> None:
    """Raises OSError where the file may not be read, or is somebody else's making."""
    found = os.stat(path)
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(1, "others can write it")
    check_readable(path)
