"""`ConfigFile`: the configuration of a running collector, read again when the file changes.

A file with a fault changes nothing: what was in force stays, and the fault is told.
"""

from __future__ import annotations

import os
import time

from ..vtables.errors import ConfigError
from .config import load

# Seconds between looks at the file.
LOOK = 1.0


class ConfigFile:
    """A file that was read once and may change.

    options, rules  what is in force
    problem         why the file as it is now is not in force; '' where it is
    """

    def __init__(self, path: str) -> None:
        """Raises ConfigError: a collector does not start with a fault."""
        self.path = path
        self.problem = ""
        self._read = self._looked = self._identity()
        self._look_at = time.monotonic() + LOOK
        self.options, self.rules = load(path)

    def changed(self, now: bool = False) -> bool:
        """Whether there are new rules or options, or a new `problem`. Looks at the file once a second, and reads it
        where it changed; `now` reads it in any case."""
        if not now and time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + LOOK
        identity = self._identity()
        # A file is read once it has rested between two looks: an editor may be in the midst of it.
        rested, self._looked = identity == self._looked, identity
        if not now and (identity == self._read or not rested):
            return False
        self._read = identity
        return self._load()

    def _load(self) -> bool:
        try:
            self.options, self.rules = load(self.path)
        except ConfigError as error:
            problem, self.problem = self.problem, f"{error.message}; what was in force before stays"
            return problem != self.problem
        self.problem = ""
        return True

    def _identity(self) -> tuple[int, int, int]:
        try:
            found = os.stat(self.path)
        except OSError:
            return (0, 0, 0)
        return (found.st_ino, found.st_size, found.st_mtime_ns)
