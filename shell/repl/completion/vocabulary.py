"""`Vocabulary`: gathers the words of a session for completion, and keeps up with it.

The catalogue's tables are imported one by one on a thread behind the prompt, or when a completion first needs one. The
connection is asked on the thread that owns it, between statements; tables of the host are never read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import apsw

from ....vtables.errors import HostqlError
from ....vtables.table import Column, quote
from .functions import documented, table_functions
from .paths import paths
from .samples import Samples
from .scanner import NOT_ALIASES
from .tokens import tokens
from .words import CommandWord, SettingWord, TableWord, Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ....vtables.catalog import Catalog
    from ....vtables.database import Database
    from ..session import Session

# Seconds after which the tables are imported: the prompt is on the screen by then.
_LATER = 0.3
# How many names are remembered as used lately.
_LATELY = 40
# Tables of attached databases whose columns are read at once; more come with the next statement.
_MOST_NEW = 300


class Vocabulary:
    """The words of one session; `words` is what completion gets."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._statement: object = None
        self._lately: OrderedDict[str, None] = OrderedDict()
        self._stored: dict[tuple[str, str, str], TableWord] = {}
        catalog = session.database.catalog
        self._tables = [_catalogued(catalog, name) for name in catalog]
        self._functions = _known_functions(session.database)
        self._samples = Samples()
        self.words = self._gathered({})

    def load_later(self) -> None:
        """Import the tables soon, on a thread of their own."""
        timer = threading.Timer(_LATER, self.load)
        timer.daemon = True
        timer.start()

    def load(self) -> None:
        """Import every table and work out what completion derives from all of them."""
        for table in self._tables:
            _ = table.domains
        self.words.popular()

    def refresh(self) -> None:
        """Take over what the statements since the last time changed. Only for the thread that runs statements."""
        statement = self._session.database.statement
        if statement is self._statement:
            return
        self._statement = statement
        self._use(statement.sql)
        schemas = self._schemas()
        self._samples.add(self._session.last, self.words)
        self.words = self._gathered(schemas)

    def _gathered(self, schemas: dict[str, dict[str, TableWord]]) -> Words:
        from ..settings import SETTINGS

        session = self._session
        return Words(
            self._tables,
            self._functions,
            schemas=schemas,
            table_functions=table_functions(),
            commands=_commands(),
            settings=lambda: _settings(session),
            saved=_saved,
            params=session.params,
            formats=SETTINGS["mode"].choices,
            themes=SETTINGS["theme"].choices,
            recent={name: at for at, name in enumerate(list(self._lately)[-9:], 1)},
            samples=self._samples.values,
            paths=paths,
            host_paths=lambda typed: paths(typed, session.database.host),
        )

    def _use(self, sql: str) -> None:
        for token in tokens(sql[:10_000]):
            if token.kind == "word" and token.fold not in NOT_ALIASES:
                self._lately[token.fold] = None
                self._lately.move_to_end(token.fold)
        while len(self._lately) > _LATELY:
            self._lately.popitem(last=False)

    def _schemas(self) -> dict[str, dict[str, TableWord]]:
        """The tables and views of temp and the attached databases; of one that cannot be read, those of before."""
        found: dict[str, dict[str, TableWord]] = {}
        connection = self._session.database.connection
        new = 0
        try:
            names = [name for (name,) in connection.execute("SELECT name FROM pragma_database_list")]
        except apsw.Error:
            return self.words.schemas  # type: ignore[return-value]
        for schema in names:
            if schema == "main":
                continue
            sql = f"SELECT name, type, sql FROM {quote(schema)}.sqlite_schema WHERE type IN ('table', 'view')"
            try:
                rows = list(connection.execute(sql))
            except apsw.Error:
                found[schema.lower()] = dict(self.words.schemas.get(schema.lower(), {}))
                continue
            tables = found[schema.lower()] = {}
            for name, kind, declared in rows:
                key = (schema, name, declared or "")
                if key not in self._stored and new < _MOST_NEW and not name.startswith("sqlite_"):
                    new += 1
                    self._stored[key] = _stored(connection, schema, name, kind)
                if key in self._stored:
                    tables[name.lower()] = self._stored[key]
        if not found.get("temp", True):
            del found["temp"]
        return found


def _catalogued(catalog: Catalog, name: str) -> TableWord:
    def read() -> tuple[str, Sequence[Column]] | None:
        try:
            table = catalog.load(name)
        except HostqlError:
            return None
        return (table.__doc__ or "").strip().split("\n", 1)[0], table.columns

    return TableWord(name, read=read)


def _stored(connection: apsw.Connection, schema: str, name: str, kind: str) -> TableWord:
    """A table or view that SQLite itself keeps; without columns where its declaration makes no sense any more."""
    columns = []
    try:
        for column, type, pk in connection.execute(
            "SELECT name, type, pk FROM pragma_table_xinfo(?, ?) WHERE hidden <> 1", (name, schema)
        ):
            known = Column(type, "primary key" if pk else "", key=bool(pk))
            known.name = column
            columns.append(known)
    except apsw.Error:
        pass
    kind = f"temp {kind}" if schema == "temp" else kind
    return TableWord(name, "", columns, kind=kind, schema=schema)


def _known_functions(database: Database) -> list[Any]:
    """The documented functions that this SQLite has."""
    have = {name for (name,) in database.connection.execute("SELECT DISTINCT name FROM pragma_function_list")}
    return [function for name, function in documented().items() if name in have]


def _commands() -> list[CommandWord]:
    from ..commands import COMMANDS

    return [CommandWord(c.name, c.usage, c.help, c.completes) for c in COMMANDS.values()]


def _settings(session: Session) -> Sequence[SettingWord]:
    from ..settings import SETTINGS

    values = session.settings
    return [SettingWord(name, s.doc, values.text(name), s.choices) for name, s in SETTINGS.items()]


def _saved() -> Sequence[tuple[str, str]]:
    from ..saved import SavedQueries

    queries = SavedQueries()
    found = []
    for name in queries.names():
        try:
            found.append((name, queries.get(name)))
        except HostqlError:
            continue
    return found
