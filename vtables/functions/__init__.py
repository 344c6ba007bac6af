"""The SQL functions hostql adds to SQLite's own."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

    from ..database import Database


def register(connection: apsw.Connection, database: Database) -> None:
    """Make the functions known to the connection."""
