"""`hostql check`: everything that is wrong with a configuration, at once; and queries that cannot run on this host."""

from __future__ import annotations

from contextlib import contextmanager

from ..events.document import Document, distrust, read
from ..vtables.database import split
from ..vtables.errors import HostqlError
from ..vtables.table import quote
from .catalog import catalog
from .config.build import load
from .config.model import Fault
from .database_tables import add_tables, problems
from .engine import add_views, disabled, open_database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..vtables.database import Database
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
        known = {fault.rule for fault in faults}
        for name in disabled(config.options):
            if name not in catalog():
                rule = "options.disable_tables"
                faults.append(Fault(path, 0, rule, f"there is no table {name}", note=True))
        for fault, sql in _statements(config):
            if fault.rule in known and not fault.file:
                # A view or a table that could not be made.
                continue
            try:
                for _, text in split(sql):
                    database.prepare(text)
            except HostqlError as error:
                fault.message = f"cannot run here: {error.message}"
                faults.append(fault)
    for fault in faults:
        fault.file = fault.file or path
    return config, faults


def _statements(config: Config) -> Iterator[tuple[Fault, str]]:
    """All that the agent runs on this host, each with the fault that it would be."""
    for table in config.tables:
        yield Fault("", 0, f"auto_table_construction.{table.name}", ""), f"SELECT * FROM {quote(table.name)}"
    for pack in config.packs:
        if pack.meant:
            yield from ((Fault(query.file, query.line, query.name, ""), query.sql) for query in pack.queries)
            yield from ((Fault("", 0, f"packs.{pack.name}.discovery", ""), sql) for sql in pack.discovery)
    for name in config.views:
        yield Fault("", 0, f"views.{name}", ""), f"SELECT * FROM {quote(name)}"
    decorators = config.decorators
    named = {"load": decorators.load, "always": decorators.always}
    named.update({f"interval.{seconds}": queries for seconds, queries in decorators.interval.items()})
    for name, queries in named.items():
        yield from ((Fault("", 0, f"decorators.{name}", ""), sql) for sql in queries)


@contextmanager
def named(config: Config, faults: list[Fault]) -> Iterator[Database]:
    """The agent's database, but nothing stored is attached: to prepare its queries with, not to run them. What cannot
    be named is a fault."""
    with open_database(config.options, "") as database:
        database.provider = lambda table: False
        for problem in add_tables(database, config.tables):
            faults.append(Fault("", 0, "", problem))
        for table in config.tables:
            for problem in problems(table):
                faults.append(Fault("", 0, f"auto_table_construction.{table.name}", problem))
        for name, error in add_views(database, config.views):
            faults.append(Fault("", 0, f"views.{name}", f"cannot run here: {error.message}"))
        yield database
