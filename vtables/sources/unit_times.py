"""Whether systemd takes a text for times of its calendar or for a time span (systemd.time(7)); it ignores all others.

Checked against systemd-analyze 252 and 257.
"""

from __future__ import annotations

_DAYS = "mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_WEEKDAYS = rf"(?:{_DAYS})(?:(?:,|\.\.|-)(?:{_DAYS}))*,?"
_NUMBER = r"[0-9]{1,9}"
_STEP = r"(?!0+(?:\.0*)?(?![0-9.]))[0-9]{1,9}(?:\.[0-9]+)?"


def _list(number: str, star: bool = True) -> str:
    part = rf"{number}(?:\.\.{number})?(?:/{_STEP})?"
    return rf"(?:\*(?:/{_STEP})?|{part}(?:,{part})*)" if star else rf"{part}(?:,{part})*"


_ANY = _list(_NUMBER)
_DATE = rf"(?:{_ANY}-)?{_ANY}[-~]{_ANY}"
_TIME = rf"{_ANY}:{_ANY}(?::{_list(r'[0-9]{1,9}(?:[.][0-9]+)?')})?"
_ZONE = r"utc|[a-z][a-z0-9_+-]*(?:/[a-z0-9_+-]+)*"
_NAMED = "minutely|hourly|daily|monthly|weekly|yearly|annually|quarterly|(?:semi|bi)-?annually|anually"
_CALENDAR = rf"(?:{_NAMED}|@[0-9]+(?:\.[0-9]+)?|(?:{_WEEKDAYS} ?)?(?:{_DATE})? ?(?:{_TIME})?)(?: (?:{_ZONE}))?"
_UNITS = (
    "seconds?|sec|s|minutes?|min|months?|M|msec|ms|m|hours?|hr|h|days?|d|weeks?|w|years?|y|usecs?|us|\u03bcs|\u00b5s"
)
_SPAN = rf"(?:infinity|(?:(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)[ \t]*(?:{_UNITS})?[ \t]*)+)"


def is_calendar(text: str) -> bool:
    """Whether it is an event of the calendar.

    >>> [is_calendar(text) for text in ("daily", "Mon..Fri *-*-1,15 4:00/15 UTC", "bogus", "25:00", "")]
    [True, True, False, False, False]
    """
    import re

    found = re.fullmatch(_CALENDAR, text.lower())
    return bool(text.strip()) and found is not None and _in_range(text)


def _in_range(text: str) -> bool:
    """Whether hours, minutes and seconds, days, months and years are numbers of such, and ranges run forwards."""
    import re

    fields: list[tuple[int, int, str]] = []
    for time in re.findall(r"[0-9*,./]+(?::[0-9*,./]+)+", text):
        fields += [(0, most, field) for most, field in zip((23, 59, 59), time.split(":"))]
    for date in re.findall(r"[0-9*,./]+(?:[-~][0-9*,./]+)+", text):
        parts = re.split("[-~]", date)[::-1]
        fields += [(least, most, field) for (least, most), field in zip(((1, 31), (1, 12)), parts)]
        # A year of two digits is one of 1970 to 2069.
        fields += [(1970, 2199, year) for year in parts[2:] if len(year) > 2 and year.isdigit()]
    return all(_fits(field, least, most) for least, most, field in fields)


def _fits(field: str, least: int, most: int) -> bool:
    for part in field.split(","):
        numbers = [int(end.partition(".")[0]) for end in part.partition("/")[0].split("..") if end[:1].isdigit()]
        if numbers != sorted(numbers) or any(not least <= number <= most for number in numbers):
            return False
    return True


def is_span(text: str) -> bool:
    """Whether it is a time span.

    >>> [is_span(text) for text in ("5min 20s", "1", "1.5h", "bad", "5 parsecs", "")]
    [True, True, True, False, False, False]
    """
    import re

    return re.fullmatch(_SPAN, text.strip()) is not None
