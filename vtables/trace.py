"""Tracing: what each scan of a statement read, kept and cost. Only a traced statement loads or pays for any of it.

SQLite plans a statement by offering constraints again and again; the offers are numbered, and the number stands in the
plan's text (`processes:pid= #3`). So a scan that runs, its line in EXPLAIN QUERY PLAN and its instructions in EXPLAIN
are known to be the same, also where one table is scanned in two places.
"""

from __future__ import annotations

from time import perf_counter

from .adapter import Cursor
from .snapshot import END

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .adapter import VirtualTable
    from .plan import Plan

    # (addr, opcode, p1, p2, p3, p4, ...): https://www.sqlite.org/opcode.html
    Instruction = tuple[Any, ...]


class Trace:
    """What is known of one traced statement.

    started  when it was begun, by perf_counter()
    plan     the rows of EXPLAIN QUERY PLAN (id, parent, notused, detail); empty for what cannot be explained
    scans    ScanStats by the plan's text, in the order of first use
    whole    whether each row that passes all tests is a row of the result: nothing is grouped, distinct or limited
    """

    def __init__(self) -> None:
        self.started = perf_counter()
        self.plan: list[tuple[Any, ...]] = []
        self.scans: dict[str, ScanStats] = {}
        self.whole = False
        self._filterings: dict[str, Filtering] = {}
        self._offers = 0

    def explain(self, run: Callable[[str], list[tuple[Any, ...]]]) -> None:
        """Ask SQLite, by `run(prefix)`, how it will answer; to be called just before the statement is prepared."""
        self._offers = 0
        self.plan = run("EXPLAIN QUERY PLAN ")
        self._offers = 0
        program = run("EXPLAIN ")
        self._filterings = filterings(program)
        self.whole = not any(row[1] in _GATHERING for row in program)
        self._offers = 0

    def number(self, plan: Plan) -> None:
        """Number the plan that answers an offer of constraints."""
        self._offers += 1
        plan.description += f" #{self._offers}"

    def scan(self, plan: Plan) -> tuple[ScanStats, tuple[int, int] | None]:
        """The counters of the scan that follows this plan, and the witness of its kept rows."""
        filtering = self._filterings.get(plan.description) or _EVERY_ROW
        found = self.scans.get(plan.description)
        if found is None:
            kept = None if filtering.witness is None else 0
            found = self.scans[plan.description] = ScanStats(plan, filtering.columns, kept)
        return found, filtering.witness


class ScanStats:
    """What one scan of a table cost; times in seconds.

    table     its name; plan: the constraints it is given
    calls     how often it began; asked: how often that read the table and not a recording of its rows
    rows      rows given to SQLite
    kept      those that SQLite went on with; None where its program does not tell
    filtered  positions of the columns whose value decides, after reading, whether a row is kept
    """

    __slots__ = ("asked", "calls", "filtered", "kept", "plan", "rows", "seconds", "table")

    def __init__(self, plan: Plan, filtered: tuple[int, ...], kept: int | None) -> None:
        self.table = plan.description.partition(":")[0]
        self.plan = plan
        self.filtered = filtered
        self.calls = 0
        self.asked = 0
        self.rows = 0
        self.kept = kept
        self.seconds = 0.0


class Filtering:
    """What SQLite's program does with the rows of one scan before it goes on with them.

    columns  positions of the columns it looks at to decide; () where it keeps every row
    witness  (column, n): a row is kept when this column is read for the n-th time; None where that cannot be told
    """

    __slots__ = ("columns", "witness")

    def __init__(self, columns: tuple[int, ...], witness: tuple[int, int] | None) -> None:
        self.columns = columns
        self.witness = witness


class TracedCursor(Cursor):
    """A cursor that counts and takes the time."""

    def __init__(self, virtual: VirtualTable) -> None:
        super().__init__(virtual)
        self._stats: ScanStats = _NOT_YET
        self._witness: tuple[int, int] | None = None
        self._reads = 0

    def Filter(self, number: int, description: str, args: tuple[Any, ...]) -> None:
        trace = self._statement.trace
        assert trace is not None
        stats, self._witness = trace.scan(self._virtual.plan(number))
        self._stats = stats
        stats.calls += 1
        before, start = stats.seconds, perf_counter()
        try:
            super().Filter(number, description, args)
        finally:
            # Filter steps to the first row by Next, which is in its time.
            stats.seconds = before + perf_counter() - start

    def Next(self) -> None:
        stats = self._stats
        self._reads = 0
        start = perf_counter()
        try:
            super().Next()
        finally:
            stats.seconds += perf_counter() - start
        if self._row is not END:
            stats.rows += 1

    def Column(self, number: int) -> Any:
        if self._witness is not None and number == self._witness[0]:
            self._reads += 1
            if self._reads == self._witness[1] and self._stats.kept is not None:
                self._stats.kept += 1
        start = perf_counter()
        try:
            return super().Column(number)
        finally:
            self._stats.seconds += perf_counter() - start

    def _record(self, plan: Plan, pushed: Any) -> Any:
        self._stats.asked += 1
        return super()._record(plan, pushed)


def filterings(program: list[Instruction]) -> dict[str, Filtering]:
    """For each scan, by its plan's text, what decides whether SQLite keeps a row.

    A scan is a loop from VFilter to the VNext of the same cursor. What drops a row jumps to that VNext; behind the last
    such jump the row is kept, and a column that is read there for certain bears witness of it.
    """
    found: dict[str, Filtering] = {}
    for start, row in enumerate(program):
        if row[1] != "VFilter":
            continue
        cursor = row[2]
        end = next((i for i in range(start, len(program)) if program[i][1] == "VNext" and program[i][2] == cursor), 0)
        if end:
            found[str(row[5])] = _filtering(program[start + 1 : end], cursor, program[end][0])
    return found


def _filtering(body: list[Instruction], cursor: int, end: int) -> Filtering:
    drops = [
        i for i, row in enumerate(body) if row[1] in _TESTS and row[3] == end and not _forgets_doubles(row, body[i:])
    ]
    if not drops:
        return Filtering((), None)
    before, after = body[: drops[-1] + 1], body[drops[-1] + 1 :]
    columns = tuple(dict.fromkeys(row[3] for row in before if row[1] == "VColumn" and row[2] == cursor))
    # Without other jumps among the tests, each of their columns is read once for each time it stands there.
    straight = all(row[1] in _STRAIGHT or (row[1] in _TESTS and row[3] == end) for row in before)
    for row in after:
        if row[1] not in _STRAIGHT:
            break
        if row[1] == "VColumn" and row[2] == cursor:
            earlier = sum(1 for other in before if other[1] == "VColumn" and other[2:4] == row[2:4])
            if straight or not earlier:
                return Filtering(columns, (row[3], earlier + 1))
    return Filtering(columns, None)


def _forgets_doubles(row: Instruction, following: list[Instruction]) -> bool:
    """Whether this jump is DISTINCT's: what is not found in a table goes into it right afterwards."""
    return row[1] == "Found" and any(other[1] == "IdxInsert" and other[2] == row[2] for other in following)


# What drops a row by a jump to the next one; Goto does where an earlier test has come out so.
_TESTS = frozenset("Eq Ne Lt Le Gt Ge If IfNot IsNull NotNull IsTrue Found NotFound Goto".split())
# Instructions of grouping, LIMIT and OFFSET, DISTINCT, compound and window queries.
_GATHERING = frozenset("AggStep AggFinal IfPos IfNotZero DecrJumpZero Found NotFound Yield Gosub".split())
# Instructions that always go on with the next one.
_STRAIGHT = frozenset(
    "VColumn Column Integer Int64 Real String8 String Null Blob Variable Copy SCopy Move Function PureFunc Cast"
    " Affinity RealAffinity Concat Add Subtract Multiply Divide Remainder BitAnd BitOr BitNot ShiftLeft ShiftRight"
    " Not And Or CollSeq MakeRecord Rowid Noop Explain AggStep SorterInsert IdxInsert".split()
)
_EVERY_ROW = Filtering((), None)
_NOT_YET: Any = None
