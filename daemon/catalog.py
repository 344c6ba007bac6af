"""The catalogue with the agent's own tables in it, and how they are found: in the agent's state, attached read-only."""

from __future__ import annotations

import os

from ..events.catalog import catalog as events_catalog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..vtables.catalog import Catalog
    from ..vtables.database import Database

SCHEMA = "agent"
FILE = "daemon.db"
# Tables that have something to say without an agent, too.
ALONE = frozenset(("osquery_flags", "osquery_info"))


def catalog() -> Catalog:
    """All tables: the live ones, those of events, and the agent's, which are the subject `agent`."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tables")
    found = events_catalog()
    found.include("agent", f"{__package__}.tables", folder)
    return found


def attach(database: Database) -> bool:
    """Attach the agent's state, so that its tables go before the virtual ones; False where there is none."""
    from ..vtables.sources.sqlite_files import check_readable

    path = os.path.join(database.settings.state, FILE)
    try:
        check_readable(path)
    except OSError:
        return False
    database.attach(path, SCHEMA)
    return True
