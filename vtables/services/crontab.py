"""The table `crontab`: what cron runs when (crontab(5))."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.configuration import text_of
from ..sources.text import from_os
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FOLDERS = ("/etc/cron.d", "/var/spool/cron", "/var/spool/cron/crontabs")


def parse_crontab(text: str) -> list[tuple[str, ...]]:
    r"""(event, minute, hour, day of month, month, day of week, command) of each line; settings are left out.

    >>> parse_crontab("SHELL=/bin/sh\n5 * * * * root true now\n@reboot /bin/x\n")
    [('', '5', '*', '*', '*', '*', 'root true now'), ('@reboot', '', '', '', '', '', '/bin/x')]
    """
    found: list[tuple[str, ...]] = []
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("@"):
            event, _, command = line.partition(" ")
            found.append((event, "", "", "", "", "", command.strip()))
        elif line and not line.startswith("#"):
            fields = line.split(None, 5)
            if len(fields) == 6 and "=" not in fields[0] and fields[1] != "=":
                found.append(("", *fields))
    return found


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
            for job in parse_crontab(text_of(scan, file, expected=False)):
                yield (*job, from_os(file), 0)


def _files(scan: Scan) -> Iterator[str]:
    for folder in _FOLDERS:
        scan.tried("files", folder)
        try:
            names = sorted(os.listdir(scan.host.path(folder)))
        except PermissionError:
            scan.denied("files", folder)
            continue
        except OSError:
            continue
        for name in names:
            # A name with a dot is not cron's (run-parts); a folder is looked into by itself.
            if not name.startswith(".") and not os.path.isdir(scan.host.path(f"{folder}/{name}")):
                yield f"{folder}/{name}"
