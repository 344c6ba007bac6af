"""Unit files of systemd as they lie on disk (systemd.unit(5)): which there are, what they say, which are enabled."""

from __future__ import annotations

import os

from .configuration import names_in, text_of
from .text import lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

    Sections = dict[str, dict[str, list[str]]]

# From the one that wins to the one that is overridden.
FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")
_KINDS = (".service", ".socket", ".timer", ".mount", ".automount", ".swap", ".target", ".path", ".slice", ".scope")


def parse_unit(text: str) -> Sections:
    r"""{section: {setting: values}}; a line that ends in a backslash goes on in the next.

    >>> parse_unit("[Unit]\nDescription=A\n# x\n[Timer]\nOnCalendar=daily\nOnCalendar=Mon\n")
    {'Unit': {'Description': ['A']}, 'Timer': {'OnCalendar': ['daily', 'Mon']}}
    """
    found: Sections = {}
    section: dict[str, list[str]] = {}
    for line in lines(text.replace("\\\n", " ")):
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = found.setdefault(line[1:-1], {})
        elif line and line[0] not in "#;":
            name, equals, value = line.partition("=")
            if equals:
                section.setdefault(name.strip(), []).append(value.strip())
    return found


class UnitFile:
    """One unit: its id, the file that counts for it, where a link leads, and whether it is enabled."""

    __slots__ = ("id", "path", "state", "target")

    def __init__(self, id: str, path: str, target: str, state: str) -> None:
        self.id = id
        self.path = path
        self.target = target
        self.state = state


def unit_files(scan: Scan, kinds: tuple[str, ...] = _KINDS) -> list[UnitFile]:
    """The units that have a file, by id."""
    found: dict[str, UnitFile] = {}
    enabled: set[str] = set()
    for folder in FOLDERS:
        for name in names_in(scan, folder):
            path = f"{folder}/{name}"
            if name.endswith((".wants", ".requires")):
                enabled.update(names_in(scan, path) if not folder.startswith("/usr") else ())
            elif name.endswith(kinds) and name not in found:
                found[name] = UnitFile(name, path, _target(scan, path), "")
    for unit in found.values():
        unit.state = _state(scan, unit, enabled)
    return [found[id] for id in sorted(found)]


def sections_of(scan: Scan, unit: UnitFile) -> Sections:
    """What the unit's file says."""
    return parse_unit(text_of(scan, unit.target, expected=False)) if unit.target != "/dev/null" else {}


def _state(scan: Scan, unit: UnitFile, enabled: set[str]) -> str:
    """As systemctl(1) names it: masked, alias, enabled, disabled or static."""
    if unit.target == "/dev/null":
        return "masked"
    if os.path.basename(unit.target) != unit.id and unit.id.partition("@")[0] != _template(unit.target):
        return "alias"
    if unit.id in enabled:
        return "enabled"
    return "disabled" if "Install" in sections_of(scan, unit) else "static"


def _template(path: str) -> str:
    name = os.path.basename(path)
    return name.partition("@")[0] if "@." in name else ""


def _target(scan: Scan, path: str) -> str:
    """The file a link leads to, as the host names it; the path itself where it is no link."""
    try:
        linked = os.readlink(scan.host.path(path))
    except OSError:
        return path
    return os.path.normpath(os.path.join(os.path.dirname(path), linked))
