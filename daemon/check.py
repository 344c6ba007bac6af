"""`hostql check`: everything that is wrong with a configuration, at once; and queries that cannot run on this host."""

from __future__ import annotations

from ..events.document import Document, distrust, read
from ..vtables.database import Database
from ..vtables.errors import HostqlError
from .catalog import catalog
from .config.build import load
from .config.model import Fault
from .database_tables import add_tables

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    with Database(catalog=catalog()) as database:
        # What is stored is not attached: its tables are known all the same.
        database.provider = lambda table: False
        for problem in add_tables(database, config.tables):
            faults.append(Fault(path, 0, "", problem))
        for name, sql in config.views.items():
            _prepare(database, f'CREATE TEMP VIEW "{name}" AS {sql}', Fault(path, 0, f"views.{name}", ""), faults)
        for name in config.options.disable_tables.split(","):
            if name.strip() and name.strip() not in database.catalog:
                rule = "options.disable_tables"
                faults.append(Fault(path, 0, rule, f"there is no table {name.strip()}", note=True))
        for pack in config.packs:
            for query in pack.queries:
                _prepare(database, query.sql, Fault(query.file, query.line, query.name, ""), faults)
            for sql in pack.discovery:
                _prepare(database, sql, Fault(path, 0, f"packs.{pack.name}.discovery", ""), faults)
    return config, faults


def _prepare(database: Database, sql: str, fault: Fault, faults: list[Fault]) -> None:
    """Have a query planned, not run: a table or column that is not there, a constraint that is missing."""
    from ..vtables.database import split

    for _, text in split(sql):
        prefix = "" if text.lstrip().lower().startswith("create") else "EXPLAIN "
        try:
            list(database.execute(prefix + text))
        except HostqlError as error:
            fault.message = f"cannot run here: {error.message}"
            faults.append(fault)
            return
