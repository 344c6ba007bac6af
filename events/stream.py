"""`Stream`: where a publisher's rows go: who did it is added, what is excluded is dropped, the rest is handed on."""

from __future__ import annotations

import time
from functools import cache

from .exclusion.match import matcher
from .exclusion.rules import Rules
from .table import CONTEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .context import Context, Contexts
    from .store import Store

    Row = tuple[Any, ...]


# Columns of a row of `event_gaps`.
GAP = ("time", "began", "tables", "reason", "lost", "publisher")


class _Layout:
    """How rows of one kind are completed: where the pid is, which columns of the context are added, the matcher."""

    __slots__ = ("columns", "match", "missing", "pid", "starts")

    def __init__(self, table: str, columns: tuple[str, ...]) -> None:
        # Rows of programs that started: they tell who the process is from then on.
        self.starts = _Starts(columns) if table == "process_events" else None
        self.pid = columns.index("pid") if "pid" in columns else None
        # Places in a Context of the columns that the rows lack; None where they lack all, the usual case.
        lacking = [i for i, name in enumerate(CONTEXT) if name not in columns] if self.pid is not None else []
        self.missing = None if len(lacking) == len(CONTEXT) else lacking
        names = tuple(CONTEXT)
        self.columns = (*columns, *(names[i] for i in lacking), "publisher")
        self.match: Callable[[Row], int | None] | None = None


class _Starts:
    """Where a row of `process_events` says which program runs in the process from now on."""

    __slots__ = ("_context", "_exe", "_group", "_parent", "_path", "_success", "pid")

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.pid = columns.index("pid")
        # A place behind the row's end, where there is an empty text, for columns that it does not have.
        names = ("exe", "path", "ppid" if "ppid" in columns else "parent", "cgroup_path", "success")
        places = [columns.index(name) if name in columns else len(columns) for name in names]
        self._exe, self._path, self._parent, self._group, self._success = places
        # Where the whole context is, if it is there.
        self._context = [columns.index(name) for name in CONTEXT if name in columns]

    def tell(self, row: Row, contexts: Contexts) -> Context:
        """The context of the process from then on. A call that failed started nothing."""
        row = (*row, "")
        if row[self._success] == 0:
            return contexts.of(row[self.pid])
        path = row[self._path] or ""
        path = path if path.startswith("/") else ""
        if len(self._context) == len(CONTEXT):
            context: Context = tuple([row[place] for place in self._context])
            contexts.told(row[self.pid], context, path)
            return context
        parent, exe, group = row[self._parent] or None, row[self._exe] or "", row[self._group] or ""
        return contexts.started(row[self.pid], parent, exe, group, path)


class Stream:
    """One publisher's stream.

    stored    rows handed on
    dropped   {rule id: rows dropped here by the rules in force}; a row that several match is the first one's
    excluded  rows dropped here by all rules there ever were
    unstorable  rows that could not be handed on: a bug in a publisher
    last      Unix seconds of the last row, None before the first
    trouble   what was lost last, in words; '' for nothing
    """

    def __init__(self, publisher: str, store: Store, contexts: Contexts) -> None:
        self.stored = 0
        self.dropped: dict[int, int] = {}
        self.excluded = 0
        self.unstorable = 0
        self.last: int | None = None
        self.trouble = ""
        # Since when something was lost, what, and how much: a row of `event_gaps` at the next report.
        self._gap: tuple[int | None, str, int] | None = None
        self._publisher = (publisher,)
        self._store = store
        self._contexts = contexts
        self._layouts: dict[tuple[str, int], _Layout] = {}
        self._kept: list[tuple[str, ...]] = []
        self._rules = self._rest = Rules()

    def rest(self, rules: Rules, enforced: frozenset[int]) -> None:
        """The rules to decide here: those that the publisher does not enforce. A rule that was there before keeps its
        count."""
        counts = {rule.key: self.dropped.get(rule.id, 0) for rule in reversed(self._rules.rules)}
        self.dropped = {rule.id: count for rule in rules.rules if (count := counts.pop(rule.key, 0))}
        self._rules = rules
        self._rest = Rules(rules.profile, tuple(rule for rule in rules.rules if rule.id not in enforced))
        self._layouts.clear()

    def add(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        """Rows of an event table; see `publisher.Stream`. One that cannot be added costs itself."""
        try:
            self._add(table, columns, rows)
        except Exception as error:
            if len(rows) == 1:
                self.unstorable += 1
                self.gap(f"an event of {table} could not be stored: {type(error).__name__}: {error}", 1)
                return
            for row in rows:
                self.add(table, columns, [row])

    def _add(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        if not rows:
            return
        layout = self._layouts.get((table, id(columns)))
        if layout is None:
            layout = self._layout(table, columns)
        place, of, missing, name = layout.pid, self._contexts.of, layout.missing, self._publisher
        if layout.starts is not None and missing == []:
            for row in rows:
                layout.starts.tell(row, self._contexts)
            rows = [row + name for row in rows]
        elif layout.starts is not None:
            rows = [row + self._started(layout.starts, missing, row) + name for row in rows]
        elif place is None or missing == []:
            rows = [row + name for row in rows]
        elif missing is None:
            rows = [row + of(row[place]) + name for row in rows]
        else:
            rows = [row + tuple([of(row[place])[i] for i in missing]) + name for row in rows]
        if layout.match is not None:
            rows = self._kept_rows(layout.match, rows)
        if rows:
            self._store.add(table, layout.columns, rows)
        self.last = int(time.time())
        self.stored += len(rows)

    def ended(self, rows: list[tuple[int | None, int | None, int]]) -> None:
        """Processes that ended; see `publisher.Stream`."""
        self._store.ended(rows)
        for _, _, pid in rows:
            self._contexts.ended(pid)

    def gap(self, text: str, lost: int) -> None:
        """Something was lost; see `publisher.Stream`."""
        began, _, before = self._gap or (self.last, "", 0)
        self._gap = (began, text, before + lost)
        self.trouble = text

    def tell_gap(self, tables: Iterable[str]) -> None:
        """Record what was lost since the last call as a row of `event_gaps`: one, however often it was said."""
        if self._gap is not None:
            began, text, lost = self._gap
            self._gap = None
            row = (int(time.time()), began, ",".join(sorted(tables)), text, lost, *self._publisher)
            self._store.add("event_gaps", GAP, [row])

    def _layout(self, table: str, columns: tuple[str, ...]) -> _Layout:
        # The tuple is kept, so that no other can have its identity.
        self._kept.append(columns)
        layout = self._layouts[table, id(columns)] = _Layout(table, columns)
        rules = self._rest.of_class(event_class(table))
        if rules:
            layout.match = matcher(rules, table, layout.columns, self._contexts)
        return layout

    def _started(self, starts: _Starts, missing: list[int] | None, row: Row) -> Row:
        context: Row = starts.tell(row, self._contexts)
        return context if missing is None else tuple([context[i] for i in missing])

    def _kept_rows(self, match: Callable[[Row], int | None], rows: list[Row]) -> list[Row]:
        kept = []
        for row in rows:
            id = match(row)
            if id is None:
                kept.append(row)
            else:
                self.dropped[id] = self.dropped.get(id, 0) + 1
        self.excluded += len(rows) - len(kept)
        return kept


@cache
def event_class(table: str) -> str:
    """The class of events that a table holds, as exclusion rules name it."""
    from .catalog import catalog

    found: str = catalog().load(table).event_class  # type: ignore[attr-defined]
    return found
