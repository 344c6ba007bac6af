"""`Words`: what exists and can be completed, as plain data. Knows no session and no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ....vtables.functions.catalog import Function
from ....vtables.table import Column
from .relations import Domains


class TableWord:
    """A table that can be named: its line of documentation and its columns, read at the first need.

    kind    table, view, temp table or attached table.
    schema  '' where the name alone finds it.
    """

    __slots__ = ("_columns", "_domains", "_read", "broken", "doc", "kind", "name", "schema")

    def __init__(
        self,
        name: str,
        doc: str = "",
        columns: Sequence[Column] | None = None,
        *,
        read: Callable[[], tuple[str, Sequence[Column]] | None] | None = None,
        kind: str = "table",
        schema: str = "",
    ) -> None:
        self.name = name
        self.doc = doc
        self.kind = kind
        self.schema = schema
        self.broken = False
        self._domains: Domains | None = None
        self._read = read
        self._columns = columns if columns is not None or read is not None else ()

    @property
    def columns(self) -> Sequence[Column]:
        """Its columns; none for a table that cannot be loaded, which is `broken` from then on."""
        if self._columns is None:
            found = self._read() if self._read is not None else None
            self.broken = found is None
            if found is not None:
                self.doc = found[0]
            self._columns = found[1] if found is not None else ()
        return self._columns

    @property
    def domains(self) -> Domains:
        """Its columns by what they identify."""
        if self._domains is None:
            self._domains = Domains(self.name.lower(), self.columns)
        return self._domains

    @property
    def known(self) -> bool:
        """Whether the columns are there without reading anything."""
        return self._columns is not None

    @property
    def required(self) -> list[str]:
        """Names of the columns one of which a query must constrain."""
        return [column.name for column in self.columns if column.required]


class CommandWord(NamedTuple):
    """A dot command: `completes` says what its argument is (table, function, format, file, setting, command, saved,
    sql, theme, param, or '' for nothing that could be listed)."""

    name: str
    usage: str
    help: str
    completes: str = ""


class SettingWord(NamedTuple):
    """A setting: its value now, and the values it may have where they are few."""

    name: str
    doc: str
    value: str = ""
    choices: tuple[str, ...] = ()


class PopularColumn(NamedTuple):
    """A column by name alone: the tables that have it, those where it is a key first."""

    column: Column
    tables: tuple[str, ...]


def _no_samples(table: str, column: str) -> Sequence[Any]:
    return ()


def _no_paths(typed: str) -> Sequence[str]:
    return ()


def _no_settings() -> Sequence[SettingWord]:
    return ()


def _no_saved() -> Sequence[tuple[str, str]]:
    return ()


class Words:
    """What can be suggested.

    tables   by name in lower case: those that need no schema before their name.
    schemas  attached databases and temp, each with its tables.
    recent   {name in lower case: how recently used, 1 the oldest}.
    samples  (table, column) -> values seen lately; asks nobody.
    paths    what is typed of a path -> paths that begin so, folders with a slash at the end.
    host_paths  the same of the host whose files the tables read.

    Settings, saved queries (name, SQL) and parameters may change at any time, so they are asked when they are wanted.
    """

    def __init__(
        self,
        tables: Iterable[TableWord],
        functions: Sequence[Function] = (),
        *,
        schemas: Mapping[str, Mapping[str, TableWord]] | None = None,
        table_functions: Sequence[Function] = (),
        commands: Sequence[CommandWord] = (),
        settings: Callable[[], Sequence[SettingWord]] = _no_settings,
        saved: Callable[[], Sequence[tuple[str, str]]] = _no_saved,
        params: Mapping[str, Any] | None = None,
        formats: Sequence[str] = (),
        themes: Sequence[str] = (),
        recent: Mapping[str, int] | None = None,
        samples: Callable[[str, str], Sequence[Any]] = _no_samples,
        paths: Callable[[str], Sequence[str]] = _no_paths,
        host_paths: Callable[[str], Sequence[str]] = _no_paths,
    ) -> None:
        self.tables = {table.name.lower(): table for table in tables}
        self.functions = functions
        self.schemas = schemas or {}
        self.table_functions = table_functions
        self.commands = commands
        self.settings = settings
        self.saved = saved
        self.params = params or {}
        self.formats = formats
        self.themes = themes
        self.recent = recent or {}
        self.samples = samples
        self.paths = paths
        self.host_paths = host_paths
        self._popular: tuple[int, list[PopularColumn]] = (-1, [])

    def table(self, name: str, schema: str = "") -> TableWord | None:
        """The table of that name (in lower case)."""
        if schema and schema != "main":
            return self.schemas.get(schema, {}).get(name)
        found = self.schemas.get("temp", {}).get(name) or self.tables.get(name)
        if found is None:
            for tables in self.schemas.values():
                if name in tables:
                    return tables[name]
        return found

    def popular(self) -> list[PopularColumn]:
        """The columns of all tables that are known, each name once, those that most tables have first."""
        known = [table for table in self.tables.values() if table.known]
        if self._popular[0] != len(known):
            self._popular = len(known), _popular(known)
        return self._popular[1]


def _popular(tables: Iterable[TableWord]) -> list[PopularColumn]:
    by_name: dict[str, list[tuple[Column, str]]] = {}
    for table in tables:
        for column in table.columns:
            if not column.hidden:
                by_name.setdefault(column.name, []).append((column, table.name))
    found = []
    for having in by_name.values():
        # The sort is stable: among equals the order of the catalogue stays.
        having.sort(key=lambda pair: not pair[0].key)
        home = next((column for column, table in having if table == "processes"), having[0][0])
        found.append(PopularColumn(home, tuple(table for _, table in having)))
    found.sort(key=lambda popular: -len(popular.tables))
    return found
