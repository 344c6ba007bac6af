r"""Text of SQLite, which keeps any bytes as such: read as bytes, those that are not UTF-8 shown as `\xNN`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any


def as_bytes(columns: Iterable[str]) -> str:
    """The select list that gives each column with text as bytes, and after it whether it is text.

    >>> as_bytes(["a"])
    "CASE typeof(a) WHEN 'text' THEN CAST(a AS BLOB) ELSE a END, typeof(a) = 'text'"
    """
    return ", ".join(
        f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END, typeof({name}) = 'text'"
        for name in columns
    )


def rows_as_bytes(select: str, width: int) -> str:
    """A statement that gives the rows of one that selects, as `as_bytes` says.

    >>> rows_as_bytes("SELECT 1", 1).startswith("WITH hostql_rows(c0) AS (SELECT 1")
    True
    """
    from ..script import QUOTES, bare

    names = [f"c{i}" for i in range(width)]
    end = len(bare(select, keep=QUOTES).rstrip(" \t\r\n\f;"))
    return f"WITH hostql_rows({', '.join(names)}) AS ({select[:end]}\n) SELECT {as_bytes(names)} FROM hostql_rows"


def decoder(encoding: str = "UTF-8") -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    r"""What gives the values of a row as `as_bytes` has them; `encoding` is SQLite's name of the database's.

    >>> decoder()((b"caf\xe9", 1, b"\xe9", 0))
    ('caf\\xe9', b'\xe9')
    """
    codec = encoding.lower().replace("utf-16le", "utf-16-le").replace("utf-16be", "utf-16-be")

    def decode(row: Sequence[Any]) -> tuple[Any, ...]:
        cells: Iterator[tuple[Any, Any]] = zip(row[::2], row[1::2])
        return tuple([cell.decode(codec, "backslashreplace") if text else cell for cell, text in cells])

    return decode
