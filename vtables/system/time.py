"""The table `time`: the clock of the host."""

from __future__ import annotations

from time import gmtime, strftime, time, tzname

from ..scan import Scan
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# No file of zoneinfo is longer.
_LARGEST = 1 << 16


class Time(Table):
    """The current time of the host, in UTC; one row."""

    weekday = Column(TEXT, "Day of the week, its English name")
    year = Column(INTEGER, "Year")
    month = Column(INTEGER, "Month, 1 to 12")
    day = Column(INTEGER, "Day of the month, 1 to 31")
    hour = Column(INTEGER, "Hour, 0 to 23")
    minutes = Column(INTEGER, "Minute, 0 to 59")
    seconds = Column(INTEGER, "Second, 0 to 60")
    timezone = Column(TEXT, "Time zone of the values in this row: always UTC")
    local_timezone = Column(TEXT, "Abbreviation of the host's own time zone")
    unix_time = Column(INTEGER, "Seconds since 1970-01-01 00:00:00 UTC")
    timestamp = Column(TEXT, "Date and time as ctime(3) writes them, with the zone")
    datetime = Column(TEXT, "Date and time in ISO 8601")
    iso_8601 = Column(TEXT, "Date and time in ISO 8601")
    date_time = Column(TEXT, "Date and time in ISO 8601", hidden=True)

    typical_rows = 1
    examples = ["SELECT datetime, unix_time FROM time;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        now = int(time())
        utc = gmtime(now)
        iso = strftime("%Y-%m-%dT%H:%M:%SZ", utc)
        yield (
            strftime("%A", utc),
            utc.tm_year,
            utc.tm_mon,
            utc.tm_mday,
            utc.tm_hour,
            utc.tm_min,
            utc.tm_sec,
            "UTC",
            _timezone(scan),
            now,
            strftime("%a %b %e %H:%M:%S %Y UTC", utc),
            iso,
            iso,
            iso,
        )


def _timezone(scan: Scan) -> str:
    """The name of the standard time that /etc/localtime sets (localtime(5)); UTC without one."""
    if scan.host.live:
        return tzname[0]
    from datetime import datetime
    from io import BytesIO
    from zoneinfo import ZoneInfo

    scan.note("the clock is that of this machine: files have none")
    try:
        zone = ZoneInfo.from_file(BytesIO(scan.host.read_regular("/etc/localtime", _LARGEST)))
        halves = [datetime(gmtime().tm_year, month, 1, tzinfo=zone) for month in (1, 7)]
    except FileNotFoundError:
        return "UTC"
    except (OSError, ValueError) as error:
        scan.note(f"cannot read /etc/localtime: {getattr(error, 'strerror', None) or error}")
        return ""
    return next((half.tzname() for half in halves if not half.dst()), None) or ""
