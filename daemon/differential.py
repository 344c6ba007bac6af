"""What was added and what removed between two results, rows counted as often as they are there.

Rows are compared and kept as JSON objects of their values: text, numbers and NULL each by its type, bytes as the text
that shows them.
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
    """A row as one text: a JSON object, its columns sorted; of columns of one name the last, as osquery has it.

    >>> key(("b", "a"), (1, "x")), key(("gid", "gid"), (5, 3))
    ('{"a":"x","b":1}', '{"gid":3}')
    """
    values = dict(zip(columns, row))
    return _encode({name: plain(values[name]) for name in sorted(values)})


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
