"""One JSON array of objects, one object a line; integers, reals and null are what they are.

A blob is its hex digits as text; infinities and NaN, which JSON lacks, are null. A column name that comes again gets a
number (`name`, `name_2`), so that no value is lost.
"""

from __future__ import annotations

from json.encoder import encode_basestring, encode_basestring_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write the array; a result that fails half-way still ends as valid JSON."""
    keys = key_texts(columns)
    count = 0
    out.write("[")
    try:
        for row in rows:
            out.write("\n  " if count == 0 else ",\n  ")
            out.write(object_text(keys, row))
            count += 1
    finally:
        out.write("\n]\n" if count else "]\n")
    return count


def key_texts(columns: Sequence[str]) -> list[str]:
    """The columns' names as JSON texts, each different."""
    seen: set[str] = set()
    keys = []
    for name in columns:
        key, again = name, 1
        while key in seen:
            again += 1
            key = f"{name}_{again}"
        seen.add(key)
        keys.append(text(key))
    return keys


def object_text(keys: Sequence[str], row: Sequence[Any]) -> str:
    """One row as a JSON object."""
    return "{" + ", ".join([f"{key}: {value_text(value)}" for key, value in zip(keys, row)]) + "}"


def value_text(value: Any) -> str:
    """One value as JSON."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, (bytes, bytearray)):
        return f'"{value.hex()}"'
    if isinstance(value, float) and not abs(value) < float("inf"):
        return "null"
    return repr(value)


def text(value: str) -> str:
    """A JSON string; characters that could drive a terminal or reorder a line are escaped as \\uXXXX."""
    if value.isascii():
        quoted = encode_basestring(value)
        return quoted.replace("\x7f", "\\u007f")
    quoted = encode_basestring(value)
    return quoted if quoted.isprintable() else encode_basestring_ascii(value)
