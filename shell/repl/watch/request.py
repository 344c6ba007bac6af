"""What `.watch` was asked to do: `[SECONDS] [xTIMES] [by COLUMN, ...] SELECT ...`. Pure."""

from __future__ import annotations

import re

from ....vtables.errors import HostqlError
from ....vtables.script import bare

# Seconds between the starts of two runs, where none are given; the least and the most.
DEFAULT = 2.0
SHORTEST = 0.1
LONGEST = 86400

USAGE = ".watch [SECONDS] [xTIMES] [by COLUMN, ...] SELECT ..."

_UNITS = {"": 1.0, "s": 1.0, "ms": 0.001, "m": 60.0, "min": 60.0, "h": 3600.0}
_SECONDS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|min|m|h|)(?=\s|$)", re.IGNORECASE)
_TIMES = re.compile(r"x(\d+)(?=\s|$)|(\d+)\s+times\b", re.IGNORECASE)
_NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w.]*)'
_BY = re.compile(rf"by\s+({_NAME}(?:\s*,\s*{_NAME})*)(?=\s|$)", re.IGNORECASE)


class Request:
    """What was asked for.

    seconds  from the start of one run to the start of the next
    times    how often to run, None without end
    by       names of the columns that tell rows apart
    sql      the statement, '' where none is given
    """

    __slots__ = ("by", "seconds", "sql", "times")

    def __init__(self) -> None:
        self.seconds = DEFAULT
        self.times: int | None = None
        self.by: list[str] = []
        self.sql = ""


def parse(argument: str) -> Request:
    """Read the argument of `.watch`. HostqlError for a number that makes no sense.

    >>> request = parse("0.5 x3 by pid, path SELECT 1")
    >>> request.seconds, request.times, request.by, request.sql
    (0.5, 3, ['pid', 'path'], 'SELECT 1')
    """
    request = Request()
    rest = argument.strip()
    while True:
        times, seconds, by = _TIMES.match(rest), _SECONDS.match(rest), _BY.match(rest)
        found = times or seconds or by
        if found is None:
            break
        if times:
            request.times = int(times[1] or times[2])
        elif seconds:
            request.seconds = float(seconds[1]) * _UNITS[seconds[2].lower()]
        elif by:
            request.by = [_unquoted(name) for name in re.findall(_NAME, by[1])]
        rest = rest[found.end() :].lstrip()
    if request.times == 0:
        raise HostqlError("a query cannot be watched 0 times", USAGE)
    if not SHORTEST <= request.seconds <= LONGEST:
        raise HostqlError(f"the interval is from {SHORTEST:g} s to a day, not {request.seconds:g} s", USAGE)
    request.sql = rest
    return request


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def order_column(sql: str, columns: list[str]) -> int | None:
    """The position of the first column that the statement's last ORDER BY names, by name or number; None for no such.

    >>> order_column("select pid, size from t order by 2 desc limit 5", ["pid", "size"])
    1
    >>> order_column("select p.pid from p order by p.pid", ["pid"])
    0
    """
    found = _ORDER.findall(bare(sql))
    if not found:
        return None
    term = found[-1]
    if term.isdigit():
        return int(term) - 1 if 1 <= int(term) <= len(columns) else None
    name = _unquoted(term.rpartition(".")[2] if not term.startswith('"') else term).lower()
    names = [column.lower() for column in columns]
    return names.index(name) if name in names else None


_ORDER = re.compile(rf"\border\s+by\s+(\d+|{_NAME})(?![\w.]|\s*\()", re.IGNORECASE)
