"""The table `sudoers`: who may become whom (sudoers(5)), the included files too."""

from __future__ import annotations

import os
import stat

from ..scan import Scan
from ..sources.configuration import names_in, status_of, text_of, understood, why_refused
from ..sources.hostname import configured_name
from ..sources.nss_files import text_for_libc
from ..sources.sudoers import include_target, option, parse_sudoers, policy_plugins
from ..sources.text import BLANKS, decode, from_os, lines, words
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any


# Of these the first that exists; openSUSE ships its own in /usr/etc.
_TOPS = ("/etc/sudoers", "/usr/etc/sudoers")
# Where sudo-rs finds this, it reads no other.
_TOP_RS = "/etc/sudoers-rs"
_PLUGINS = ("/usr/libexec/sudo/sudoers.so", "/usr/lib/sudo/sudoers.so", "/usr/lib64/sudo/sudoers.so")
_PROGRAMS_RS = ("/usr/lib/cargo/bin/sudo", "/usr/bin/sudo-rs")
# As deep as sudo follows files that include others.
_DEEPEST = 128


class Sudoers(Table):
    """Rules and settings of sudo and sudo-rs, in the order they read them; needs root.

    Files that sudo refuses, for their owner or for who can write them, are left out with a note.
    """

    source = Column(TEXT, "File the line is in")
    header = Column(TEXT, "What the line begins with: users, an alias keyword, Defaults or an include")
    rule_details = Column(TEXT, "The rest of the line, without its comment")

    typical_rows = 20
    examples = ["SELECT header, rule_details FROM sudoers WHERE header NOT LIKE 'Defaults%';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        services = _services(scan)
        others = [word for word in services if word in ("ldap", "sss")]
        if others:
            scan.note(f"rules that sudo gets from {' and '.join(others)} are not shown")
        tops = _tops(scan)
        if others and "files" not in services:
            for top in tops:
                if top != _TOP_RS:
                    scan.note(f"{top} is left out: /etc/nsswitch.conf names no files for sudoers")
            tops = [top for top in tops if top == _TOP_RS]
        for top in tops:
            yield from _file(scan, top, 0, set())


def _tops(scan: Scan) -> list[str]:
    """The files that the installed programs begin with."""
    classic = any(status_of(scan, path) for path in _PLUGINS)
    top = _first(scan, _TOPS)
    if classic:
        top = _named_file(scan) or top
    if status_of(scan, _TOP_RS) is None:
        return [top]
    if classic:
        if any(status_of(scan, path) for path in _PROGRAMS_RS):
            return [top, _TOP_RS]
        scan.note(f"{_TOP_RS} is left out: sudo-rs, which would read it, is not installed")
        return [top]
    if status_of(scan, top):
        scan.note(f"{top} is left out: sudo-rs reads {_TOP_RS} instead")
    return [_TOP_RS]


def _first(scan: Scan, paths: Sequence[str]) -> str:
    """The first file that exists, or the first of all."""
    return next((path for path in paths if status_of(scan, path)), paths[0])


def _named_file(scan: Scan) -> str | None:
    """The file of rules that sudo.conf names: of several the first that exists; None where it names none."""
    plugins = policy_plugins(text_of(scan, "/etc/sudo.conf", expected=False))
    for symbol, file, _ in plugins:
        if symbol != "sudoers_policy":
            scan.note(f"what the plugin {symbol} ({file}) of /etc/sudo.conf allows is not shown")
    own = [options for symbol, _, options in plugins if symbol == "sudoers_policy"]
    if not own:
        return None
    if option(own[0], "error_recovery").lower() == "false":
        scan.note("error_recovery=false in /etc/sudo.conf: a line that makes no sense costs sudo all of its rules")
    paths = [path for path in option(own[0], "sudoers_file").split(":") if path]
    return _first(scan, paths) if paths else None


def _services(scan: Scan) -> list[str]:
    """Where sudo looks for rules, by the first such line of nsswitch.conf(5); in files where there is none."""
    for line in lines(text_of(scan, "/etc/nsswitch.conf", expected=False)):
        database, colon, services = line.partition("#")[0].partition(":")
        if colon and database.strip(BLANKS).lower() == "sudoers":
            return words(services.lower())
    return ["files"]


def _file(scan: Scan, path: str, depth: int, seen: set[str]) -> Iterator[tuple[str, str, str]]:
    if path in seen or depth > _DEEPEST:
        scan.note("a file that is included again, or too deeply, is not followed", path)
        return
    seen.add(path)
    if _refused(scan, path):
        return
    for header, details in understood(scan, path, parse_sudoers(text_for_libc(scan, path, expected=depth > 0))):
        yield from_os(path), header, details
        if header[1:] not in ("include", "includedir"):
            continue
        host = _host_name(scan) if "%h" in details else ""
        target = include_target(details, os.path.dirname(path), host)
        if header[1:] == "include":
            yield from _file(scan, target, depth + 1, seen)
        else:
            yield from _folder(scan, target, depth + 1, seen)


def _folder(scan: Scan, target: str, depth: int, seen: set[str]) -> Iterator[tuple[str, str, str]]:
    """The files of an included folder: of the first that exists where several are named."""
    folder = next((part for part in target.split(":") if status_of(scan, part)), "")
    if not folder or _refused(scan, folder):
        return
    for name in names_in(scan, folder):
        # sudo leaves these out itself, so that editors' backups do not count.
        if "." in name or name.endswith("~"):
            continue
        path = f"{folder.rstrip('/')}/{name}"
        status = status_of(scan, path)
        if status is None or not stat.S_ISDIR(status.st_mode):
            yield from _file(scan, path, depth, seen)


def _host_name(scan: Scan) -> str:
    """The short name of the host; of one that does not run the name that it gets when it starts."""
    try:
        name = decode(scan.host.read("/proc/sys/kernel/hostname"))
    except OSError:
        name = configured_name(scan, expected=True)
    return name.strip(BLANKS).partition(".")[0]


def _refused(scan: Scan, path: str) -> bool:
    status = status_of(scan, path)
    why = why_refused(scan, status, group=True) if status is not None else ""
    if why:
        scan.note(f"sudo does not read {from_os(path)}: it {why}")
    return bool(why)
