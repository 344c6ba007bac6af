"""`Catalog`: which tables and functions there are, known without importing any of them.

The folders beside this file are the subjects, a file in them is a table. Other packages add tables by the entry point
group `hostql.tables`: each entry's name is the table's, its value the `Table` class.
"""

from __future__ import annotations

import os
import sys

from .errors import ConfigError, HostqlError
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from typing_extensions import TypeGuard

ENTRY_POINTS = "hostql.tables"
_NO_SUBJECTS = ("files", "functions", "sources")


class Catalog:
    """The tables by name: where each is declared, and the class once somebody needed it."""

    def __init__(self, rooms: Mapping[str, tuple[str, str]] | None = None) -> None:
        """`rooms` are further subjects, of rooms above this one: {subject: (package, folder)}."""
        self._subjects = _own_tables(os.path.dirname(os.path.abspath(__file__)))
        self._packages: dict[str, str] = {}
        for subject, (package, folder) in (rooms or {}).items():
            self._packages[subject] = package
            self._subjects.update(_tables_in(folder, subject))
        self._foreign = _foreign_tables(self._subjects)
        self._loaded: dict[str, type[Table]] = {}

    def include(self, subject: str, package: str, folder: str) -> None:
        """Further tables, of a room above this one: the files of a folder, which are modules of a package."""
        self._packages[subject] = package
        self._subjects.update(_tables_in(folder, subject))
        self._foreign = {name: target for name, target in self._foreign.items() if name not in self._subjects}

    def leave_out(self, names: Iterable[str]) -> None:
        """These tables are not to be known."""
        for name in names:
            self._subjects.pop(name, None)
            self._foreign.pop(name, None)

    def __contains__(self, name: str) -> bool:
        return name in self._subjects or name in self._foreign

    def __iter__(self) -> Iterator[str]:
        """The names of all tables, sorted."""
        return iter(sorted({*self._subjects, *self._foreign}))

    def __len__(self) -> int:
        return len({*self._subjects, *self._foreign})

    def subject(self, name: str) -> str:
        """The subject (folder) a table belongs to; the package's name for a table from elsewhere."""
        return self._subjects.get(name) or self._foreign[name].split(".", 1)[0]

    def load(self, name: str) -> type[Table]:
        """The table's class; imports its file the first time. KeyError for an unknown name."""
        found = self._loaded.get(name)
        if found is None:
            found = self._loaded[name] = self._import(name)
        return found

    def loadable(self, names: Iterable[str], failed: Callable[[str], None]) -> Iterator[type[Table]]:
        """The tables of these names; `failed` is told in words of each that cannot be loaded (another package's)."""
        for name in names:
            try:
                yield self.load(name)
            except ConfigError as error:
                failed(error.message)

    def add(self, name: str, table: type[Table]) -> None:
        """Add a table that no folder and no entry point declares. HostqlError for a name that is taken."""
        if name in self:
            raise HostqlError(f"there is already a table {name}")
        table.name, table.subject = name, table.__module__.split(".", 1)[0]
        self._foreign[name] = table.__module__
        self._loaded[name] = table

    def _import(self, name: str) -> type[Table]:
        subject = self._subjects.get(name)
        if subject is None:
            return self._import_foreign(name, self._foreign[name])
        # Not importlib.import_module: importlib takes `warnings` along, 0.4 ms of a start of 17.
        package = self._packages.get(subject) or f"{__package__}.{subject}"
        module = __import__(f"{package}.{name}", fromlist=("Table",))
        for value in vars(module).values():
            if _declares(value, module.__name__):
                value.name, value.subject = name, subject
                return value
        raise HostqlError(f"{module.__file__} declares no table")

    def _import_foreign(self, name: str, target: str) -> type[Table]:
        module_name, _, attribute = target.partition(":")
        from importlib import import_module

        try:
            table = getattr(import_module(module_name), attribute)
        except Exception as error:
            raise ConfigError(
                f"table {name} of {target} cannot be loaded: {type(error).__name__}: {error}",
                "Update or remove the package that provides it.",
            ) from error
        if not (isinstance(table, type) and issubclass(table, Table)):
            raise ConfigError(f"table {name}: {target} is not a hostql Table")
        table.name, table.subject = name, module_name.split(".", 1)[0]
        return table


def _declares(value: object, module: str) -> TypeGuard[type[Table]]:
    """Whether a module's value is the table it declares, not one it imported or a shared base."""
    if not (isinstance(value, type) and issubclass(value, Table) and value.__module__ == module):
        return False
    return bool(value.columns) and not value.__name__.startswith("_")


def _own_tables(folder: str) -> dict[str, str]:
    """{table: subject}, by listing the folders."""
    found: dict[str, str] = {}
    with os.scandir(folder) as entries:
        subjects = [e.name for e in entries if e.name[0] not in "._" and e.name not in _NO_SUBJECTS and e.is_dir()]
    for subject in subjects:
        found.update(_tables_in(f"{folder}/{subject}", subject))
    return found


def _tables_in(folder: str, subject: str) -> dict[str, str]:
    return {file[:-3]: subject for file in os.listdir(folder) if file.endswith(".py") and file[0] != "_"}


def _foreign_tables(own: dict[str, str]) -> dict[str, str]:
    """{table: 'module:attribute'} from installed packages' entry points; a name of hostql's own is not taken.

    Reads entry_points.txt itself: importlib.metadata takes longer to import than a whole query takes to run.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                found.update(_entry_points(os.path.join(folder, name, "entry_points.txt")))
    return {name: target for name, target in found.items() if name not in own}


def _entry_points(path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        with open(path, "rb", buffering=0) as file:
            raw = file.read()
        # Nearly no package has the group: most are done without decoding.
        if ENTRY_POINTS.encode() not in raw:
            return found
        text = raw.decode("utf-8")
    except (OSError, ValueError):
        return found
    if f"[{ENTRY_POINTS}]" not in text:
        return found
    for line in text.split(f"[{ENTRY_POINTS}]", 1)[1].splitlines():
        if line.startswith("["):
            break
        name, equals, target = line.partition("=")
        if equals and not line.startswith("#"):
            found[name.strip()] = target.strip().split(" ", 1)[0]
    return found
