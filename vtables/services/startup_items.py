"""The table `startup_items`: what starts with the host or a session: SysV scripts and desktop autostart files."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import names_in, status_of, text_of
from ..sources.desktop_entry import exec_words, parse_desktop
from ..sources.homes import homes
from ..sources.keepers import Keeper
from ..sources.text import BLANKS, from_os
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


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
        folders: list[tuple[str, str, Keeper | None]]
        folders = [(f"{folder}/autostart", "", None) for folder in _config_folders(scan)]
        for user, home in homes(scan):
            folders.append((f"{home}/.config/autostart", user.username, Keeper(user.uid, home)))
        for folder, username, keeper in folders:
            for file in names_in(scan, folder):
                if file.endswith(".desktop"):
                    scan.check()
                    fields = parse_desktop(text_of(scan, f"{folder}/{file}", keeper=keeper))
                    program, *arguments = exec_words(fields, f"{folder}/{file}") or [""]
                    status = "enabled" if program and _starts(scan, fields) else "disabled"
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


def _starts(scan: Scan, fields: dict[str, str]) -> bool:
    """Whether a session starts it; one of the desktops that OnlyShowIn names, at least."""
    if fields.get("Hidden", "").lower() in ("true", "1") or fields.get("Type", "Application") != "Application":
        return False
    program = fields.get("TryExec", "")
    places = [program] if program.startswith("/") else [f"{folder}/{program}" for folder in _PATH]
    return not program or any(_executable(scan, place) for place in places)


def _executable(scan: Scan, path: str) -> bool:
    """Whether the file at a path is a program."""
    status = status_of(scan, path)
    return status is not None and bool(status.st_mode & 0o111)


def _joined(arguments: list[str]) -> str:
    """The arguments as a shell would be given them."""
    from shlex import quote

    return " ".join([quote(argument) for argument in arguments])
