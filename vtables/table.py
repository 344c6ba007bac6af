"""How a table is declared: `Table` and `Column`.

One file is one table; the file's name is the table's. Everything else (the SQL declaration, help, completion,
documentation, contract tests) is derived from the declaration.
"""

from __future__ import annotations

from operator import attrgetter, itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ClassVar

    from .scan import Scan

TEXT = "TEXT"
INTEGER = "INTEGER"
BIGINT = "BIGINT"
UNSIGNED_BIGINT = "UNSIGNED_BIGINT"
DOUBLE = "DOUBLE"
BLOB = "BLOB"


class Column:
    """One column: its SQL type, one line of documentation with the unit, and what a constraint on it can do.

    key         `=` and `IN` look rows up instead of scanning: the scan offers the values by `scan.equals(name)`.
    required    a key without which the table cannot answer; one of a table's required columns is enough.
    additional  `=` and `IN` change which rows exist at all (a different directory, another namespace).
    like        LIKE and GLOB patterns are offered by `scan.patterns(name)`.
    range       `<`, `<=`, `>`, `>=` are offered by `scan.range(name)`.
    hidden      left out of `SELECT *`.
    collate     'NOCASE' or 'VERSION' where equality ignores case or order follows versions.
    value       reads the value from a row; by default the attribute of the column's name, or the tuple's item.

    Offering is a hint: a table may ignore it, since SQLite checks every row again.
    """

    __slots__ = ("additional", "collate", "doc", "hidden", "key", "like", "name", "range", "required", "type", "value")

    def __init__(
        self,
        type: str,
        doc: str,
        *,
        key: bool = False,
        required: bool = False,
        additional: bool = False,
        like: bool = False,
        range: bool = False,
        hidden: bool = False,
        collate: str = "",
        value: Callable[[Any], Any] | None = None,
    ) -> None:
        self.name = ""
        self.type = type
        self.doc = doc
        self.key = key or required or additional
        self.required = required
        self.additional = additional
        self.like = like
        self.range = range
        self.hidden = hidden
        self.collate = collate
        self.value = value

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Column({self.name} {self.type})"


class Table:
    """A table of the host: declare columns as class attributes, give `rows`.

    rows() yields tuples in the order of the columns, or objects that have an attribute for each column. An object's
    attributes are read late, one at a time, when SQLite asks for that value; an OSError raised there becomes NULL (with
    a note when access was denied), so a property may simply read the kernel file.

    identity      the columns that tell one row from every other; needed where rows are objects.
    examples      statements that work on any host; documentation shows them and tests run them.
    typical_rows  rows expected of a full scan until one was measured.
    row_cost      how dear one row is, in units of a row of `processes`.
    in_file       its rows lie in a database file, which `Database.provider` attaches when a statement first names it.
    """

    # A string; typed Any because many tables declare a column of that name.
    name: ClassVar[Any] = ""
    subject: ClassVar[str] = ""
    columns: ClassVar[tuple[Column, ...]] = ()
    identity: ClassVar[tuple[str, ...]] = ()
    examples: ClassVar[list[str]] = []
    typical_rows: ClassVar[int] = 100
    row_cost: ClassVar[float] = 1.0
    in_file: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        found: dict[str, Column] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Column):
                    found.pop(name, None)
                    found[name] = value
        cls.columns = tuple(found.values())

    def rows(self, scan: Scan) -> Iterable[Any]:
        """The rows that satisfy the scan, or more; SQLite filters again what this does not."""
        raise NotImplementedError

    @classmethod
    def column(cls, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in cls.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """Names of the columns one of which a query must constrain; empty where none is needed."""
        return tuple(column.name for column in cls.columns if column.required)

    @classmethod
    def declaration(cls) -> str:
        """The CREATE TABLE statement SQLite is told."""
        return f"CREATE TABLE {quote(cls.name)} ({', '.join(_declare(column) for column in cls.columns)})"

    @classmethod
    def getters(cls, of_tuples: bool) -> list[Callable[[Any], Any]]:
        """One function a column that reads its value from a row."""
        return [_getter(column, i, of_tuples) for i, column in enumerate(cls.columns)]


def quote(name: str) -> str:
    """The name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _declare(column: Column) -> str:
    words = [quote(column.name), "BIGINT" if column.type == UNSIGNED_BIGINT else column.type]
    if column.collate:
        words.append(f"COLLATE {column.collate}")
    if column.hidden:
        words.append("HIDDEN")
    return " ".join(words)


def _getter(column: Column, position: int, of_tuples: bool) -> Callable[[Any], Any]:
    read = column.value or (itemgetter(position) if of_tuples else attrgetter(column.name))
    if column.type != UNSIGNED_BIGINT:
        return read
    return lambda row: signed64(read(row))


def signed64(value: int | None) -> int | None:
    """An unsigned 64-bit number as SQLite can hold it: above 2^63 it wraps to the negative, as a C cast does.

    >>> signed64(2**64 - 1), signed64(2**64)
    (-1, 18446744073709551616)
    """
    if value is None or not 1 << 63 <= value < 1 << 64:
        return value
    return value - (1 << 64)
