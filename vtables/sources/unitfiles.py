"""Unit files of systemd as they lie on disk (systemd.unit(5)): which there are, what they say, which are enabled."""

from __future__ import annotations

import os
import stat

from .configuration import names_in, status_of, text_of
from .text import words
from .unit_syntax import UnitName, expand, is_unit_name, parse_unit, values_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..scan import Scan
    from .unit_syntax import Assignment

# From the one that wins to the one that is overridden (systemd.unit(5), UNIT FILE LOAD PATH).
FOLDERS = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
# Where systemctl enables and links units.
_OWN = ("/etc/systemd/system", "/run/systemd/system")
KINDS = (
    *(".service", ".socket", ".timer", ".mount", ".automount", ".swap"),
    *(".target", ".path", ".slice", ".scope", ".device"),
)
_NULL = "/dev/null"
_MASKED, _MISSING = "masked", "missing"
# As many links as the kernel follows.
_MOST_LINKS = 40


class UnitFile:
    """A unit that has a file: its id, that file, and the state that systemctl(1) names.

    `alias_of` is the unit that it is another name of, '' for none; `target` the file that it leads to.
    """

    __slots__ = ("_assignments", "_broken", "_units", "alias_of", "id", "path", "state", "target")

    def __init__(self, units: _Units, id: str, path: str) -> None:
        self._units = units
        self._assignments: list[Assignment] | None = None
        self._broken = False
        self.id = id
        self.path = path
        self.target = _target(units.scan, path)
        self.alias_of = _alias(id, self.target)
        self.state = ""

    @property
    def main_id(self) -> str:
        """The id that systemd loads the unit by: of an alias that of what it leads to."""
        return self._units.main_id(self.id)

    @property
    def main_path(self) -> str:
        """The file that counts for the unit; '' where there is none."""
        found = self._units.file(self.main_id)
        return found.path if found is not None else ""

    @property
    def masked(self) -> bool:
        return self._units.status(self.main_id) == _MASKED

    @property
    def missing(self) -> bool:
        """Whether it is a link that leads to nothing."""
        return self._units.status(self.main_id) == _MISSING

    @property
    def broken(self) -> bool:
        """Whether systemd gives its own file up."""
        return self.assignments is not None and self._broken

    @property
    def assignments(self) -> list[Assignment]:
        """What the file and its drop-ins say, in the order that counts."""
        if self._assignments is None:
            self._assignments = found = []
            for place, path in enumerate(self._units.files_of(self.main_id)):
                for each in parse_unit(text_of(self._units.scan, path, expected=False)):
                    if each is None:
                        # Of a drop-in, what comes after is lost, and nothing else.
                        self._broken = self._broken or place == 0
                    else:
                        found.append(each)
        return self._assignments

    def last(self, section: str, name: str, default: str = "") -> str:
        """The value of a setting, with the specifiers that the unit's name answers: the last that is given."""
        return self.expanded((self.values(section, name) or [default])[-1])

    def expanded(self, value: str) -> str:
        """A value with its specifiers; as it stands for a template, which has no instance."""
        return value if "@." in self.main_id else expand(value, self.main_id)

    def raw(self, section: str, name: str) -> list[str]:
        """All that a setting is given with its specifiers; without the '' that clears, but with one they make."""
        given = [value for there, setting, value in self.assignments if (there, setting) == (section, name)]
        return [self.expanded(value) for value in given if value]

    def values(self, section: str, name: str, cleared_by: Sequence[str] = ()) -> list[str]:
        """The values of a setting that adds up."""
        return values_of(self.assignments, section, name, cleared_by)


class _Units:
    """The unit files of a host by id, those that count."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        self.folders = [folder for folder in FOLDERS if folder[:5] != "/lib/" or _link(scan, "/lib") is None]
        self.by_id: dict[str, UnitFile] = {}
        self._aliases: dict[str, list[str]] = {}
        for folder in self.folders:
            for name in sorted(self._names(folder)):
                if name.endswith(KINDS) and name not in self.by_id and is_unit_name(name):
                    self.by_id[name] = UnitFile(self, name, f"{folder}/{name}")
        for id, unit in self.by_id.items():
            if unit.alias_of:
                self._aliases.setdefault(self.main_id(id), []).append(id)

    def main_id(self, id: str) -> str:
        for _ in range(_MOST_LINKS):
            unit = self.file(id)
            if unit is None or not unit.alias_of:
                break
            template = UnitName(unit.alias_of)
            instance = UnitName(id).instance
            id = template.instantiated(instance) if instance and template.instance == "" else unit.alias_of
        return id

    def status(self, id: str) -> str:
        """What there is of a unit's own file: _MASKED, _MISSING, or '' for one to be read."""
        unit = self.file(id)
        if unit is None:
            return _MISSING
        if unit.target == _NULL:
            return _MASKED
        found = status_of(self.scan, unit.target)
        if found is None or stat.S_ISDIR(found.st_mode):
            return _MISSING
        return "" if found.st_size else _MASKED

    def files_of(self, id: str) -> list[str]:
        """The files that a unit's settings come from: its own, then its drop-ins."""
        unit = self.file(id)
        if unit is None or self.status(id):
            return []
        return [unit.target, *self._drop_ins(id)]

    def entries(self, suffix: str) -> Iterator[tuple[str, str]]:
        """(folder, name) of what is in the folders under a name of that ending."""
        for folder in self.folders:
            yield from ((folder, name) for name in sorted(self._names(folder)) if name.endswith(suffix))

    def file(self, id: str) -> UnitFile | None:
        """The file that counts for a unit; of an instance without one, or with a link to its template, that of it."""
        unit, template = self.by_id.get(id), UnitName(id).template
        if unit is None or (template and os.path.basename(unit.target) == template and _in_folders(unit.target)):
            return self.by_id.get(template)
        return unit

    def _drop_ins(self, id: str) -> list[str]:
        """The drop-ins of a unit, in the order they count: those of its own name, of its aliases, of its type.

        Of several with one name the first counts; one that leads to /dev/null masks the others.
        """
        name = UnitName(id)
        groups = [name.drop_in_names()]
        groups += [UnitName(alias).drop_in_names() for alias in self._aliases_of(name)]
        groups.append([name.type])
        found: dict[str, str] = {}
        for names in groups:
            for folder in self.folders:
                there = self._names(folder)
                for each in names:
                    if f"{each}.d" in there:
                        for file in names_in(self.scan, f"{folder}/{each}.d"):
                            if file.endswith(".conf") and not file.startswith("."):
                                found.setdefault(file, f"{folder}/{each}.d/{file}")
        return [found[name] for name in sorted(found)]

    def _aliases_of(self, name: UnitName) -> list[str]:
        """The other names of a unit: of an instance of a template those of the template, with the instance."""
        found = list(self._aliases.get(name.id, ()))
        unit = self.file(name.id)
        if name.template and unit is not None and unit.id == name.template:
            found += [UnitName(alias).instantiated(name.instance or "") for alias in self._aliases.get(unit.id, ())]
        return found

    def _names(self, folder: str) -> frozenset[str]:
        """What is in a folder of units, listed once a statement."""
        return self.scan.shared(("units", folder), lambda: frozenset(names_in(self.scan, folder)))


def unit_files(scan: Scan, kinds: tuple[str, ...] = KINDS) -> list[UnitFile]:
    """The units that have a file, by id, with their state as systemctl(1) names it."""
    units = _Units(scan)
    wanted = _wanted(units)
    aliased = {unit.alias_of for unit in units.by_id.values() if os.path.dirname(unit.path) in _OWN}
    found = [units.by_id[id] for id in sorted(units.by_id) if id.endswith(kinds)]
    for unit in found:
        unit.state = _state(unit, wanted, aliased)
    return found


def _wanted(units: _Units) -> dict[str, set[str]]:
    """What is linked into the folders of what starts it: in /etc, and in /run until the next boot."""
    found: dict[str, set[str]] = {"/etc": set(), "/run": set()}
    for suffix in (".wants", ".requires", ".upholds"):
        for folder, name in units.entries(suffix):
            if folder in _OWN:
                found[folder[:4]].update(names_in(units.scan, f"{folder}/{name}"))
    # An alias counts as enabling what it leads to, if that declares it.
    for alias in units.by_id.values():
        unit = units.by_id.get(alias.alias_of)
        if unit is not None and alias.path[:4] in found and alias.id in _words(unit, "Alias"):
            found[alias.path[:4]].add(unit.id)
    return found


def _state(unit: UnitFile, wanted: dict[str, set[str]], aliased: set[str]) -> str:
    folder = os.path.dirname(unit.path)
    if folder == "/run/systemd/transient":
        return "transient"
    if unit.masked:
        return "masked-runtime" if unit.main_path.startswith("/run/") else "masked"
    if unit.missing:
        return "bad"
    if folder.startswith("/run/systemd/generator"):
        return "generated"
    name = UnitName(unit.id)
    if os.path.basename(unit.target) not in (unit.id, name.template):
        # A link of an instance to the template of another name is none of the kinds that systemctl knows.
        return "static" if name.instance and UnitName(unit.alias_of).instance == "" else "alias"
    for place, state in (("/etc", "enabled"), ("/run", "enabled-runtime")):
        if unit.id in wanted[place]:
            return state
        instances = [each for each in wanted[place] if name.instance == "" and UnitName(each).template == unit.id]
        if instances:
            default = name.instantiated(unit.last("Install", "DefaultInstance"))
            return state if default in instances else "indirect"
    if unit.id in aliased:
        return "indirect"
    if folder in _OWN and not _in_folders(unit.target):
        return "linked-runtime" if folder.startswith("/run/") else "linked"
    if name.instance and os.path.basename(unit.target) == name.template and folder not in _OWN:
        return "static"
    if any(_words(unit, setting) for setting in ("Alias", "WantedBy", "RequiredBy", "UpheldBy")):
        return "disabled"
    return "indirect" if _words(unit, "Also") else "static"


def _words(unit: UnitFile, name: str) -> list[str]:
    """The units that a setting of [Install] lists."""
    return words(" ".join(unit.values("Install", name)))


def _alias(id: str, target: str) -> str:
    """The unit that one is another name of, by what its link leads to; '' where it is its own, or its own template."""
    name = os.path.basename(target)
    if not _in_folders(target) or name in (id, UnitName(id).template):
        return ""
    return name if UnitName(name).type == UnitName(id).type else ""


def _target(scan: Scan, path: str) -> str:
    """The file that a unit's file leads to, as the host names it: itself, or the first of the unit folders it links to
    under another name."""
    name, target = os.path.basename(path), path
    for _ in range(_MOST_LINKS):
        linked = _link(scan, target)
        if linked is None:
            break
        target = os.path.normpath(os.path.join(os.path.dirname(target), linked))
        # Where /lib is a link to /usr/lib, both are the same place.
        if target.startswith("/lib/systemd/") and _link(scan, "/lib") is not None:
            target = f"/usr{target}"
        if target == _NULL or (_in_folders(target) and os.path.basename(target) != name):
            break
    return target


def _in_folders(path: str) -> bool:
    return os.path.dirname(path) in FOLDERS


def _link(scan: Scan, path: str) -> str | None:
    try:
        return scan.host.readlink(path)
    except OSError:
        return None
