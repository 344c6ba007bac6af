"""Exclusion rules become audit rules with the action `never`, as far as audit decides them exactly.

Audit compares a program by its inode and never sees command names, networks or control groups; what it cannot decide
is left to the collector. Our `never` rules stand directly before our own rules, so that they take nothing from those
of others, which the host's administrator had before.
"""

from __future__ import annotations

import os

from .system_calls import FILE, PROCESS, SOCKET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ...exclusion.rules import Rule, Rules
    from .rules import Field, Never

    Row = tuple[Any, ...]

# Rules of the kernel that one rule may become; the lists are gone through at every call.
MOST = 16

_TABLES = {"process_events": PROCESS, "socket_events": SOCKET, "process_file_events": FILE}
_DECIDABLE = frozenset(("path", "uid", "success"))
_CLASSES_WITH_PATH = frozenset((PROCESS, SOCKET))


class Exclusion:
    """The rules of a profile that audit decides for some tables."""

    def __init__(self, tables: frozenset[str]) -> None:
        self._tables = tables
        self._rules: Rules | None = None
        self._matchers: dict[tuple[str, int], Callable[[Row], int | None] | None] = {}

    def compile(self, rules: Rules) -> tuple[tuple[Never, ...], frozenset[int]]:
        """What is never to be recorded, and the ids of the rules that are thereby wholly enforced.

        A few events of these rules still come: by rules of others, by failed calls (whose `path` is the program that
        was not started), from mounts the kernel knows by another inode. `kept` sorts those out.
        """
        from ...exclusion.rules import Rules as Profile

        nevers: list[Never] = []
        enforced = []
        for rule in rules.rules:
            classes = self._classes(rule)
            if classes and rule.fields() and rule.fields() <= _DECIDABLE and self._exact(rule, classes):
                alternatives = list(_alternatives(rule))
                if len(alternatives) <= MOST:
                    nevers += ((classes, fields) for fields in alternatives)
                    enforced.append(rule)
        self._rules = Profile(rules.profile, tuple(enforced))
        self._matchers.clear()
        return tuple(nevers), frozenset(rule.id for rule in enforced)

    def kept(self, table: str, columns: tuple[str, ...], rows: list[Row], own: int) -> tuple[list[Row], int]:
        """The rows that no enforced rule drops and that are not about this process; and how many the rules dropped."""
        if table in _TABLES:
            pid = columns.index("pid")
            rows = [row for row in rows if row[pid] != own]
        match = self._matcher(table, columns)
        if match is None:
            return rows, 0
        kept = [row for row in rows if match(row) is None]
        return kept, len(rows) - len(kept)

    def _classes(self, rule: Rule) -> frozenset[str]:
        """The classes of system calls a rule is about, of those collected; none where it is about other records too."""
        ours = frozenset(_TABLES[table] for table in self._tables if table in _TABLES)
        if rule.event_class:
            return ours & {rule.event_class}
        return ours if all(table in _TABLES for table in self._tables) else frozenset()

    def _exact(self, rule: Rule, classes: frozenset[str]) -> bool:
        if not rule.path:
            return True
        # A file's path is a name, audit's `dir` and `path` are inodes: they differ by symbolic links.
        if not classes <= _CLASSES_WITH_PATH or any(pattern.kind != "exact" for pattern in rule.path):
            return False
        # A failed execve has the caller for its program, and its row has the program that was not started.
        if rule.success is False and PROCESS in classes:
            return False
        return all(_one_name(pattern.text) for pattern in rule.path)

    def _matcher(self, table: str, columns: tuple[str, ...]) -> Callable[[Row], int | None] | None:
        key = (table, id(columns))
        if key not in self._matchers:
            from ...context import Contexts
            from ...exclusion.match import matcher
            from ...stream import event_class

            rules = self._rules.of_class(event_class(table)) if self._rules is not None else ()
            # No field here asks who a process is, so the contexts stay empty.
            self._matchers[key] = matcher(rules, table, columns, Contexts()) if rules else None
        return self._matchers[key]


def _alternatives(rule: Rule) -> Iterator[tuple[Field, ...]]:
    """One tuple of fields for each combination of a rule's values: audit ANDs within a rule and knows no OR."""
    for uid in rule.uid or (None,):
        for pattern in rule.path or (None,):
            found: list[Field] = []
            if uid is not None:
                found.append(("uid", "=", uid))
            if pattern is not None:
                found.append(("exe", "=", pattern.text))
            success = (
                True if pattern is not None and rule.success is None and rule.event_class != SOCKET else rule.success
            )
            if success is not None:
                found.append(("success", "=", int(success)))
            yield tuple(found)


def _one_name(path: str) -> bool:
    """Whether the file has this name alone, so that its inode says as much as its name."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return status.st_nlink == 1 and os.path.realpath(path) == path
