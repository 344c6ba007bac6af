"""How a statement was answered, in words: its scans with what each read and cost, what SQLite did besides, warnings.

Made from a traced statement's EXPLAIN QUERY PLAN (https://www.sqlite.org/eqp.html) and the counters of its scans.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..vtables.catalog import Catalog
    from ..vtables.database import Result
    from ..vtables.table import Table
    from ..vtables.trace import ScanStats, Trace

# Scanning a table whole more often than this, and reading this many rows in all, is worth a word.
MANY_CALLS = 1
MANY_ROWS = 1000


class Step:
    """One scan: the table as the statement calls it, how it was scanned, how often, rows read and kept, milliseconds.

    kept is None where it is not known; read is None for tables of SQLite's own, which are not counted.
    """

    __slots__ = ("calls", "how", "kept", "ms", "name", "read")

    def __init__(self, name: str, how: str, calls: int = 1, read: int | None = None) -> None:
        self.name = name
        self.how = how
        self.calls = calls
        self.read = read
        self.kept: int | None = None
        self.ms: float | None = None

    @property
    def counts(self) -> str:
        """The rows in words: '3,081 read, 4 kept', '18 rows'."""
        if self.read is None or not self.calls:
            return ""
        if self.kept is None or self.kept == self.read:
            return _count(self.read, "row")
        return f"{self.read:,} read, {self.kept:,} kept"


class Explanation:
    """Steps in the order SQLite takes them, remarks on what it did besides, and warnings with what could be done."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.remarks: list[str] = []
        self.warnings: list[str] = []

    def lines(self, width: int = 0) -> list[str]:
        """The layout for a person: numbered steps in columns, then the rest; 0 is no bound on the width.

        Where a step would not fit into a line, how it was done stands below it.
        """
        cells = [
            (str(i), step.name, step.how, step.counts, "" if step.ms is None else _milliseconds(step.ms))
            for i, step in enumerate(self.steps, 1)
        ]
        w = [max((len(row[i]) for row in cells), default=0) for i in range(5)]
        below = bool(width) and sum(w) + 2 * 4 > width
        lines = []
        for n, name, how, counts, ms in cells:
            between = "" if below else f"  {how:<{w[2]}}"
            lines.append(f"{n:>{w[0]}}  {name:<{w[1]}}{between}  {counts:>{w[3]}}  {ms:>{w[4]}}".rstrip())
            if below:
                lines.append(" " * (w[0] + 4) + how)
        lines += [f"{' ' * (w[0] + 2)}{remark}" for remark in self.remarks]
        return lines + [f"warning: {warning}" for warning in self.warnings]


def explain(result: Result, count: int, catalog: Catalog) -> Explanation:
    """Explain a traced result that was read to its end and gave `count` rows."""
    trace = result.statement.trace
    told = Explanation()
    if trace is None:
        return told
    labels: dict[int, str] = {}
    seen: set[str] = set()
    for node, parent, _, detail in trace.plan:
        within = labels[node] = labels.get(parent, "")
        found = _VIRTUAL.match(detail)
        if found is not None:
            seen.add(found["plan"])
            _scan(told, trace.scans.get(found["plan"]), found["name"], found["plan"], within, catalog)
        elif detail.startswith(("SCAN ", "SEARCH ")):
            told.steps.append(_own(detail, within))
        else:
            remark, label = _remark(detail)
            labels[node] = label or within
            if remark and remark not in told.remarks:
                told.remarks.append(f"{within}: {remark}" if within else remark)
    for plan, stats in trace.scans.items():
        if plan not in seen:
            _scan(told, stats, stats.table, plan, "", catalog)
    _count_last(told, trace, count)
    return told


# SCAN p EXISTS VIRTUAL TABLE INDEX 3:processes:pid= #2 LEFT-JOIN
_VIRTUAL = re.compile(r"(?:SCAN|SEARCH) (?P<name>.+?)(?: EXISTS)? VIRTUAL TABLE INDEX \d+:(?P<plan>.*? #\d+)")


def _scan(told: Explanation, stats: ScanStats | None, name: str, plan: str, within: str, catalog: Catalog) -> None:
    table = plan.partition(":")[0]
    shown = table if name == table else f"{table} {name}"
    if stats is None:
        told.steps.append(Step(shown, _within("not needed", within), 0, 0))
        return
    declared = catalog.load(table)
    step = Step(shown, _within(_how(stats, declared), within), stats.calls, stats.rows)
    step.kept = stats.kept if stats.filtered else stats.rows
    step.ms = stats.seconds * 1000
    told.steps.append(step)
    told.warnings += _warnings(stats, declared, shown)


def _how(stats: ScanStats, table: type[Table]) -> str:
    """How a table of the host was scanned, in words."""
    terms = stats.plan.terms
    equal = [term.column.name + (" (a list)" if term.op == "IN" else "") for term in terms if term.op in ("=", "IN")]
    narrowed = [
        f"{term.column.name} {term.op}" if term.op in ("LIKE", "GLOB") else term.column.name
        for term in terms
        if term.op not in ("=", "IN")
    ]
    parts = []
    if equal:
        by_index = not any(term.pushed for term in terms if term.op in ("=", "IN"))
        place = " in a hash index" if by_index else " in rows read before" if stats.rows and not stats.asked else ""
        parts.append(f"looked up by {_and(equal)}{place}")
    if narrowed:
        parts.append(f"narrowed by {_and(list(dict.fromkeys(narrowed)))}")
    if not parts:
        parts.append("full scan")
    if stats.calls != 1:
        parts.append(f"{stats.calls:,} times")
    if not terms and stats.asked < min(stats.calls, 2):
        parts.append("from memory" + (" after the first" if stats.asked else ""))
    filtered = _filtered(stats, table)
    if filtered:
        parts.append(f"{_and(filtered)} filtered after reading")
    return ", ".join(parts)


def _filtered(stats: ScanStats, table: type[Table]) -> list[str]:
    """Names of the columns that SQLite alone filters by: those of no constraint that was passed on."""
    passed = {term.column.name for term in stats.plan.terms}
    names = [table.columns[i].name for i in stats.filtered if 0 <= i < len(table.columns)]
    return [name for name in names if name not in passed]


def _warnings(stats: ScanStats, table: type[Table], shown: str) -> list[str]:
    """What makes this scan dear, and what would help."""
    found = []
    keys = [column.name for column in table.columns if column.key and not column.additional]
    if not stats.plan.terms and stats.calls > MANY_CALLS and stats.rows >= MANY_ROWS:
        advice = (
            f"join it on {' or '.join(keys)} to look rows up" if keys else "select from it once, in a CTE, if you can"
        )
        found.append(f"{shown} is scanned whole {stats.calls:,} times ({stats.rows:,} rows); {advice}")
    for name in _filtered(stats, table):
        column = table.column(name)
        wasted = stats.rows >= MANY_ROWS and (stats.kept is None or stats.kept * 10 < stats.rows)
        if wasted and (column.key or column.like or column.range):
            ways = _and([way for way, can in (("=", column.key), ("LIKE", column.like), ("<, >", column.range)) if can])
            found.append(
                f"{shown} could narrow by {name} ({ways}), but not by this condition (an OR, an expression, another "
                f"operator): {stats.rows:,} rows were read"
            )
    required = [term.column.name for term in stats.plan.terms if term.column.required]
    if required and stats.calls > MANY_CALLS and stats.asked > MANY_CALLS:
        found.append(
            f"{shown} gets its {_and(required)} from the table before it, and is asked once for each row of that"
        )
    return found


def _own(detail: str, within: str) -> Step:
    """A step over a table that is SQLite's own: a CTE, a subquery, an attached or temporary table."""
    match = _OWN.match(detail)
    if match is None:
        return Step("", _within(detail.lower(), within))
    verb, name, using, condition = match["verb"], match["name"], match["using"] or "", match["condition"] or ""
    if name == "CONSTANT ROW" or name.endswith("VALUES CLAUSE"):
        return Step("(values)", _within("rows written in the statement", within))
    by = f" ({condition})" if condition else ""
    if "AUTOMATIC" in using:
        how = f"looked up in an index that SQLite made for this statement{by}"
    elif verb == "SEARCH":
        how = f"looked up by its {'primary key' if 'PRIMARY KEY' in using else 'index'}{by}"
    else:
        how = "all its rows"
    return Step(_plain(name), _within(how, within))


_OWN = re.compile(
    r"(?P<verb>SCAN|SEARCH) (?P<name>CONSTANT ROW|\d+ CONSTANT ROWS?|\d+-ROW VALUES CLAUSE|.+?)(?: EXISTS)?"
    r"(?: USING (?P<using>[^(]*?)(?: \((?P<condition>.*?)\))?)?(?: LEFT-JOIN)?$"
)


def _remark(detail: str) -> tuple[str, str]:
    """What SQLite does besides scanning, in words ('' for nothing worth saying), and the name for what is inside."""
    for pattern, words, label in _REMARKS:
        match = pattern.fullmatch(detail)
        if match is not None:
            return _plain(match.expand(words)), _plain(match.expand(label))
    return detail.lower(), ""


def _plain(text: str) -> str:
    """SQLite's '(subquery-2)' as a word."""
    return re.sub(r"\(subquery-(\d+)\)", r"subquery \1", text)


_REMARKS = [
    (re.compile(pattern), words, label)
    for pattern, words, label in (
        (
            r"USE TEMP B-TREE FOR (?:LAST TERM OF |LAST \d+ TERMS OF |RIGHT PART OF )?ORDER BY",
            "sorted in memory (ORDER BY)",
            "",
        ),
        (r"USE TEMP B-TREE FOR GROUP BY", "sorted in memory to form groups (GROUP BY)", ""),
        (r"USE TEMP B-TREE FOR DISTINCT", "rows remembered in memory to leave doubles out (DISTINCT)", ""),
        (r"USE TEMP B-TREE FOR (\w+\(DISTINCT\))", r"values remembered in memory for \1", ""),
        (r"MATERIALIZE (.+)", r"\1 is computed once and kept in memory", r"\1"),
        (r"CO-ROUTINE (.+)", r"\1 is computed row by row as it is needed", r"\1"),
        (r"CORRELATED (?:SCALAR|LIST) SUBQUERY (\d+)", r"subquery \1 runs for each row", r"subquery \1"),
        (r"(?:SCALAR|LIST) SUBQUERY (\d+)", r"subquery \1 runs once", r"subquery \1"),
        (r"REUSE (?:LIST|SCALAR)? ?SUBQUERY (\d+)", "", ""),
        (r"MULTI-INDEX OR", "OR: each alternative is looked up by itself", ""),
        (r"INDEX \d+", "", ""),
        (r"BLOOM FILTER ON (\S+).*", r"a Bloom filter skips look-ups in \1 that cannot match", ""),
        (r"CREATE BLOOM FILTER", "", ""),
        (r"SETUP", "", ""),
        (r"RECURSIVE STEP", "a recursive step runs until it gives no new rows", ""),
        (r"COMPOUND QUERY|LEFT-MOST SUBQUERY|LEFT|RIGHT", "", ""),
        (r"MERGE \((.+)\)", r"\1 of two sorted results", ""),
        (r"UNION ALL", "UNION ALL: one result after the other", ""),
        (r"(UNION|EXCEPT|INTERSECT) USING TEMP B-TREE", r"\1: rows remembered in memory", ""),
    )
]


def _count_last(told: Explanation, trace: Trace, count: int) -> None:
    """Each row that the last scan kept is a row of the result, where nothing is gathered, sub-queried or outer."""
    last = told.steps[-1] if told.steps else None
    simple = all(parent == 0 and "LEFT-JOIN" not in detail for _, parent, _, detail in trace.plan)
    if last is not None and last.read is not None and last.kept is None and trace.whole and simple:
        last.kept = count


def _within(how: str, within: str) -> str:
    return f"for {within}: {how}" if within else how


def _and(words: list[str]) -> str:
    return " and ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " and " + words[-1]


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _milliseconds(value: float) -> str:
    return f"{value:,.1f} ms" if value < 10 else f"{value:,.0f} ms"
