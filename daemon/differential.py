"""What was added and what removed between two results, rows counted as often as they are there.

A row is compared by its values as the lines show them, so that what looks the same is the same. Kept as JSON lists.
"""

from __future__ import annotations

import json
from collections import Counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def key(columns: Sequence[str], row: Sequence[Any]) -> str:
    """A row as one text: a JSON object, its columns sorted. Bytes become text of \\xHH.

    >>> key(("b", "a"), (1, "x"))
    '{"a":"x","b":1}'
    """
    return _encode({name: plain(value) for name, value in sorted(zip(columns, row))})


def plain(value: Any) -> Any:
    """A value of SQL as JSON has it."""
    if isinstance(value, bytes):
        return "".join(f"\\x{byte:02X}" for byte in value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value


def differences(old: Iterable[str], new: Iterable[str]) -> tuple[list[str], list[str]]:
    """(removed, added), each in its own order, a row as often as it is there more.

    >>> differences(["a", "a", "b"], ["a", "c", "c"])
    (['a', 'b'], ['c', 'c'])
    """
    before = Counter(old)
    added = []
    for row in new:
        if before.get(row):
            before[row] -= 1
        else:
            added.append(row)
    return [row for row, count in before.items() for _ in range(count)], added
