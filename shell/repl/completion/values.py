"""The values a column can have, where they are few: as its documentation lists them.

enumerated(INTEGER, "1 for an entry set by hand, else 0")          ->  1, 0
enumerated(TEXT, "enabled, disabled, static, masked or alias")     ->  those five
enumerated(INTEGER, "Address family: 2 IPv4, 10 IPv6, 1 unix")     ->  2 (IPv4), 10 (IPv6), 1 (unix)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ....vtables.sources.sock_diag import STATES

# Facts that a column's one line has no room for, by how that line begins.
_STATES = tuple((state, "") for state in STATES if state)
_KNOWN = {
    "State of the connection": _STATES,
    "State of a TCP connection": _STATES,
    "Login shell": tuple(
        (path, "") for path in ("/bin/bash", "/bin/sh", "/usr/sbin/nologin", "/bin/false", "/bin/zsh")
    ),
}
_FLAG = re.compile(r"1 (?:if|for|where) ([^,;]+)(?:, else 0|, 0 (?:if|for) ([^,;]+)|$)")
_NUMBERED = re.compile(r"(-?\d+):? (?!and )([A-Za-z][^,;]*)")
_LETTERED = re.compile(r"([A-Z]{1,2}) ([a-z][^,;]*)")
_NAMES = re.compile(r"[a-z0-9][a-z0-9_-]*|[A-Z][a-z]+|[A-Z][A-Z0-9_]+")


@lru_cache(maxsize=4096)
def enumerated(type: str, doc: str) -> tuple[tuple[Any, str], ...]:
    """(value, what it means) of each, in the order of the documentation; () where it lists none."""
    for beginning, known in _KNOWN.items():
        if doc.startswith(beginning):
            return known
    numeric = type != "TEXT"
    flag = _FLAG.match(doc)
    if flag and len(doc) < 140:
        one, zero = (1, 0) if numeric else ("1", "0")
        return (one, flag[1]), (zero, flag[2] or "otherwise")
    listed = doc.partition(": ")[2] or doc
    if numeric:
        found = _NUMBERED.findall(listed)
        return tuple((int(number), meaning) for number, meaning in found) if ":" in doc and len(found) > 1 else ()
    lettered = [pair for part in listed.split(", ") if (pair := _LETTERED.fullmatch(part)) is not None]
    if len(lettered) > 1 and len(lettered) == len(listed.split(", ")):
        return tuple((pair[1], pair[2]) for pair in lettered)
    return tuple((name, "") for name in _list(listed.partition(";")[0]))


def _list(text: str) -> list[str]:
    """The items of 'a, b (which ...) or c', if each is one word; [] for a sentence."""
    text = re.sub(r" \([^)]*\)", "", text)
    parts = [part for piece in text.split(", ") for part in piece.split(" or ")]
    if parts and parts[-1] == "and the like":
        parts.pop()
    parts = [part.removesuffix(" and the like") for part in parts]
    if len(parts) < 2 or not all(_NAMES.fullmatch(part) for part in parts):
        return []
    # Two words with a comma between are as likely a sentence's beginning.
    return parts if len(parts) > 2 or " or " in text else []
