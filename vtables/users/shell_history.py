"""The table `shell_history`: what users typed at their shells."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import bytes_of, glob_in, text_of, understood
from ..sources.homes import homes
from ..sources.keepers import Keeper
from ..sources.shell_history import parse_history
from ..sources.shell_settings import assigned
from ..sources.text import from_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..sources.accounts import User


# Where shells keep their history, and which shell it is of where the name tells.
_FILES = {
    ".bash_history": "bash",
    ".zsh_history": "zsh",
    ".zhistory": "zsh",
    ".histfile": "zsh",
    ".history": "",
    ".sh_history": "",
    ".ash_history": "sh",
    ".mksh_history": "",
    ".config/zsh/.zsh_history": "zsh",
    ".local/share/zsh/history": "zsh",
    ".local/state/zsh/history": "zsh",
    ".local/state/bash/history": "bash",
}
# fish has a file for each of its sessions' names.
_FISH = (".local/share/fish", ".config/fish")
# Where HISTFILE is set, and by which shell: the host's files, and below a home.
_SYSTEM = {
    "/etc/environment": "",
    "/etc/profile": "",
    "/etc/profile.d/*.sh": "",
    "/etc/bash.bashrc": "bash",
    "/etc/bashrc": "bash",
    **{f"/etc/{folder}{name}": "zsh" for folder in ("zsh/", "") for name in ("zshenv", "zprofile", "zshrc", "zlogin")},
    "/etc/ksh.kshrc": "",
    "/etc/mkshrc": "",
    "/etc/csh.cshrc": "csh",
    "/etc/csh.login": "csh",
}
_ZSH = (".zshenv", ".zprofile", ".zshrc", ".zlogin")
_STARTUP = {
    **{f".bash{name}": "bash" for name in ("rc", "_profile", "_login", "_aliases", "rc.d/*")},
    ".profile": "",
    ".kshrc": "",
    ".mkshrc": "",
    **{f".{name}": "csh" for name in ("cshrc", "tcshrc", "login")},
}
# What these are where nothing is set, below a home.
_VARIABLES = {"STATE": ".local/state", "DATA": ".local/share", "CONFIG": ".config", "CACHE": ".cache"}


class ShellHistory(Table):
    """Commands in the history files of local users' shells: bash, zsh, fish, ksh, mksh, tcsh, busybox.

    A file elsewhere is read if a start-up file sets HISTFILE to a path in the home directory, else a note names it.
    """

    uid = Column(BIGINT, "User whose history it is", key=True)
    time = Column(INTEGER, "When it was typed, in Unix seconds; 0 where the shell kept no time")
    command = Column(TEXT, "What was typed; of several lines where the shell kept them together")
    history_file = Column(TEXT, "File it is in")

    typical_rows = 1000
    examples = ["SELECT u.username, h.command FROM shell_history h JOIN users u USING (uid) LIMIT 10;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        seen = set()
        for user, home in homes(scan):
            keeper = Keeper(user.uid, home, public=False)
            for path, shell in _files(scan, user, home, keeper).items():
                if (user.uid, path) in seen:
                    continue
                seen.add((user.uid, path))
                raw = bytes_of(scan, path, expected=False, keeper=keeper)
                for time, command in understood(scan, path, parse_history(raw, shell)):
                    yield user.uid, time, command, from_os(path)


def _files(scan: Scan, user: User, home: str, keeper: Keeper) -> dict[str, str]:
    """The files that may be there, with the shell of each: which a start-up file tells, or else the name."""
    found = {f"{home}/{name}": shell for name, shell in _FILES.items()}
    for folder in _FISH:
        try:
            names = sorted(scan.host.listdir(f"{home}/{folder}"))
        except PermissionError:
            # The one that is always there; a note counts it.
            names = ["fish_history"]
        except OSError:
            continue
        found.update({f"{home}/{folder}/{name}": "fish" for name in names if name.endswith("_history")})
    told: dict[str, str] = {}
    for path, shell in _set(scan, user, home, keeper):
        # Where several shells have one file, its form decides.
        told[path] = shell if told.get(path, shell) == shell else ""
    return {**found, **told}


def _set(scan: Scan, user: User, home: str, keeper: Keeper) -> Iterator[tuple[str, str]]:
    """(path, shell) of the files in the home that start-up files name; a note for each that is not in it."""
    variables = {"HOME": home, "USER": user.username, "LOGNAME": user.username, "ZDOTDIR": home}
    variables.update({f"XDG_{name}_HOME": f"{home}/{place}" for name, place in _VARIABLES.items()})
    for file, text, shell in _startup(scan, home, keeper, variables):
        for _, raw, value in assigned(text, ("histfile",) if shell == "csh" else ("HISTFILE",), variables):
            path = raw.replace('"', "").replace("'", "") if value is None else value
            if value is not None and path.startswith(f"{home}/") and not {"..", "."} & set(path.split("/")):
                yield path, "" if shell == "csh" else shell
            elif path:
                shown = "~" + path[len(home) :] if path.startswith(f"{home}/") else path
                scan.note(f"{from_os(file)} sets HISTFILE to {shown}, which is not read")
    if variables.get("ZDOTDIR", home) != home:
        yield f"{variables['ZDOTDIR']}/.zsh_history", "zsh"


def _startup(scan: Scan, home: str, keeper: Keeper, variables: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(path, text, shell) of the start-up files; where zsh has its own, what ran before decides (ZDOTDIR)."""
    yield from scan.shared("startup", lambda: list(_system(scan)))
    for name, shell in _STARTUP.items():
        folder, star, _ = f"{home}/{name}".partition("/*")
        for path in [folder] if not star else glob_in(scan, f"{folder}/*") if scan.host.isdir(folder) else []:
            yield path, text_of(scan, path, expected=False, keeper=keeper), shell
    read = set()
    for name in _ZSH:
        for folder in dict.fromkeys([home, variables.get("ZDOTDIR", home)]):
            path = f"{folder}/{name}"
            if path.startswith(f"{home}/") and path not in read:
                read.add(path)
                yield path, text_of(scan, path, expected=False, keeper=keeper), "zsh"


def _system(scan: Scan) -> Iterator[tuple[str, str, str]]:
    """The host's own start-up files that say something about a history."""
    for pattern, shell in _SYSTEM.items():
        for path in glob_in(scan, pattern) if "*" in pattern else [pattern]:
            text = text_of(scan, path, expected=False)
            if any(name in text for name in ("HISTFILE", "histfile", "ZDOTDIR")):
                yield path, text, shell
