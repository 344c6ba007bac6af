"""Comparing versions: as Debian orders packages (deb-version(7)), and a plain order for everything else."""

from __future__ import annotations

import re

from ..errors import QueryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PIECES = re.compile(r"(\d+)|([^\d.]+)")


def version_compare(*arguments: Any) -> int:
    """-1, 0 or 1 as the first version is lower than, equal to or higher than the second; 'DPKG' as a third argument."""
    if len(arguments) < 2 or not all(isinstance(value, str) for value in arguments[:2]):
        raise QueryError("version_compare takes two versions as text")
    flavour = arguments[2] if len(arguments) > 2 else ""
    if len(arguments) > 2 and (not isinstance(flavour, str) or flavour.upper() != "DPKG"):
        raise QueryError("the third argument of version_compare can be 'DPKG' alone")
    return compare(arguments[0], arguments[1], flavour.upper())


def compare(left: str, right: str, flavour: str = "") -> int:
    """-1, 0 or 1.

    >>> compare("1.10", "1.9"), compare("1.0~rc1", "1.0", "DPKG"), compare("1:1.0", "2.0", "DPKG")
    (1, -1, 1)
    """
    if left == right:
        return 0
    if flavour == "DPKG":
        return _dpkg(left, right)
    one, two = _plain(left), _plain(right)
    return (one > two) - (one < two)


def _plain(version: str) -> list[tuple[int, int, str]]:
    """Numbers by value, words by their letters; a number is lower than a word."""
    return [(0, int(n), "") if n else (1, 0, word) for n, word in _PIECES.findall(version)]


def _dpkg(left: str, right: str) -> int:
    for one, two in zip(_debian_parts(left), _debian_parts(right)):
        order = _debian_order(one, two)
        if order:
            return order
    return 0


def _debian_parts(version: str) -> tuple[str, str, str]:
    """Epoch, upstream version and revision; an absent epoch or revision counts as 0."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return (epoch, upstream, revision) if dash else (epoch, rest, "0")


def _debian_order(one: str, two: str) -> int:
    """Turn by turn a stretch without digits, by weight, and a number, by value."""
    while one or two:
        for pattern, key in ((r"\D*", _weights), (r"\d*", _number)):
            first, second = re.match(pattern, one), re.match(pattern, two)
            assert first is not None and second is not None
            a, b = key(first.group()), key(second.group())
            if a != b:
                return 1 if a > b else -1
            one, two = one[first.end() :], two[second.end() :]
    return 0


def _weights(text: str) -> list[int]:
    """Tilde before the end, the end before letters, letters before everything else."""
    weighed = [-1 if c == "~" else ord(c) if c.isalpha() and c.isascii() else ord(c) + 256 for c in text]
    return [*weighed, 0]


def _number(text: str) -> list[int]:
    return [int(text or "0")]
