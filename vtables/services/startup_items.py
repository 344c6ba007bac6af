"""The table `startup_items`: what starts with the host or a session: SysV scripts and desktop autostart files."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import names_in, text_of
from ..sources.homes import homes
from ..sources.text import from_os, lines
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
        started = {link[3:] for folder in _RUNLEVELS for link in names_in(scan, folder) if link.startswith("S")}
        for name in names_in(scan, _SCRIPTS):
            path = f"{_SCRIPTS}/{name}"
            if _executable(scan, path):
                status = "enabled" if name in started else "disabled"
                yield (from_os(name), from_os(path), "", "Startup Item", _SCRIPTS + "/", status, "")
        folders = [(_AUTOSTART, "")]
        folders += [(f"{home}/.config/autostart", user.username) for user, home in homes(scan)]
        for folder, username in folders:
            for file in names_in(scan, folder):
                if file.endswith(".desktop"):
                    scan.check()
                    name, command, hidden = parse_desktop(text_of(scan, f"{folder}/{file}"))
                    program, _, arguments = command.partition(" ")
                    status = "disabled" if hidden else "enabled"
                    yield (name, program, arguments, "Startup Item", from_os(folder) + "/", status, username)


def _executable(scan: Scan, path: str) -> bool:
    """Whether init would run a script."""
    try:
        return bool(scan.host.stat(path).st_mode & 0o111)
    except OSError:
        return False


def parse_desktop(text: str) -> tuple[str, str, bool]:
    r"""(name, command, whether it is turned off) of a desktop entry file.

    >>> parse_desktop("[Desktop Entry]\nName=A\nExec=/bin/a -x\nHidden=true\n[Desktop Action b]\nName=B\n")
    ('A', '/bin/a -x', True)
    """
    fields: dict[str, str] = {}
    section = ""
    for line in lines(text):
        if line.startswith("["):
            section = line.strip()
        elif section == "[Desktop Entry]":
            name, equals, value = line.partition("=")
            if equals:
                fields.setdefault(name.strip(), value.strip())
    return fields.get("Name", ""), fields.get("Exec", ""), fields.get("Hidden", "").lower() == "true"
