"""The table `startup_items`: what starts with the host or a session: SysV scripts and desktop autostart files."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.accounts import users_of
from ..sources.configuration import text_of
from ..sources.text import from_os
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_SCRIPTS = "/etc/init.d"
_RUNLEVELS = ("/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rcS.d")
_AUTOSTART = "/etc/xdg/autostart"


class StartupItems(Table):
    """SysV scripts, and programs that start with a desktop session; units of systemd are in systemd_units."""

    name = Column(TEXT, "Name of the item")
    path = Column(TEXT, "Program, or the script itself")
    args = Column(TEXT, "Arguments of the program")
    type = Column(TEXT, "Always Startup Item")
    source = Column(TEXT, "Folder it is in, with a slash at the end")
    status = Column(TEXT, "enabled or disabled")
    username = Column(TEXT, "User whose session it starts with; '' for all")

    typical_rows = 20
    examples = ["SELECT name, path, status FROM startup_items;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        started = {
            os.path.basename(link)[3:] for folder in _RUNLEVELS for link in _listed(scan, folder) if _starts(link)
        }
        for path in _listed(scan, _SCRIPTS):
            name = os.path.basename(path)
            if os.access(scan.host.path(path), os.X_OK):
                status = "enabled" if name in started else "disabled"
                yield (from_os(name), from_os(path), "", "Startup Item", _SCRIPTS + "/", status, "")
        folders = [(_AUTOSTART, "")]
        folders += [(f"{u.directory.rstrip('/')}/.config/autostart", u.username) for u in users_of(scan)]
        for folder, user in folders:
            for path in _listed(scan, folder):
                if path.endswith(".desktop"):
                    name, command, hidden = parse_desktop(text_of(scan, path))
                    program, _, arguments = command.partition(" ")
                    status = "disabled" if hidden else "enabled"
                    yield (name, program, arguments, "Startup Item", from_os(folder) + "/", status, user)


def parse_desktop(text: str) -> tuple[str, str, bool]:
    r"""(name, command, whether it is turned off) of a desktop entry file.

    >>> parse_desktop("[Desktop Entry]\nName=A\nExec=/bin/a -x\nHidden=true\n[Desktop Action b]\nName=B\n")
    ('A', '/bin/a -x', True)
    """
    fields: dict[str, str] = {}
    section = ""
    for line in text.split("\n"):
        if line.startswith("["):
            section = line.strip()
        elif section == "[Desktop Entry]":
            name, equals, value = line.partition("=")
            if equals:
                fields.setdefault(name.strip(), value.strip())
    return fields.get("Name", ""), fields.get("Exec", ""), fields.get("Hidden", "").lower() == "true"


def _starts(link: str) -> bool:
    return os.path.basename(link)[:1] == "S"


def _listed(scan: Scan, folder: str) -> list[str]:
    scan.tried("directories", folder)
    try:
        return [f"{folder}/{name}" for name in sorted(os.listdir(scan.host.path(folder)))]
    except PermissionError:
        scan.denied("directories", folder)
    except OSError:
        pass
    return []
