"""Unit files of systemd as they lie on disk (systemd.unit(5)): which there are, what they say, which are enabled."""

from __future__ import annotations

import os

from .configuration import names_in, text_of
from .text import lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

    Sections = dict[str, dict[str, list[str]]]

# From the one that wins to the one that is overridden (systemd.unit(5), UNIT FILE LOAD PATH).
FOLDERS = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
)
_KINDS = (".service", ".socket", ".timer", ".mount", ".automount", ".swap", ".target", ".path", ".slice", ".scope")


def parse_unit(text: str) -> Sections:
    r"""{section: {setting: values}}; a line that ends in a backslash goes on in the next, an empty value clears.

    >>> parse_unit("[Unit]\nDescription=A\n# x\n[Timer]\nOnCalendar=daily\nOnCalendar=\nOnCalendar=Mon\n")
    {'Unit': {'Description': ['A']}, 'Timer': {'OnCalendar': ['Mon']}}
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
                values = section.setdefault(name.strip(), [])
                if value.strip():
                    values.append(value.strip())
                else:
                    values.clear()
    return found


class UnitFile:
    """A unit that has a file: its id, the file that counts for it, and where that leads if it is a link."""

    __slots__ = ("_scan", "_sections", "id", "path", "state", "target")

    def __init__(self, scan: Scan, id: str, path: str) -> None:
        self._scan = scan
        self._sections: Sections | None = None
        self.id = id
        self.path = path
        self.target = _target(scan, path)
        self.state = ""

    @property
    def masked(self) -> bool:
        return self.target == "/dev/null" or not self._text.strip()

    @property
    def sections(self) -> Sections:
        """What the file and its drop-ins say, as one text."""
        if self._sections is None:
            drop_ins = [text_of(self._scan, path, expected=False) for path in _drop_ins(self._scan, self.id)]
            self._sections = parse_unit("\n".join([self._text, *drop_ins]))
        return self._sections

    def last(self, section: str, name: str, default: str = "") -> str:
        """The value of a setting: the last that is given."""
        return (self.values(section, name) or [default])[-1]

    def values(self, section: str, name: str) -> list[str]:
        """The values of a setting that adds up."""
        return self.sections.get(section, {}).get(name, [])

    @property
    def _text(self) -> str:
        return "" if self.target == "/dev/null" else text_of(self._scan, self.target, expected=False)


def unit_files(scan: Scan, kinds: tuple[str, ...] = _KINDS) -> list[UnitFile]:
    """The units that have a file, by id, with their state as systemctl(1) names it."""
    found: dict[str, UnitFile] = {}
    wanted: dict[str, set[str]] = {"/etc": set(), "/run": set()}
    for folder in FOLDERS:
        for name in sorted(_names(scan, folder)):
            path = f"{folder}/{name}"
            if name.endswith((".wants", ".requires", ".upholds")):
                if folder in ("/etc/systemd/system", "/run/systemd/system"):
                    wanted[folder[:4]].update(names_in(scan, path))
            elif name.endswith(kinds) and name not in found:
                found[name] = UnitFile(scan, name, path)
    # An alias counts as enabling what it leads to, if that declares it.
    for unit in found.values():
        leads_to = found.get(os.path.basename(unit.target))
        if leads_to is None or leads_to is unit or unit.path[:4] not in wanted:
            continue
        if unit.id in " ".join(leads_to.values("Install", "Alias")).split():
            wanted[unit.path[:4]].add(leads_to.id)
    for unit in found.values():
        unit.state = _state(unit, wanted)
    return [found[id] for id in sorted(found)]


def _state(unit: UnitFile, wanted: dict[str, set[str]]) -> str:
    folder = os.path.dirname(unit.path)
    name = os.path.basename(unit.target)
    if folder == "/run/systemd/transient":
        return "transient"
    if unit.masked:
        return "masked-runtime" if folder.startswith("/run/") else "masked"
    if folder.startswith("/run/systemd/generator"):
        return "generated"
    if name != unit.id and unit.id.partition("@")[0] != _template(unit.target):
        return "alias"
    for place, state in (("/etc", "enabled"), ("/run", "enabled-runtime")):
        if unit.id in wanted[place]:
            return state
        instances = [each for each in wanted[place] if "@." in unit.id and _template_of(each) == unit.id]
        if instances:
            default = unit.id.replace("@.", f"@{unit.last('Install', 'DefaultInstance')}.")
            return state if default in instances else "indirect"
    if os.path.dirname(unit.target) not in FOLDERS:
        return "linked-runtime" if folder.startswith("/run/") else "linked"
    if any(unit.values("Install", name) for name in ("Alias", "WantedBy", "RequiredBy", "UpheldBy")):
        return "disabled"
    return "indirect" if unit.values("Install", "Also") else "static"


def _template_of(id: str) -> str:
    """getty@.service of getty@tty1.service."""
    before, at, after = id.partition("@")
    return f"{before}@.{after.rpartition('.')[2]}" if at else ""


def _drop_ins(scan: Scan, id: str) -> list[str]:
    """The drop-ins of a unit (UNIT.d/*.conf), in the order they count; of one name that of the first folder."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        if f"{id}.d" in _names(scan, folder):
            for name in names_in(scan, f"{folder}/{id}.d"):
                if name.endswith(".conf"):
                    found.setdefault(name, f"{folder}/{id}.d/{name}")
    return [found[name] for name in sorted(found)]


def _names(scan: Scan, folder: str) -> frozenset[str]:
    """What is in a folder of units, listed once a statement."""
    return scan.shared(("units", folder), lambda: frozenset(names_in(scan, folder)))


def _template(path: str) -> str:
    name = os.path.basename(path)
    return name.partition("@")[0] if "@." in name else ""


def _target(scan: Scan, path: str) -> str:
    """The file a link leads to, as the host names it; the path itself where it is no link."""
    try:
        linked = scan.host.readlink(path)
    except OSError:
        return path
    target = os.path.normpath(os.path.join(os.path.dirname(path), linked))
    # Where /lib is a link to /usr/lib, both are the same place.
    return f"/usr{target}" if target.startswith("/lib/systemd/") else target
