"""The table `crontab`: what cron runs when (crontab(5)), and anacron (anacrontab(5))."""

from __future__ import annotations

import stat

from ..scan import Scan
from ..sources.accounts import NOBODY, ROOT, all_users, users_of
from ..sources.configuration import names_in, status_of, text_of, understood, why_refused
from ..sources.crontabs import ANY, CRONIE, DEBIAN, never_runs, parse_anacrontab, parse_crontab
from ..sources.homes import text_for
from ..sources.os_release import distributions
from ..sources.text import BLANKS, from_os, lines, words
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from typing import Any

    from ..sources.accounts import User
    from ..sources.crontabs import Job

_SYSTEM, _FOLDER, _ANACRONTAB = "/etc/crontab", "/etc/cron.d", "/etc/anacrontab"
_ANACRON = ("/usr/sbin/anacron", "/usr/bin/anacron", "/sbin/anacron")
_SPOOL = "/var/spool/cron"
_TABS, _CRONTABS = f"{_SPOOL}/tabs", f"{_SPOOL}/crontabs"
_DEBIAN_IDS = frozenset(("debian", "ubuntu"))
_SUSE_IDS = frozenset(("suse", "opensuse", "sles"))
_CRONIE_IDS = frozenset(("fedora", "rhel", "centos", "arch"))
# What packages and editors leave beside a file; cronie passes it over.
_LEFT_BEHIND = ("~", ".rpmsave", ".rpmorig", ".rpmnew")
_PROGRAMS = ("/usr/sbin/cron", "/usr/sbin/crond", "/usr/bin/crond", "/usr/sbin/fcron", "/usr/sbin/bcron-start")
# What costs a file all of its jobs with cron of Debian.
_MOST_LINES, _LONGEST_COMMAND = 10_000, 1000
_LSB_NAME = r"_?(?:[a-z0-9_.]+-)+[a-z0-9]+"
_GENERATOR = "/usr/lib/systemd/system-generators/systemd-crontab-generator"


class Crontab(Table):
    """Jobs of cron: /etc/crontab, /etc/cron.d and users' own; and of anacron.

    Jobs that the host's cron does not run (by a file's name, owner or mode, or by a line it does not understand) are
    left out with a note. Debian's cron and cronie are told apart by what is installed, or by the distribution.
    """

    event = Column(TEXT, "An event such as @reboot or @daily, anacron's period such as 7 days; '' for a job with times")
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
        cron = _cron_of(scan)
        for path, job in cron.jobs():
            yield (*job, from_os(path), 0)
        text = text_of(scan, _ANACRONTAB, expected=False)
        if text and not any(status_of(scan, path) for path in _ANACRON) and status_of(scan, "/usr/sbin") is not None:
            scan.note("anacron is not installed in its usual places: nothing may run the jobs of /etc/anacrontab")
        for job in understood(scan, _ANACRONTAB, parse_anacrontab(text)):
            yield (*job, _ANACRONTAB, 0)


def _cron_of(scan: Scan) -> _Cron:
    """The kind of cron that the host has, by its programs or else by its distribution."""
    ids = frozenset(part for name in distributions(scan) for part in (name, name.partition("-")[0]))
    there = {path for path in (*_PROGRAMS, _GENERATOR) if status_of(scan, path) is not None}
    if not there and status_of(scan, "/usr/bin") is not None:
        scan.note("no cron is installed in its usual places: nothing may run these jobs")
    if ids & _SUSE_IDS:
        return _Cronie(scan, [_TABS])
    if status_of(scan, "/usr/bin/cronnext") is not None or ids & _CRONIE_IDS:
        return _Cronie(scan, [_CRONTABS if ids & _DEBIAN_IDS else _SPOOL])
    if _GENERATOR not in there and ("/usr/sbin/cron" in there or ids & _DEBIAN_IDS):
        return _DebianCron(scan, [_CRONTABS])
    return _Cron(scan, [_SPOOL, _TABS, _CRONTABS])


class _Cron:
    """A cron of unknown kind: what any kind may run."""

    grammar = ANY
    # Whether a line that is not understood, or the lack of a line end after the last, costs the whole file.
    whole = False
    # Whether what comes after the last line end is run.
    runs_rest = True

    def __init__(self, scan: Scan, spools: list[str]) -> None:
        self.scan = scan
        self._spools = spools
        self._users: dict[str, User] | None = None
        if status_of(scan, "/etc/passwd") is not None:
            self._users = {"root": ROOT, **{user.username: user for user in users_of(scan)}}

    def jobs(self) -> Iterator[tuple[str, Job]]:
        """(file, job) of each job that is run, in order."""
        for path in self._system_files():
            yield from ((path, job) for job in self._file(path, ROOT, system=True))
        for spool in self._spools:
            for name, path in self._entries(spool):
                if self._is_users(name, path):
                    yield from ((path, job) for job in self._file(path, self._user(name), system=False))
        self._note_other_spools()

    def takes(self, name: str) -> bool:
        """Whether a file of that name in cron.d is read."""
        return not name.startswith(".")

    def refusal(self, path: str, status: os.stat_result, owners: tuple[int, ...]) -> str:
        """Why a file is not read; '' for one that is."""
        return ""

    def _system_files(self) -> Iterator[str]:
        paths = [_SYSTEM]
        for name, path in self._entries(_FOLDER):
            if self.takes(name):
                paths.append(path)
            else:
                self._refuse(path, "it passes over files of such names")
        for path in paths:
            status = status_of(self.scan, path)
            why = self.refusal(path, status, ()) if status is not None else ""
            if why:
                self._refuse(path, f"it {why}")
            else:
                yield path

    def _entries(self, folder: str) -> Iterator[tuple[str, str]]:
        """(name, path) of what is no folder; one in a spool is looked into by itself."""
        for name in names_in(self.scan, folder):
            path = f"{folder}/{name}"
            status = status_of(self.scan, path)
            if not name.startswith(".") and (status is None or not stat.S_ISDIR(status.st_mode)):
                yield name, path

    def _is_users(self, name: str, path: str) -> bool:
        user = self._user(name)
        if user is None and self._users is not None:
            self._refuse(path, "there is no such user")
            return False
        status = status_of(self.scan, path)
        why = self.refusal(path, status, () if user is None else (user.uid,)) if status is not None else ""
        if why:
            self._refuse(path, f"it {why}")
        return not why

    def _user(self, name: str) -> User | None:
        if self._users is None or name in self._users or not self.scan.host.live:
            return (self._users or {}).get(name)
        return next(iter(all_users(self.scan, None, frozenset([name]))), None)

    def _file(self, path: str, user: User | None, system: bool) -> Iterator[Job]:
        # A link in a spool is its user's, who need not be one that may read what it leads to.
        linked = self.scan.host.islink(path)
        text = text_for(self.scan, user or NOBODY, path) if linked else text_of(self.scan, path, expected=False)
        if not text.endswith("\n"):
            text, rest = text[: text.rfind("\n") + 1], text[text.rfind("\n") + 1 :]
            if self.runs_rest or not rest.strip(BLANKS) or rest.lstrip(BLANKS).startswith("#"):
                text += rest
            elif self.whole:
                self._refuse(path, "its last line has no end")
                return
            else:
                self.scan.note(f"cron does not run the last line of {from_os(path)}: it has no end")
        if self.whole and text.count("\n") > _MOST_LINES:
            self._refuse(path, f"it has more than {_MOST_LINES} lines")
            return
        jobs = [self._checked(job, system) for job in parse_crontab(text, self.grammar)]
        if self.whole and None in jobs:
            self._refuse(path, "a line of it makes no sense")
            return
        if self.whole and any(_is_long(job, system) for job in jobs if job):
            self._refuse(path, f"a command of it is longer than {_LONGEST_COMMAND}")
            return
        for job in understood(self.scan, path, jobs):
            if never_runs(job, self.grammar):
                self.scan.note(f"a job of {from_os(path)} never runs: a range of its times runs backwards")
            elif job.command:
                yield job

    def _checked(self, job: Job | None, system: bool) -> Job | None:
        """The job; None for one in a file of the system's without a command or with an unknown user."""
        if job is None or not system:
            return job
        user, command = [*words(job.command, 1), "", ""][:2]
        # A user without a command is an error, where a user's own line without one runs nothing.
        if not user or not command or (self._users is not None and self._user(user) is None):
            return None
        return job

    def _note_other_spools(self) -> None:
        for spool in {_SPOOL, _TABS, _CRONTABS}.difference(self._spools):
            for _, path in self._entries(spool):
                self.scan.note(f"the cron of this host reads no crontabs in {spool}", path)

    def _refuse(self, path: str, why: str) -> None:
        self.scan.note(f"cron does not run {from_os(path)}: {why}")


def _is_long(job: Job, system: bool) -> bool:
    command = words(job.command, 1)[-1:] if system else [job.command]
    return any(len(each.encode()) > _LONGEST_COMMAND for each in command)


class _DebianCron(_Cron):
    """cron of Debian and Ubuntu (3.0pl1)."""

    grammar = DEBIAN
    whole = True
    runs_rest = False

    def takes(self, name: str) -> bool:
        if name.isascii() and name.replace("_", "x").replace("-", "x").isalnum():
            return True
        import re

        return self._takes_lsb and re.fullmatch(_LSB_NAME, name) is not None

    @property
    def _takes_lsb(self) -> bool:
        """Whether cron starts with -l, for the names of the Linux Standard Base (cron(8))."""
        text = text_of(self.scan, "/etc/default/cron", expected=False)
        for line in lines(text):
            name, _, value = line.strip(BLANKS).partition("=")
            if name == "EXTRA_OPTS":
                return "-l" in words(value.strip("\"'"))
        return False

    def refusal(self, path: str, status: os.stat_result, owners: tuple[int, ...]) -> str:
        if status.st_nlink > 1:
            return f"has {status.st_nlink} hard links"
        if not path.startswith(_SPOOL):
            link = self.scan.host.lstat(path)
            if stat.S_ISLNK(link.st_mode) and why_refused(self.scan, link).startswith("is owned"):
                return f"is a link of uid {link.st_uid}'s"
        else:
            if self.scan.host.islink(path):
                return "is a link"
            mode = stat.S_IMODE(status.st_mode)
            if mode != 0o600:
                return f"has the mode {mode:04o}, not 0600"
        return why_refused(self.scan, status, owners=owners)


class _Cronie(_Cron):
    """cronie, of Fedora, RHEL, SUSE, Arch and others (1.7)."""

    grammar = CRONIE
    runs_rest = False

    def takes(self, name: str) -> bool:
        return not name.startswith((".", "#")) and not name.endswith(_LEFT_BEHIND)

    def refusal(self, path: str, status: os.stat_result, owners: tuple[int, ...]) -> str:
        if status.st_mode & 0o111:
            return "can be executed"
        return why_refused(self.scan, status, owners=owners)
