"""Functions on text: split, regex_split, regex_match, concat, concat_ws. NULL in, NULL out, unless said otherwise."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from ..errors import QueryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def split(value: Any, separators: Any, index: Any) -> str | None:
    """The part at `index` of the text cut at any of the separator characters; empty parts do not count."""
    if value is None or separators is None or index is None:
        return None
    marks = as_text(separators)
    if not marks:
        raise QueryError("split needs at least one separator character")
    parts = [part for part in re.split(f"[{re.escape(marks)}]", as_text(value)) if part]
    return _at(parts, index)


def regex_split(value: Any, pattern: Any, index: Any) -> str | None:
    """The part at `index` of the text cut where the regular expression matches; an empty part at the end is dropped."""
    if value is None or pattern is None or index is None:
        return None
    expression = as_text(pattern)
    if not expression:
        raise QueryError("regex_split needs a regular expression")
    parts, last = [], 0
    text = as_text(value)
    for match in _compiled(expression).finditer(text):
        parts.append(text[last : match.start()])
        last = match.end()
    if last < len(text) or not parts:
        parts.append(text[last:])
    return _at(parts, index)


def regex_match(value: Any, pattern: Any, group: Any) -> str | None:
    """The group (0: all) of the first match; NULL where nothing matches, '' for a group that took no part."""
    if value is None or pattern is None or group is None:
        return None
    match = _compiled(as_text(pattern)).search(as_text(value))
    return None if match is None else _at([match.group(), *[part or "" for part in match.groups()]], group)


def concat(*values: Any) -> str | None:
    """All values as one text; a NULL adds nothing. NULL without any value."""
    return "".join([as_text(value) for value in values if value is not None]) if values else None


def concat_ws(*values: Any) -> str | None:
    """The values after the first with the first between them; NULLs are left out."""
    if not values:
        raise QueryError("concat_ws needs a separator")
    if len(values) == 1:
        return None
    separator = "" if values[0] is None else as_text(values[0])
    return separator.join([as_text(value) for value in values[1:] if value is not None])


def as_text(value: Any) -> str:
    """A value as SQLite casts it to text."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "backslashreplace")
    return str(value)


def _at(parts: list[str], index: Any) -> str | None:
    place = _integer(index)
    return parts[place] if 0 <= place < len(parts) else None


def _integer(value: Any) -> int:
    """A value as SQLite casts it to an integer: text by its leading digits, 0 where there are none; what is too large
    is the largest there is.

    >>> _integer(" 12 apples"), _integer(-2.5), _integer("9" * 5000) == _integer(float("inf")) == (1 << 63) - 1
    (12, -2, True)
    """
    if not isinstance(value, (int, float)):
        match = re.match(r"\s*[+-]?[0-9]+", as_text(value))
        # Of so many digits a float is exact enough: no more of them count.
        value = int(match.group()) if match and len(match.group()) < 100 else float(match.group() if match else 0)
    return int(min(max(value, -(1 << 63)), (1 << 63) - 1))


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(pattern)
    except re.error as error:
        raise QueryError(f"not a regular expression: {pattern!r}: {error}") from error
