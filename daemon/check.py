"""`hostql check`: everything that is wrong with a configuration, at once; and queries that cannot run on this host."""

from __future__ import annotations

from contextlib import contextmanager

from ..events.document import Document, distrust, read
from ..vtables.database import Database, split
from ..vtables.errors import HostqlError
from .catalog import catalog
from .config.build import load
from .config.model import Fault
from .database_tables import add_tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .config.model import Config


def check(path: str) -> tuple[Config, list[Fault]]:
    """The configuration, and its faults. Raises ConfigError where it cannot be used at all."""
    faults: list[Fault] = []

    def reader(file: str) -> Document:
        document = read(file, trusted=False)
        why = distrust(file)
        if why:
            faults.append(Fault(file, 0, "", f"the agent cannot read it: {why}"))
        return document

    config = load(path, reader=reader)
    faults += config.faults
    with named(config, faults) as database:
        for name in config.options.disable_tables.split(","):
            if name.strip() and name.strip() not in database.catalog:
                rule = "options.disable_tables"
                faults.append(Fault(path, 0, rule, f"there is no table {name.strip()}", note=True))
        for pack in config.packs:
            for query in pack.queries:
                _prepare(database, query.sql, Fault(query.file, query.line, query.name, ""), faults)
            for sql in pack.discovery:
                _prepare(database, sql, Fault("", 0, f"packs.{pack.name}.discovery", ""), faults)
    for fault in faults:
        fault.file = fault.file or path
    return config, faults


@contextmanager
def named(config: Config, faults: list[Fault]) -> Iterator[Database]:
    """A database in which names mean what they mean to the agent, but nothing stored is attached: to prepare its
    queries with, not to run them. What cannot be named is a fault."""
    with Database(catalog=catalog()) as database:
        database.provider = lambda table: False
        for problem in add_tables(database, config.tables):
            faults.append(Fault("", 0, "", problem))
        for name, sql in config.views.items():
            try:
                database.make_view(name, sql)
            except HostqlError as error:
                faults.append(Fault("", 0, f"views.{name}", f"cannot run here: {error.message}"))
        yield database


def _prepare(database: Database, sql: str, fault: Fault, faults: list[Fault]) -> None:
    """Have a query planned, not run: a table or column that is not there, a constraint that is missing."""
    for _, text in split(sql):
        try:
            list(database.execute("EXPLAIN " + text))
        except HostqlError as error:
            fault.message = f"cannot run here: {error.message}"
            faults.append(fault)
            return
