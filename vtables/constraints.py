"""Constraints with their values: what a scan is told to look up, and what is left to a hash index or to SQLite."""

from __future__ import annotations

from .affinity import AffinityUnknown, comparable
from .errors import QueryError
from .table import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .plan import Plan, Term
    from .statement import Statement
    from .table import Column

    # The values that each constraint allows, as the column holds them.
    Values = dict[Term, Any]
    # SQLite's text of a number.
    TextOf = Callable[[Any], str]

# What no row has: the value of an equality that no value of the column's type satisfies.
_NO_VALUE = object()


class OtherAffinity(QueryError):
    """A column is compared with a value of another type: the statement is planned anew, without such comparisons.

    SQLite then compares by itself. Where it takes the values of `IN (SELECT ...)` one after the other to look each up
    in a virtual table, it forgets that query's affinity; of `(a, b) IN (SELECT ...)` it does not even say so.
    """

    def __init__(self, table: str, column: str) -> None:
        super().__init__(
            f"{column} of {table} cannot be looked up among values of another type",
            f"Write +{column} in place of {column}, or CAST what it is compared with.",
        )
        self.table = table
        self.column = column


def values(
    plan: Plan, args: tuple[Any, ...], table: str, statement: Statement, text_of: TextOf
) -> tuple[Values | None, Values]:
    """The constraints pushed to the table and those for a hash index; None where nothing can satisfy them."""
    pushed: Values = {}
    indexed: Values = {}
    for term, arg in zip(plan.terms, args):
        if arg is None:
            # NULL, or an IN whose subquery gave nothing. Of IS it finds rows, though none of a required column.
            if not term.null or term.column.required:
                return None, indexed
        elif term.op in ("LIKE", "GLOB"):
            # SQLite reads a pattern to its first NUL.
            pushed[term] = _text(arg, text_of).partition("\0")[0]
        elif term.op not in ("=", "IN"):
            pushed[term] = arg
        else:
            allowed = _comparables(term, arg, table, statement, text_of)
            if allowed is None:
                continue
            if not term.pushed:
                indexed[term] = next(iter(allowed), _NO_VALUE)
            elif allowed:
                pushed[term] = allowed
            else:
                return None, indexed
    return pushed, indexed


def _comparables(term: Term, arg: Any, table: str, statement: Statement, text_of: TextOf) -> frozenset[Any] | None:
    """The values an equality allows, as the column holds them; None where only SQLite can tell."""
    given = arg if term.op == "IN" else (arg,)
    column = term.column
    try:
        found = [comparable(column, value) for value in given]
    except AffinityUnknown:
        if column.required or column.additional:
            found = [_only_reading(column, value, text_of) for value in given]
        elif not statement.begun or (term.listed and isinstance(arg, (int, float))):
            raise OtherAffinity(table, column.name) from None
        else:
            return None
    return frozenset([value for value in found if value is not None])


def _only_reading(column: Column, value: Any, text_of: TextOf) -> Any:
    """What to look up where something must be: of a text column the text of a number, of others the number."""
    try:
        return comparable(column, value)
    except AffinityUnknown:
        if isinstance(value, (bytes, bytearray)):
            return None
        return comparable(column, text_of(value)) if column.type == TEXT else float(value)


def _text(value: Any, text_of: TextOf) -> str:
    """The text that SQLite makes of a value."""
    if isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else text_of(value)


def by_kind(pushed: Values) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The constraints as a Scan holds them, by column: equalities, patterns, ranges."""
    equals: dict[str, frozenset[Any]] = {}
    patterns: dict[str, list[tuple[str, str]]] = {}
    ranges: dict[str, tuple[float | None, float | None]] = {}
    for term, value in pushed.items():
        name = term.column.name
        if term.op in ("=", "IN"):
            equals[name] = equals[name] & value if name in equals else value
        elif term.op in ("LIKE", "GLOB"):
            patterns.setdefault(name, []).append((term.op, value))
        elif isinstance(value, (int, float)):
            low, high = ranges.get(name, (None, None))
            if term.op in (">", ">="):
                low = value if low is None else max(low, value)
            else:
                high = value if high is None else min(high, value)
            ranges[name] = (low, high)
    return equals, patterns, ranges
