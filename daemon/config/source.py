"""`ConfigSource`: the configuration of a running agent, read again when it changes. A broken one changes nothing."""

from __future__ import annotations

import glob
import json
import os
import time

from ...vtables.errors import ConfigError
from .build import load, load_again
from .values import matching_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


class ConfigSource:
    """config   what is in force
    problem  why what is on disk now is not in force; '' where it is
    """

    def __init__(
        self,
        path: str,
        clock: Callable[[], float] = time.monotonic,
        before: str = "",
        given: Mapping[str, Any] | None = None,
    ) -> None:
        """`given` are options of the command line. `before` is what `remembered` gave when a configuration was in force
        last: it is used where the file is broken now. Else raises ConfigError: an agent does not start with a
        configuration that cannot be used."""
        self.path = path
        self.problem = ""
        self._clock = clock
        self._given = dict(given or {})
        self._read = self._identity()
        try:
            self.config = load(path, given=self._given)
        except ConfigError as error:
            if not before:
                raise
            self.config = load_again([(file, text) for file, text in json.loads(before)], self._given)
            self.problem = f"{error.message}; what was in force before stays"
        self._look_at = clock() + self.config.options.config_refresh

    def changed(self, now: bool = False) -> bool:
        """Whether another configuration is in force from now on, or another `problem`. `now` reads in any case."""
        refresh = self.config.options.config_refresh
        if not now and (not refresh or self._clock() < self._look_at):
            return False
        self._look_at = self._clock() + refresh
        identity = self._identity()
        if not now and identity == self._read:
            return False
        self._read = identity
        try:
            found = load(self.path, given=self._given)
        except ConfigError as error:
            before, self.problem = self.problem, f"{error.message}; what was in force before stays"
            return before != self.problem
        self.problem = ""
        same = found.digest == self.config.digest
        self.config = found
        return now or not same

    def remembered(self) -> str:
        """What is in force, to start with it again."""
        return json.dumps(self.config.texts)

    def _identity(self) -> tuple[tuple[str, int, int, int], ...]:
        packs = [query.file for pack in self.config.packs for query in pack.queries] if hasattr(self, "config") else []
        patterns = self.config.pack_patterns if hasattr(self, "config") else ()
        packs += [file for pattern in patterns for file in matching_files(pattern)]
        names = {self.path, *glob.glob(f"{glob.escape(self.path)}.d/*"), *packs}
        return tuple(_stamp(name) for name in sorted(names))


def _stamp(name: str) -> tuple[str, int, int, int]:
    try:
        found = os.stat(name)
    except OSError:
        return (name, 0, 0, 0)
    return (name, found.st_ino, found.st_size, found.st_mtime_ns)
