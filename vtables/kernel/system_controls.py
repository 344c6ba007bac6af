"""The table `system_controls`: kernel settings below /proc/sys, and what sysctl.d(5) wants them to be."""

from __future__ import annotations

from ..scan import Scan
from ..sources.sysctl_d import Configured, configured
from ..sources.text import decode, from_os
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..sources.host import Host


# No setting is longer than a page.
_LONGEST = 4096


class SystemControls(Table):
    """Kernel settings (sysctl(8)): what each is, and what is configured for it."""

    name = Column(TEXT, "Name, with dots", key=True)
    oid = Column(TEXT, "Always '': Linux numbers its settings no longer", key=True)
    subsystem = Column(TEXT, "First part of the name", key=True)
    current_value = Column(TEXT, "Value now; '' for one that can only be written")
    config_value = Column(TEXT, "Value that sysctl.d(5), and sysctl.conf where it is read, give it; '' for none")
    type = Column(TEXT, "Always string")

    identity = ("name",)
    typical_rows = 1000
    examples = ["SELECT name, current_value FROM system_controls WHERE name = 'kernel.osrelease';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        given = configured(scan) if scan.wants("config_value") else Configured(())
        root = "/proc/sys"
        scan.host.only_with("/proc")
        if scan.host.kernel_proc:
            scan.note("settings of namespaces (net, the host's name, IPC) are those of hostql's own")
        for path in _paths(scan, root):
            place = from_os(path[len(root) + 1 :])
            name = place.replace("/", ".")
            value = ""
            if scan.wants("current_value"):
                scan.tried("settings", name)
                try:
                    value = decode(scan.host.read(path, _LONGEST)).strip()
                except PermissionError:
                    # One that can only be written has nothing to be read.
                    if _readable(scan, path):
                        scan.denied("settings", name)
                except OSError:
                    pass
            yield (name, "", name.partition(".")[0], value, given.value(place), "string")


def _readable(scan: Scan, path: str) -> bool:
    """Whether anybody may read a setting."""
    try:
        return bool(scan.host.stat(path).st_mode & 0o444)
    except OSError:
        return False


def _paths(scan: Scan, root: str) -> Iterator[str]:
    names = scan.equals("name")
    if names is None:
        subsystems = scan.equals("subsystem")
        tops = [root] if subsystems is None else [f"{root}/{top}" for top in subsystems if _plain(top)]
        for top in tops:
            for folder, files in scan.host.walk(top):
                scan.check()
                yield from (f"{folder}/{file}" for file in files)
        return
    for name in names:
        if isinstance(name, str) and name and "\0" not in name:
            yield from _named(scan.host, root, name.split("."))


def _named(host: Host, folder: str, parts: list[str]) -> Iterator[str]:
    """The files that a dotted name can mean: a dot may be part of a name, as in an interface's eth0.100."""
    for end in range(1, len(parts) + 1):
        first = ".".join(parts[:end])
        if not _plain(first):
            continue
        path = f"{folder}/{first}"
        if end == len(parts):
            if host.isfile(path):
                yield path
        elif host.isdir(path):
            yield from _named(host, path, parts[end:])


def _plain(name: object) -> bool:
    return isinstance(name, str) and name not in ("", ".", "..") and "/" not in name and "\0" not in name
