"""The agent's database: which tables and views its queries see, for running them and for checking them alike."""

from __future__ import annotations

from ..vtables.database import Database
from ..vtables.errors import HostqlError
from ..vtables.policy import Policy
from ..vtables.settings import Settings
from .catalog import catalog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .config.options import Options

_READER = Policy("agent")


def open_database(options: Options, state: str) -> Database:
    """With all tables but those that are disabled. `state` is the agent's folder."""
    tables = catalog()
    tables.leave_out(disabled(options))
    settings = Settings(osquery_patterns=options.osquery_patterns, read_max=options.read_max, state=state)
    return Database(policy=_READER, catalog=tables, settings=settings)


def disabled(options: Options) -> list[str]:
    """The names in `disable_tables`."""
    return [name.strip() for name in options.disable_tables.split(",") if name.strip()]


def add_views(database: Database, views: Mapping[str, str]) -> Iterator[tuple[str, HostqlError]]:
    """Make the configuration's views; gives (name, why) of each that cannot be made."""
    for name, sql in views.items():
        try:
            if name.lower() in database.catalog:
                raise HostqlError(f"there is already a table {name.lower()}")
            database.make_view(name, sql)
        except HostqlError as error:
            yield name, error
