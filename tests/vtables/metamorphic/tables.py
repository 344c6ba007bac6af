"""Tables with frozen rows that do exactly what a scan allows them: no row more than the constraints want, no column
that the statement does not use. What the engine pushes down wrongly is then missing from an answer."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

import apsw
from hostql.vtables.affinity import lower
from hostql.vtables.scan import Scan
from hostql.vtables.table import BIGINT, BLOB, DOUBLE, INTEGER, TEXT, UNSIGNED_BIGINT, Column, Table

# What stands in a column that no part of the statement uses.
POISON = "a value that nobody asked for"
LEAST, GREATEST = -(1 << 63), (1 << 63) - 1
INFINITY = float("inf")

_sqlite = apsw.Connection(":memory:")


@lru_cache(maxsize=10_000)
def matches(operator: str, pattern: str, value: Any) -> bool:
    """Whether SQLite finds that a value matches a pattern."""
    ((found,),) = _sqlite.execute(f"SELECT ? {operator} ?", (value, pattern))
    return bool(found)


class Obedient(Table):
    """Gives the rows of `data` that satisfy the scan, and of them the columns that it wants."""

    frozen: ClassVar[list[tuple[Any, ...]]] = []

    def rows(self, scan: Scan) -> Iterator[Any]:
        for row in self.frozen:
            if self.allowed(scan, row):
                yield tuple(
                    value if column.name in scan.columns or column.name in self.identity else POISON
                    for column, value in zip(self.columns, row)
                )

    @classmethod
    def allowed(cls, scan: Scan, row: tuple[Any, ...]) -> bool:
        """Whether a row satisfies all constraints that were pushed down."""
        return all(
            _equal(scan, column, value)
            and all(matches(operator, pattern, value) for operator, pattern in scan.patterns(column.name))
            and _within(*scan.range(column.name), value)
            for column, value in zip(cls.columns, row)
        )


def _equal(scan: Scan, column: Column, value: Any) -> bool:
    values = scan.equals(column.name)
    if values is None:
        return True
    return (lower(value) if column.collate == "NOCASE" and isinstance(value, str) else value) in values


def _within(low: float | None, high: float | None, value: Any) -> bool:
    if value is None:
        return low is None and high is None
    return (low is None or value >= low) and (high is None or value <= high)


class Things(Obedient):
    """Every kind of column and value."""

    id = Column(INTEGER, "Number of the thing", key=True)
    name = Column(TEXT, "Key that ignores case", key=True, collate="NOCASE")
    label = Column(TEXT, "Pattern", like=True)
    code = Column(TEXT, "Key that looks like a number", key=True)
    size = Column(BIGINT, "Key and range", key=True, range=True)
    ratio = Column(DOUBLE, "Key and range", key=True, range=True)
    data = Column(BLOB, "Key of bytes or text", key=True)
    plain = Column(INTEGER, "No key")
    word = Column(TEXT, "No key, ignores case", collate="NOCASE")

    identity = ("id",)
    typical_rows = 12
    examples = ["SELECT id FROM things;"]
    frozen: ClassVar[list[tuple[Any, ...]]] = [
        (1, "ann", "a%b", "1", 1, 1.0, b"1", 1, "One"),
        (2, "Ann", "a_b", "01", 2, 2.5, "1", 2, "one"),
        (3, "BOB", "A%B", "1.0", -1, -0.0, b"", 1, "two"),
        (4, "bob", None, " 1", None, None, None, None, None),
        (5, "", "", "", 0, 0.1, "", 0, ""),
        (6, "é", "É", "1e0", 1 << 53, 1e20, b"\x00\x01", 3, "Three"),
        (7, "É", "\\a", "abc", (1 << 53) + 1, INFINITY, "abc", 2, "three"),
        (8, None, "axb", "0x1", GREATEST, -INFINITY, b"abc", None, "ONE"),
        (9, "zoë", "ab", "9007199254740993", LEAST, 9007199254740992.0, "ABC", 7, "x "),
        (10, "ann ", "a%", "-0", 10, 1e-7, b"ABC", -3, "x"),
        (-4, "10", "%", "10", 100, 100.0, "10", 10, "10"),
        (11, "1e1", "_", None, 3, 0.30000000000000004, b"10", 10, None),
    ]


class Late:
    """A row whose values are read when they are asked for, or cannot be."""

    def __init__(self, id: int, team: Any, text: Any) -> None:
        self.id = id
        self._team = team
        self._text = text

    @property
    def team(self) -> Any:
        return _or_raise(self._team)

    @property
    def text(self) -> Any:
        return _or_raise(self._text)

    @property
    def large(self) -> int:
        # Past 2^64 there is no reading; up to it the number wraps.
        return self.id << 62


def _or_raise(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


class Delayed(Table):
    """Objects, some of whose values fail."""

    id = Column(INTEGER, "Number", key=True)
    team = Column(INTEGER, "A few each")
    text = Column(TEXT, "Text, where it can be read")
    large = Column(UNSIGNED_BIGINT, "Grows past 64 bits")

    identity = ("id",)
    typical_rows = 9
    examples = ["SELECT id FROM delayed;"]
    kept: ClassVar[list[Late]] = [
        Late(0, 1, "a"),
        Late(1, 2, PermissionError(errno.EACCES, "no")),
        Late(2, OSError(errno.EIO, "bad"), "b"),
        Late(3, 1, "A"),
        Late(4, ValueError("malformed"), FileNotFoundError(errno.ENOENT, "gone")),
        Late(5, None, None),
        Late(6, 1 << 63, "a"),
        Late(7, 3, "\udc80"),
        Late(8, 2, ["no", "value"]),
    ]
    # What each of them is: NULL where there is nothing to be had.
    frozen: ClassVar[list[tuple[Any, ...]]] = [
        (0, 1, "a", 0),
        (1, 2, None, 1 << 62),
        (2, None, "b", -(1 << 63)),
        (3, 1, "A", -(1 << 62)),
        (4, None, None, None),
        (5, None, None, None),
        (6, None, "a", None),
        (7, 3, "\\x80", None),
        (8, 2, None, None),
    ]

    def rows(self, scan: Scan) -> Iterator[Late]:
        ids = scan.equals("id")
        for row in self.kept:
            if ids is None or row.id in ids:
                yield row


class Places(Obedient):
    """Rows that can only be had by naming the place, or a pattern of places."""

    place = Column(TEXT, "Where", required=True, like=True)
    nick = Column(TEXT, "Where, by another name that ignores case", required=True, collate="NOCASE")
    item = Column(INTEGER, "What is there")
    note = Column(TEXT, "Something about it")

    typical_rows = 10
    examples = ["SELECT item FROM places WHERE place = '/a';"]
    frozen: ClassVar[list[tuple[Any, ...]]] = [
        ("/a", "A", 1, "x"),
        ("/a", "A", 2, None),
        ("/a", "A", 2, None),
        ("/b", "b", 3, "X"),
        ("/b", "B", None, "y"),
        ("5", "Five", 5, ""),
        ("1.0e+20", "Big", 20, "5"),
        ("/é", "É", 7, "x"),
    ]

    def rows(self, scan: Scan) -> Iterator[Any]:
        if scan.equals("place") is None and scan.equals("nick") is None and not scan.patterns("place"):
            return
        yield from super().rows(scan)


class Modes(Obedient):
    """Rows of mode 0, unless other modes are named."""

    item = Column(INTEGER, "What it is", key=True)
    mode = Column(INTEGER, "Which rows there are", additional=True)
    text = Column(TEXT, "Something about it")

    typical_rows = 6
    examples = ["SELECT item FROM modes WHERE mode = 1;"]
    frozen: ClassVar[list[tuple[Any, ...]]] = [
        (1, 0, "a"),
        (2, 0, "b"),
        (1, 1, "c"),
        (3, 1, None),
        (2, 2, "a"),
        (2, 2, "a"),
    ]

    @classmethod
    def allowed(cls, scan: Scan, row: tuple[Any, ...]) -> bool:
        return super().allowed(scan, row) and (scan.equals("mode") is not None or row[1] == 0)


def _wide() -> type[Obedient]:
    columns = {f"c{i}": Column(INTEGER, f"Column {i}", key=i in (0, 68)) for i in range(70)}
    rows = [tuple((row * 7 + i) % 5 if i != 65 else None for i in range(70)) for row in range(8)]
    return type("Wide", (Obedient,), {**columns, "frozen": rows, "typical_rows": 8, "__doc__": "Seventy columns."})


Wide = _wide()
TABLES: dict[str, type[Any]] = {
    "things": Things,
    "delayed": Delayed,
    "places": Places,
    "modes": Modes,
    "wide": Wide,
}
