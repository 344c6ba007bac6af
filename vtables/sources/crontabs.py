r"""The lines of crontab(5) and anacrontab(5), and which of them run.

As cron of Debian (3.0pl1-197) and cronie (1.7.2) take them: what `crontab -n` and `crontab -T` say of a file, and what
the daemons ran.
"""

from __future__ import annotations

from typing import NamedTuple

from .text import BLANKS, lines, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_EVENTS = frozenset("@reboot @yearly @annually @monthly @weekly @daily @midnight @hourly".split())
_PERIODS = frozenset("@yearly @annually @monthly @weekly @daily".split())
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS = "sun mon tue wed thu fri sat".split()
# (least, greatest, names from the least on) of each field.
_FIELDS: tuple[tuple[int, int, list[str]], ...] = (
    (0, 59, []),
    (0, 23, []),
    (1, 31, []),
    (1, 12, _MONTHS),
    (0, 7, _DAYS),
)
_SETTING = r"""("[^"]*"|'[^']*'|[^ \t=]*)[ \t]*=[ \t]*("[^"]*"|'[^']*'|[^"' \t].*|)[ \t]*\Z"""
_WORD = "[A-Za-z0-9]+"
_RANGE = rf"(?P<star>\*)|(?P<low>{_WORD})-(?P<high>{_WORD})"
_STEP = "/0*[1-9][0-9]*"
# One part of a list: for cronie, which takes one number at random of a range with ~; and for cron of Debian.
_STRICT = rf"(?:{_RANGE})(?:{_STEP})?|(?P<from>{_WORD})?~(?P<to>{_WORD})?|(?P<single>{_WORD})"
_LAX = rf"(?:{_RANGE})(?:{_STEP}|(?!/))|(?P<single>{_WORD})(?![A-Za-z0-9/-])"


class Job(NamedTuple):
    """A job: an event, or the five fields of its times."""

    event: str
    minute: str
    hour: str
    day_of_month: str
    month: str
    day_of_week: str
    command: str


class Grammar(NamedTuple):
    """How one kind of cron differs from another."""

    # Whether what comes after a whole part of a list is passed over, as in `5.x`.
    lax: bool = True
    # Whether ranges may have ~, and a job a - before it, which keeps it out of the log.
    extended: bool = True
    # Whether a line may do without a command, which then runs nothing.
    empty: bool = False


ANY, DEBIAN, CRONIE = Grammar(), Grammar(extended=False, empty=True), Grammar(lax=False)


def parse_crontab(text: str, grammar: Grammar = ANY) -> Iterator[Job | None]:
    r"""The jobs; None for a line that cron does not understand. In the system's files the command has the user first.

    >>> list(parse_crontab("SHELL=/bin/sh\n5 * * * sun root true now\n@reboot /bin/x\n"))[0][1:]
    ('5', '*', '*', '*', 'sun', 'root true now')
    >>> list(parse_crontab("A = b # c\n60 * * * * x\n1,,2 * * * * x\n@noon x\n@daily\njunk\n"))
    [None, None, None, None, None]
    """
    import re

    setting = re.compile(_SETTING, re.ASCII)
    for line in lines(text):
        line = line.strip(" \t\r")
        if not line or line.startswith("#") or setting.match(line):
            continue
        if grammar.extended and line.startswith("-"):
            line = line[1:]
        if line.startswith("@"):
            event, command = [*_fields(line, 1), ""][:2]
            valid = event in _EVENTS and (command or grammar.empty)
            yield Job(event, "", "", "", "", "", command) if valid else None
            continue
        fields = _fields(line, 5)
        if len(fields) == 5 and grammar.empty:
            fields.append("")
        times = enumerate(fields[:5])
        valid = len(fields) == 6 and all(_values(field, place, grammar) is not None for place, field in times)
        yield Job("", *fields) if valid else None


def _fields(line: str, most: int) -> list[str]:
    """The words between spaces and tabs, cron's only blanks, the last of which is the rest of the line."""
    import re

    return re.split(r"[ \t]+", line, maxsplit=most)


def never_runs(job: Job, grammar: Grammar = ANY) -> bool:
    r"""Whether a field allows no time at all: a range that runs backwards is empty, it does not begin again.

    >>> jobs = parse_crontab("* * * nov-feb * x\n* * * nov-feb,mar * x\n")
    >>> [never_runs(job) for job in jobs if job]
    [True, False]
    """
    return not job.event and any(not _values(field, place, grammar) for place, field in enumerate(job[1:6]))


def _values(field: str, place: int, grammar: Grammar) -> list[int] | None:
    """Where the ranges that a field allows begin, without those that are empty; None for what is no field."""
    found = None
    if grammar.extended:
        found = _parts(field, place, _STRICT, to_end=True)
    if found is None and grammar.lax:
        found = _parts(field, place, _LAX, to_end=False)
    return found


def _parts(field: str, place: int, form: str, to_end: bool) -> list[int] | None:
    import re

    least, greatest, names = _FIELDS[place]
    found: list[int] = []
    at = 0
    while True:
        match = re.compile(form).match(field, at)
        if match is None:
            return None
        at = match.end()
        given = match.groupdict()
        first = given["single"] or given["low"] or given.get("from") or str(least)
        last = given["single"] or given["high"] or given.get("to") or str(greatest)
        low, high = _number(first, least, names), _number(last, least, names)
        if low is None or high is None:
            return None
        if "~" in match[0]:
            # cronie draws a number first, and refuses the line only if that one is out of bounds.
            low, high = max(low, least), min(high, greatest)
            if low > high:
                return None
        elif not (least <= low <= greatest and least <= high <= greatest):
            return None
        if low <= high:
            found.append(low)
        if field[at : at + 1] != ",":
            return None if to_end and at < len(field) else found
        at += 1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _number(text: str, least: int, names: list[str]) -> int | None:
    if _is_number(text):
        return int(text[-9:])
    return least + names.index(text.lower()) if text.lower() in names else None


def parse_anacrontab(text: str) -> Iterator[Job | None]:
    r"""The jobs of anacron; None for a line it does not understand. The event is the period: days, or a name with @.

    >>> jobs = parse_anacrontab("A=b\n7 10 cron.weekly run-parts \\\n /etc/x\n@monthly 15 m x y\njunk\n")
    >>> [job and (job.event, job.command) for job in jobs]
    [('7 days', 'run-parts  /etc/x'), ('@monthly', 'x y'), None]
    """
    # Here a backslash continues a comment, too.
    for line in lines(text.replace("\\\n", "")):
        line = line.strip(BLANKS)
        if not line or line.startswith("#"):
            continue
        period, delay, name, command = [*words(line, 3), "", "", "", ""][:4]
        if command and _is_number(delay) and "/" not in name and (_is_number(period) or period in _PERIODS):
            yield Job(f"{period} days" if _is_number(period) else period, "", "", "", "", "", command)
        elif "=" not in line:
            yield None
