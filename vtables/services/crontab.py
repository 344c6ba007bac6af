"""The table `crontab`: what cron runs when (crontab(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import names_in, text_of, understood
from ..sources.text import from_os, lines
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FOLDERS = ("/etc/cron.d", "/var/spool/cron", "/var/spool/cron/crontabs")


def parse_crontab(text: str) -> Iterator[tuple[str, ...] | None]:
    r"""(event, minute, hour, day of month, month, day of week, command) of each job; None for what is no line of cron.

    >>> list(parse_crontab("SHELL=/bin/sh\n5 * * * * root true now\n@reboot /bin/x\n"))
    [('', '5', '*', '*', '*', '*', 'root true now'), ('@reboot', '', '', '', '', '', '/bin/x')]
    """
    for line in lines(text):
        line = line.strip()
        if line.startswith("@"):
            event, *command = line.split(None, 1)
            yield (event, "", "", "", "", "", command[0]) if command else None
        elif line and not line.startswith("#"):
            fields = line.split(None, 5)
            if "=" not in fields[0] and not "".join(fields[1:2]).startswith("="):
                yield ("", *fields) if len(fields) == 6 else None


class Crontab(Table):
    """Jobs of cron: /etc/crontab, /etc/cron.d and users' own."""

    event = Column(TEXT, "An event such as @reboot or @daily; '' for a job with times")
    minute = Column(TEXT, "Minutes")
    hour = Column(TEXT, "Hours")
    day_of_month = Column(TEXT, "Days of the month")
    month = Column(TEXT, "Months")
    day_of_week = Column(TEXT, "Days of the week")
    command = Column(TEXT, "Command; in the system's files the user comes before it")
    path = Column(TEXT, "File the job is in")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 10
    examples = ["SELECT command, path FROM crontab;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for file in ["/etc/crontab", *_files(scan)]:
            for job in understood(scan, file, parse_crontab(text_of(scan, file, expected=False))):
                yield (*job, from_os(file), 0)


def _files(scan: Scan) -> Iterator[str]:
    for folder in _FOLDERS:
        for name in names_in(scan, folder):
            # A hidden file is not cron's; a folder is looked into by itself.
            if not name.startswith(".") and not scan.host.isdir(f"{folder}/{name}"):
                yield f"{folder}/{name}"
