"""`Policy`: what a statement may do besides reading tables, decided by SQLite's authorizer while it is prepared."""

from __future__ import annotations

import apsw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_READS = frozenset([apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE])
_TEMP = frozenset(
    [
        apsw.SQLITE_CREATE_TEMP_TABLE,
        apsw.SQLITE_CREATE_TEMP_VIEW,
        apsw.SQLITE_CREATE_TEMP_INDEX,
        apsw.SQLITE_CREATE_TEMP_TRIGGER,
        apsw.SQLITE_DROP_TEMP_TABLE,
        apsw.SQLITE_DROP_TEMP_VIEW,
        apsw.SQLITE_DROP_TEMP_INDEX,
        apsw.SQLITE_DROP_TEMP_TRIGGER,
    ]
)
_ROWS = frozenset([apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE])
_FILES = frozenset([apsw.SQLITE_ATTACH, apsw.SQLITE_DETACH])
# CREATE INDEX and friends rewrite the schema table of the database they belong to, and reindex it.
_MAINTENANCE = frozenset([apsw.SQLITE_REINDEX, apsw.SQLITE_ANALYZE])
# An open transaction outlives its statement, and keeps new rows of files from being seen.
_TRANSACTIONS = frozenset([apsw.SQLITE_TRANSACTION, apsw.SQLITE_SAVEPOINT])
# Pragmas that only tell; each may be asked, none of them set.
_TELLING = {
    *("collation_list", "compile_options", "data_version", "database_list", "encoding", "function_list"),
    *("index_info", "index_list", "index_xinfo", "module_list", "pragma_list"),
    *("table_info", "table_list", "table_xinfo", "user_version"),
}
# Those of them whose argument is a name, not a value to set.
_WITH_NAME = frozenset(["index_info", "index_list", "index_xinfo", "table_info", "table_list", "table_xinfo"])
_FORBIDDEN_FUNCTIONS = frozenset(["load_extension", "fts3_tokenizer", "edit", "readfile", "writefile"])


class Policy:
    """Rights beyond reading. `temp`: temporary tables and views, and transactions; `attach`: database files that
    exist, to read; `write_attached`: to write them too, and to make new ones."""

    __slots__ = ("attach", "name", "temp", "write_attached")

    def __init__(self, name: str, *, temp: bool = False, attach: bool = False, write_attached: bool = False) -> None:
        self.name = name
        self.temp = temp
        self.attach = attach
        self.write_attached = write_attached

    @property
    def open_flags(self) -> int:
        """How SQLite opens attached files, as the flags of its connection.

        Read-only is more than not writing rows: nothing is made, no journal is rolled back, no log is merged.
        """
        if self.write_attached:
            return apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        return apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI

    def authorizer(self, denied: Callable[[tuple[str, str]], None]) -> Callable[..., int]:
        """The callback for `Connection.authorizer`; `denied` is told what was refused and what to do, in words."""

        def authorize(action: int, one: str | None, two: str | None, database: str | None, _via: str | None) -> int:
            if action == apsw.SQLITE_ALTER_TABLE:
                database = one
            if self._allows(action, one, two, database):
                return apsw.SQLITE_OK
            denied(self._refusal(action, one, two, database))
            return apsw.SQLITE_DENY

        return authorize

    def _allows(self, action: int, one: str | None, two: str | None, database: str | None) -> bool:
        if action in _READS:
            return action != apsw.SQLITE_FUNCTION or (two or "").lower() not in _FORBIDDEN_FUNCTIONS
        if action == apsw.SQLITE_PRAGMA:
            return one in _TELLING and (two is None or one in _WITH_NAME)
        if action in _FILES:
            return self.attach
        if action in _TEMP or action in _MAINTENANCE or action in _TRANSACTIONS:
            return self.temp
        if database == "temp" and (action in _ROWS or action == apsw.SQLITE_ALTER_TABLE):
            return self.temp
        return self.write_attached and database not in (None, "main", "temp")

    def _refusal(self, action: int, one: str | None, two: str | None, database: str | None) -> tuple[str, str]:
        """What was refused, and what to do instead."""
        if action == apsw.SQLITE_FUNCTION:
            return f"{two}() is not allowed here", ""
        if action == apsw.SQLITE_PRAGMA:
            return f"PRAGMA {one} is not allowed here", f"These tell something: {', '.join(sorted(_TELLING))}."
        if action in _FILES:
            return "database files may not be attached here", ""
        if action in _TRANSACTIONS:
            return "transactions and savepoints are not allowed here", ""
        if action in _TEMP or action in _MAINTENANCE or database == "temp":
            return "temporary tables and views are not allowed here", ""
        if database not in (None, "main"):
            hint = "Start hostql with --writable to change attached files." if self.attach else ""
            return f"the attached database {database} can only be read", hint
        hint = "CREATE TEMP TABLE and CREATE TEMP VIEW make what lasts for the session." if self.temp else ""
        return "hostql reads the host: it keeps no tables of its own, and those there are cannot be changed", hint


READ_ONLY = Policy("read-only")
# What hostql does for itself: it puts temporary views before tables.
OWN = Policy("hostql", temp=True)
ANALYST = Policy("analyst", temp=True, attach=True)
WRITING_ANALYST = Policy("writing analyst", temp=True, attach=True, write_attached=True)
