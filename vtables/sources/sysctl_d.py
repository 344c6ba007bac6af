"""What sysctl.d(5) wants the kernel's settings to be: which files are read, what they say, which line wins.

Checked against systemd-sysctl 257. Names are paths below /proc/sys, since a part of a name may have dots of its own.
"""

from __future__ import annotations

from .configuration import names_in, status_of, text_of, understood
from .os_release import distributions
from .text import BLANKS, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..scan import Scan

# From the one that is overridden to the one that wins.
_FOLDERS = ("/lib/sysctl.d", "/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d", "/run/sysctl.d", "/etc/sysctl.d")
_SYSTEMD = ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl", "/usr/lib/systemd/systemd")
# Distributions that systemd starts, by the ID of os-release: an image of one may lack systemd itself.
_STARTED_BY_SYSTEMD = frozenset(
    "debian ubuntu raspbian linuxmint pop fedora rhel centos rocky almalinux ol amzn arch manjaro"
    " opensuse-leap opensuse-tumbleweed sles".split()
)
# The credential sysctl.extra (systemd-sysctl(8)): of these the first.
_CREDENTIALS = (
    "/run/credentials/systemd-sysctl.service",
    "/run/credentials/@system",
    "/etc/credstore",
    "/run/credstore",
    "/usr/lib/credstore",
)


def parse_sysctl(text: str) -> Iterator[tuple[str, str | None] | None]:
    r"""(path, value) of each line; the value is None for a path that globs must leave alone. None for a broken line.

    >>> list(parse_sysctl("# x\nnet.ipv4.conf.a/b.x = 1\nnet/ipv4/conf/a.b/x=2\n-kernel.a=b\n-vm.b\njunk\n"))
    [('net/ipv4/conf/a.b/x', '1'), ('net/ipv4/conf/a.b/x', '2'), ('kernel/a', 'b'), ('vm/b', None), None]
    """
    for line in lines(text):
        line = line.strip(BLANKS)
        if not line or line[0] in "#;":
            continue
        name, equals, value = line.partition("=")
        path = _path(name[name.startswith("-") :].strip(BLANKS))
        if path and (equals or line.startswith("-")):
            yield path, value.strip(BLANKS) if equals else None
        else:
            yield None


def _path(name: str) -> str:
    """Where the first separator is a dot, dots and slashes stand for each other (sysctl.d(5))."""
    first = next((letter for letter in name if letter in "./"), "/")
    if first == ".":
        name = name.translate({ord("."): "/", ord("/"): "."})
    return "/".join([part for part in name.split("/") if part])


class Configured:
    """The values that lines give to settings.

    >>> found = Configured([("net/conf/*/x", "2"), ("net/conf/lo/x", "1"), ("net/conf/all/x", None)])
    >>> found.value("net/conf/eth0/x"), found.value("net/conf/lo/x"), found.value("net/conf/all/x")
    ('2', '1', '')
    """

    def __init__(self, given: Iterable[tuple[str, str | None]]) -> None:
        self._given: dict[str, str | None] = {}
        for path, value in given:
            # A glob that is given again counts from there on, unless it says the same.
            if path not in self._given or self._given[path] != value:
                self._given.pop(path, None)
                self._given[path] = value
        globs = [(path, value) for path, value in self._given.items() if any(letter in path for letter in "*?[")]
        self._globs = [(path, value) for path, value in reversed(globs) if value is not None]

    def value(self, path: str) -> str:
        """The value for a setting; '' for none. A line with its name wins over every glob."""
        if path in self._given:
            return self._given[path] or ""
        return next((value for pattern, value in self._globs if _fits(pattern, path)), "")


def _fits(pattern: str, path: str) -> bool:
    """As glob(7): a wildcard matches no slash and no dot at the beginning of a part."""
    from fnmatch import fnmatchcase

    wanted, parts = pattern.split("/"), path.split("/")
    return len(wanted) == len(parts) and all(
        fnmatchcase(part, each) and (part[:1] != "." or each[:1] == ".") for each, part in zip(wanted, parts)
    )


def configured(scan: Scan) -> Configured:
    """What the files of the scanned host give to its settings."""
    found: list[tuple[str, str | None]] = []
    for path in _files(scan):
        found += understood(scan, path, parse_sysctl(text_of(scan, path, expected=False)))
    return Configured(found)


def _files(scan: Scan) -> list[str]:
    """By name, whichever the folder; of one name that of the folder that wins."""
    files: dict[str, str] = {}
    for folder in _FOLDERS:
        names = [name for name in names_in(scan, folder) if name.endswith(".conf") and not name.startswith(".")]
        files.update({name: f"{folder}/{name}" for name in names})
    found = [files[name] for name in sorted(files)]
    if not _has_systemd(scan):
        return [*found, "/etc/sysctl.conf"]
    # systemd reads it only where a link in sysctl.d leads to it.
    if status_of(scan, "/etc/sysctl.conf") is not None and not _links_to_sysctl_conf(scan, found):
        scan.note("/etc/sysctl.conf is not read by systemd-sysctl: no link in sysctl.d leads to it")
    credentials = [f"{folder}/sysctl.extra" for folder in _CREDENTIALS]
    return found + [path for path in credentials if status_of(scan, path) is not None][:1]


def _links_to_sysctl_conf(scan: Scan, files: list[str]) -> bool:
    conf = status_of(scan, "/etc/sysctl.conf")
    places = [status_of(scan, path) for path in files]
    return any(place is not None and conf is not None and place.st_ino == conf.st_ino for place in places)


def _has_systemd(scan: Scan) -> bool:
    if any(status_of(scan, path) is not None for path in _SYSTEMD):
        return True
    return any(name in _STARTED_BY_SYSTEMD for name in distributions(scan)[:1])
