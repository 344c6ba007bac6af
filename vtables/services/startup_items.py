"""The table `startup_items`: what starts with the host or a session: SysV scripts and desktop autostart files."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import names_in, status_of, text_of
from ..sources.desktop_entry import exec_words, parse_desktop
from ..sources.homes import homes, text_for
from ..sources.text import BLANKS, from_os
from ..sources.unit_syntax import is_true
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..sources.accounts import User


_SCRIPTS = "/etc/init.d"
_RUNLEVELS = ("/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rcS.d")
_CONFIG_FOLDERS = ("/etc/xdg", "/usr/local/etc/xdg", "/usr/etc/xdg", "/usr/share/gnome")
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class StartupItems(Table):
    """SysV scripts, and programs that start with a desktop session; units of systemd are in systemd_units."""

    name = Column(TEXT, "Name of the item")
    path = Column(TEXT, "Program, or the script itself")
    args = Column(TEXT, "Arguments of the program, quoted as for a shell")
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
        folders: list[tuple[str, User | None]] = [(f"{folder}/autostart", None) for folder in _config_folders(scan)]
        folders += [(f"{home}/.config/autostart", user) for user, home in homes(scan)]
        # Of files with one name that of the more important folder counts, even if it only hides the others.
        seen: set[tuple[str, str]] = set()
        for folder, user in folders:
            for file in names_in(scan, folder):
                if file.endswith(".desktop"):
                    scan.check()
                    path = f"{folder}/{file}"
                    username = user.username if user else ""
                    first = (username, file) not in seen
                    if scan.host.isfile(path):
                        seen.add((username, file))
                    text = text_for(scan, user, path) if user else text_of(scan, path)
                    if not text:
                        # Empty, which starts nothing, or not read, as a note says.
                        continue
                    fields = parse_desktop(text)
                    program, *arguments = exec_words(fields, path) or [""]
                    status = "enabled" if first and _starts(scan, fields, program) else "disabled"
                    source = from_os(folder) + "/"
                    name = fields.get("Name", "")
                    yield (name, program, _joined(arguments), "Startup Item", source, status, username)


def _config_folders(scan: Scan) -> list[str]:
    """Where sessions look: XDG_CONFIG_DIRS as a distribution sets it, those of Ubuntu's and openSUSE's too."""
    given = ""
    for line in text_of(scan, "/etc/environment", expected=False).split("\n"):
        name, _, value = line.strip(BLANKS).removeprefix("export ").partition("=")
        if name == "XDG_CONFIG_DIRS":
            given = value.strip("\"' ")
    sessions = [f"/etc/xdg/{name}" for name in names_in(scan, "/etc/xdg") if name.startswith("xdg-")]
    folders = [*given.split(":"), *_CONFIG_FOLDERS, *sessions]
    return list(dict.fromkeys([folder.rstrip("/") for folder in folders if folder.startswith("/")]))


def _starts(scan: Scan, fields: dict[str, str], program: str) -> bool:
    """Whether a session starts it; one of the desktops that OnlyShowIn names, at least."""
    if is_true(fields.get("Hidden", "")) or fields.get("Type") != "Application" or not program:
        return False
    # A program without a folder may be in one that only the session has in its PATH.
    if "/" in program and not _executable(scan, program):
        return False
    condition = fields.get("TryExec", "")
    places = [condition] if condition.startswith("/") else [f"{folder}/{condition}" for folder in _PATH]
    return not condition or any(_executable(scan, place) for place in places)


def _executable(scan: Scan, path: str) -> bool:
    """Whether the file at a path is a program."""
    status = status_of(scan, path)
    return status is not None and bool(status.st_mode & 0o111)


def _joined(arguments: list[str]) -> str:
    """The arguments as a shell would be given them."""
    from shlex import quote

    return " ".join([quote(argument) for argument in arguments])
