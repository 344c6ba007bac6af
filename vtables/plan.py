"""Planning: what SQLite offers (`xBestIndex`) becomes a `Plan` that a scan can follow.

Costs are in units of one row of `processes` read from the kernel, and rest on measured row counts, so that SQLite
orders joins well. A plan that lacks a constraint the table needs is allowed, at a price SQLite takes only when there
is no other; the scan then fails with an error that shows how to ask.
"""

from __future__ import annotations

import apsw

from .table import BLOB, TEXT, Column, Table

EQ = apsw.SQLITE_INDEX_CONSTRAINT_EQ
IS = apsw.SQLITE_INDEX_CONSTRAINT_IS
_LIKE = apsw.SQLITE_INDEX_CONSTRAINT_LIKE
_GLOB = apsw.SQLITE_INDEX_CONSTRAINT_GLOB
_LOW = {apsw.SQLITE_INDEX_CONSTRAINT_GT: ">", apsw.SQLITE_INDEX_CONSTRAINT_GE: ">="}
_HIGH = {apsw.SQLITE_INDEX_CONSTRAINT_LT: "<", apsw.SQLITE_INDEX_CONSTRAINT_LE: "<="}
_EQUAL = (EQ, IS)
_NULLNESS = (apsw.SQLITE_INDEX_CONSTRAINT_ISNULL, apsw.SQLITE_INDEX_CONSTRAINT_ISNOTNULL)
_PATTERN = {_LIKE: "LIKE", _GLOB: "GLOB"}

# Whether SQLite may hand over all values of an IN at once. From 3.54.0 on it (or APSW) fails with an error that has no
# message when a subquery gives no values; the values are then looked up one by one, which costs a call for each.
WHOLE_LISTS = apsw.SQLITE_VERSION_NUMBER < 3_054_000

# A plan without a constraint that the table needs.
COST_UNUSABLE = 1e24
# A plan that walks a pattern though a join could name the paths: right, and worse than any other order that works.
COST_AVOID = 1e12
# Looking one key up costs about this much more than one row of a scan.
LOOKUP = 1.5
# A value the table cannot look up: found by hash index, after one full scan.
INDEXED = 2.0
# A scan of all rows that uses an additional column, but has no value of it, costs so many times more: where the sides
# of an OR name values, there has to be a scan for each. Of the OR, SQLite shows only which columns it uses.
UNNAMED = 1000.0
# Of the rows of a table, the share that one value of a column that is no identity is expected to select.
SHARE = 20.0


class Term:
    """One constraint of a plan.

    op      '=', 'IN', 'LIKE', 'GLOB', '>', '>=', '<' or '<='
    pushed  to the table, or else answered by a hash index over its rows
    null    whether NULL can satisfy it: IS, which otherwise is '='
    listed  whether it is an IN of which one value comes after the other
    """

    __slots__ = ("column", "listed", "null", "op", "position", "pushed")

    def __init__(
        self, column: Column, position: int, op: str, pushed: bool, null: bool = False, listed: bool = False
    ) -> None:
        self.column = column
        self.position = position
        self.op = op
        self.pushed = pushed
        self.null = null
        self.listed = listed

    def __repr__(self) -> str:
        op = " IS" if self.null else self.op
        return f"{self.column.name}{'' if self.pushed else '~'}{op}{'*' if self.listed else ''}"


class Plan:
    """The constraints a scan will be given, in the order of its arguments.

    missing  the required columns, where none of them is constrained
    unheard  additional columns that are only constrained in ways that change no rows
    """

    __slots__ = ("columns", "description", "missing", "terms", "unheard")

    def __init__(
        self,
        table: type[Table],
        terms: list[Term],
        columns: set[int],
        missing: tuple[str, ...],
        unheard: tuple[str, ...],
    ) -> None:
        self.terms = terms
        self.columns = columns
        self.missing = missing
        self.unheard = unheard
        self.description = f"{table.name}:{' '.join(map(repr, terms))}"


def best_plan(table: type[Table], rows: float, info: apsw.IndexInfo, avoided: set[str]) -> Plan:
    """Choose among the constraints offered, and tell SQLite what that costs.

    rows     the size of a full scan
    avoided  columns whose equalities are left to SQLite
    """
    terms: list[Term] = []
    usable_keys: set[str] = set()
    unusable_keys = unusable_inputs = False
    indexed: list[int] = []
    compared: list[str] = []
    for i in range(info.nConstraint):
        position = info.get_aConstraint_iColumn(i)
        if not 0 <= position < len(table.columns):
            continue
        column = table.columns[position]
        op = info.get_aConstraint_op(i)
        if not info.get_aConstraint_usable(i):
            unusable_keys = unusable_keys or (column.required and op in _EQUAL)
            unusable_inputs = unusable_inputs or (column.additional and op in _EQUAL)
            continue
        if op in _EQUAL and column.name in avoided:
            continue
        term = _term(info, i, op, column, position)
        if term is None:
            if column.additional and op not in _NULLNESS:
                compared.append(column.name)
            if op in _EQUAL and _can_index(info, i, column):
                indexed.append(i)
            continue
        terms.append(term)
        info.set_aConstraintUsage_argvIndex(i, len(terms))
        if op in _EQUAL or column.required:
            usable_keys.add(column.name)
    keyed = [term for term in terms if term.op in ("=", "IN")]
    if not keyed:
        # A hash index serves a join; with a key at hand the few rows are filtered by SQLite.
        for i in indexed:
            position = info.get_aConstraint_iColumn(i)
            null = info.get_aConstraint_op(i) == IS
            terms.append(Term(table.columns[position], position, "=", False, null))
            info.set_aConstraintUsage_argvIndex(i, len(terms))
    required = table.required()
    missing = required if required and usable_keys.isdisjoint(required) else ()
    named = {term.column.name for term in terms}
    least = COST_UNUSABLE if missing or unusable_inputs else COST_AVOID if unusable_keys else 0.0
    if not terms and any(column.additional for column in _used(table, info.colUsed)):
        least = max(least, UNNAMED * table.row_cost * rows)
    _price(table, rows, info, terms, least)
    unheard = tuple(dict.fromkeys(name for name in compared if name not in named))
    return Plan(table, terms, info.colUsed, missing, unheard)


def _used(table: type[Table], positions: set[int]) -> list[Column]:
    """The columns that a statement uses; from the 64th on SQLite does not tell them apart."""
    return [column for i, column in enumerate(table.columns) if min(i, 63) in positions]


def _term(info: apsw.IndexInfo, i: int, op: int, column: Column, position: int) -> Term | None:
    """The constraint as a term pushed down to the table, or None."""
    if op in _EQUAL and column.key and _collates(info, i, column):
        listed = op == EQ and info.get_aConstraintUsage_in(i)
        if listed and WHOLE_LISTS:
            info.set_aConstraintUsage_in(i, True)
            return Term(column, position, "IN", True)
        if listed and column.type == BLOB:
            # A blob column has no affinity: which one SQLite should compare with cannot be told from the values.
            return None
        return Term(column, position, "=", True, op == IS, listed)
    if op in _PATTERN and column.like:
        return Term(column, position, _PATTERN[op], True)
    if column.range and column.type not in (TEXT, BLOB) and (op in _LOW or op in _HIGH):
        return Term(column, position, _LOW.get(op) or _HIGH[op], True)
    return None


def _collates(info: apsw.IndexInfo, i: int, column: Column) -> bool:
    """Whether the comparison's collation is one that a look-up follows: the column's own, if it is plain or NOCASE."""
    return column.collate in ("", "NOCASE") and info.get_aConstraint_collation(i) == (column.collate or "BINARY")


def _can_index(info: apsw.IndexInfo, i: int, column: Column) -> bool:
    """Whether an equality is worth a hash index: a join's, not a constant's (SQLite checks that while rows stream)."""
    return not info.get_aConstraintUsage_in(i) and _collates(info, i, column) and info.get_aConstraint_rhs(i) is None


def _price(table: type[Table], rows: float, info: apsw.IndexInfo, terms: list[Term], least: float) -> None:
    cost = table.row_cost * rows
    expected = rows
    for term in terms:
        if term.op in ("=", "IN"):
            unique = table.identity == (term.column.name,)
            found = 1.0 if unique else max(1.0, rows / SHARE)
            if term.op == "IN":
                found *= 4
            if term.pushed and not term.column.additional:
                cost = min(cost, LOOKUP * table.row_cost * found)
            elif not term.pushed:
                cost = min(cost, INDEXED + found)
            expected = min(expected, found)
        elif term.op in ("LIKE", "GLOB"):
            cost, expected = cost / 2, expected / 2
        else:
            cost, expected = cost * 0.7, expected * 0.7
    info.estimatedCost = max(least, cost + 1)
    info.estimatedRows = max(1, int(expected))
