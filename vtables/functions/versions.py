"""Comparing versions: as Debian, RPM or Arch Linux order their packages, and a plain order for everything else."""

from __future__ import annotations

import re
from itertools import zip_longest

from ..errors import QueryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FLAVOURS = ("ARCH", "DPKG", "RHEL")


def version_compare(*arguments: Any) -> int:
    """-1, 0 or 1 as the first version is lower than, equal to or higher than the second; a third names the order."""
    if len(arguments) < 2 or not all(isinstance(value, str) for value in arguments[:2]):
        raise QueryError("version_compare takes two versions as text")
    flavour = arguments[2] if len(arguments) > 2 else ""
    if len(arguments) > 2 and (not isinstance(flavour, str) or flavour.upper() not in FLAVOURS):
        raise QueryError("the third argument of version_compare can be 'ARCH', 'DPKG' or 'RHEL'")
    return compare(arguments[0], arguments[1], flavour.upper())


def compare(left: str, right: str, flavour: str = "") -> int:
    """-1, 0 or 1.

    RHEL and ARCH compare the releases only where both versions have one, as both packagers do.

    >>> compare("1.10", "1.9"), compare("1.0~rc1", "1.0", "DPKG"), compare("1:1.0", "2.0", "RHEL")
    (1, -1, 1)
    >>> compare("1.0rc", "1.0", "ARCH"), compare("1.0-2", "1.0", "ARCH")
    (-1, 0)
    """
    if left == right:
        return 0
    if not flavour:
        return _sign(_plain(left), _plain(right))
    if flavour == "DPKG":
        return _dpkg(left, right)
    return _packaged(left, right, _rpm if flavour == "RHEL" else _arch)


def collate(left: str, right: str, flavour: str = "") -> int:
    """As `compare`, made a total order as sorting needs it: among equals, a version without a release comes first."""
    order = compare(left, right, flavour)
    if order or flavour in ("", "DPKG"):
        return order
    return _sign(_parts(left)[2] is not None, _parts(right)[2] is not None)


def _sign(one: Any, two: Any) -> int:
    return int(one > two) - int(one < two)


def _value(digits: str) -> tuple[int, str]:
    """What orders numbers of any length as their values do; Python makes no number of more than 4,300 digits."""
    significant = digits.lstrip("0")
    return len(significant), significant


# The plain order.

_RUNS = re.compile(r"([0-9]+)|([^0-9]+)")


def _plain(version: str) -> list[list[tuple[int, int, str]]]:
    """The pieces between '.', '-' and ':', each as runs: numbers by value, lower than words, which go by letters."""
    return [
        [(0, *_value(digits)) if digits else (1, 0, word) for digits, word in _RUNS.findall(piece)]
        for piece in re.split(r"[.:-]", version)
    ]


# Debian: deb-version(7).


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
    for (word, number), (other, figure) in zip_longest(_debian_runs(one), _debian_runs(two), fillvalue=("", "")):
        order = _sign(_weights(word), _weights(other)) or _sign(_value(number), _value(figure))
        if order:
            return order
    return 0


def _debian_runs(text: str) -> list[tuple[str, str]]:
    """(stretch without digits, number) pairs; both may be ''."""
    return re.findall(r"([^0-9]*)([0-9]*)", text)


def _weights(text: str) -> list[int]:
    """Tilde before the end, the end before letters, letters before everything else."""
    weighed = [-1 if c == "~" else ord(c) if c.isalpha() and c.isascii() else ord(c) + 256 for c in text]
    return [*weighed, 0]


# Packages with epoch:version-release: RPM (rpm-version(7)) and Arch Linux (vercmp(8)).


def _packaged(left: str, right: str, order: Any) -> int:
    (epoch, version, release), (other_epoch, other_version, other_release) = _parts(left), _parts(right)
    found = order(epoch, other_epoch) or order(version, other_version)
    if found or release is None or other_release is None:
        return int(found)
    return int(order(release, other_release))


def _parts(version: str) -> tuple[str, str, str | None]:
    """Epoch ('0' where there is none), version, and release or None.

    >>> _parts("1:2.0-3"), _parts("a:b")
    (('1', '2.0', '3'), ('0', 'a:b', None))
    """
    epoch, colon, rest = version.partition(":")
    if not colon or not (epoch.isdigit() or not epoch):
        epoch, rest = "", version
    name, dash, release = rest.rpartition("-")
    return (epoch or "0", name, release) if dash else (epoch or "0", rest, None)


_RPM_RUNS = re.compile(r"[~^]|[0-9]+|[A-Za-z]+")


def _rpm(one: str, two: str) -> int:
    """Runs of digits and of letters in turn: '~' is lower than the end, '^' just above it, a number above a word.

    Everything else only separates. What has more runs is higher.
    """
    for run, other in zip_longest(_RPM_RUNS.findall(one), _RPM_RUNS.findall(two), fillvalue=""):
        order = _sign(_rpm_rank(run), _rpm_rank(other)) or _run_order(run, other)
        if order:
            return order
    return 0


def _rpm_rank(run: str) -> int:
    """Of a run, '' being the end of the version."""
    if not run:
        return 1
    return {"~": 0, "^": 2}.get(run, 4 if run.isdigit() else 3)


def _run_order(one: str, two: str) -> int:
    """Two runs of the same kind: numbers by value, words by letters."""
    return _sign(_value(one), _value(two)) if one.isdigit() else _sign(one, two)


_ARCH_RUNS = re.compile(r"([^0-9A-Za-z]*)([0-9]+|[A-Za-z]+|$)")


def _arch(one: str, two: str) -> int:
    """As RPM's order without '~' and '^', but a longer separator is higher, and a word right behind what the other
    version ends with makes a version before it: 1.0rc < 1.0 < 1.0.rc."""
    runs, others = _ARCH_RUNS.findall(one), _ARCH_RUNS.findall(two)
    for (gap, run), (other_gap, other) in zip(runs, others):
        if not run or not other:
            return _arch_end(gap, run, other_gap, other)
        if len(gap) != len(other_gap):
            return _sign(len(gap), len(other_gap))
        if run.isdigit() != other.isdigit():
            return 1 if run.isdigit() else -1
        order = _run_order(run, other)
        if order:
            return order
    return 0


def _arch_end(gap: str, run: str, other_gap: str, other: str) -> int:
    """At least one of the versions has no more runs; what is left of the other decides."""
    if (gap or run) and (other_gap or other):
        gap = other_gap = ""
    if gap or run:
        return 1 if gap or run.isdigit() else -1
    if other_gap or other:
        return -1 if other_gap or other.isdigit() else 1
    return 0
