"""`Policy`: what a statement may do besides reading tables, decided by SQLite's authorizer while it is prepared."""

from __future__ import annotations

import apsw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_READS = frozenset(
    [apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE, apsw.SQLITE_TRANSACTION]
)
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
# CREATE INDEX and friends rewrite the schema table of the database they belong to, and reindex it.
_MAINTENANCE = frozenset([apsw.SQLITE_REINDEX, apsw.SQLITE_ANALYZE, apsw.SQLITE_SAVEPOINT])
# Pragmas that only tell; each may be asked, none of them set.
_TELLING = {
    *("collation_list", "compile_options", "data_version", "database_list", "encoding", "function_list"),
    *("index_info", "index_list", "index_xinfo", "module_list", "pragma_list"),
    *("table_info", "table_list", "table_xinfo", "user_version"),
}
_FORBIDDEN_FUNCTIONS = frozenset(["load_extension", "fts3_tokenizer", "edit", "readfile", "writefile"])


class Policy:
    """Rights beyond reading. `temp`: temporary tables and views; `attach`: database files, to read and, with
    `write_attached`, to write."""

    __slots__ = ("attach", "name", "temp", "write_attached")

    def __init__(self, name: str, *, temp: bool = False, attach: bool = False, write_attached: bool = False) -> None:
        self.name = name
        self.temp = temp
        self.attach = attach
        self.write_attached = write_attached

    def authorizer(self, denied: Callable[[str], None]) -> Callable[..., int]:
        """The callback for `Connection.authorizer`; `denied` is told, in words, what was refused."""

        def authorize(action: int, one: str | None, two: str | None, database: str | None, _via: str | None) -> int:
            if self._allows(action, one, two, database):
                return apsw.SQLITE_OK
            denied(_words(action, one, two))
            return apsw.SQLITE_DENY

        return authorize

    def _allows(self, action: int, one: str | None, two: str | None, database: str | None) -> bool:
        if action in _READS:
            return action != apsw.SQLITE_FUNCTION or (two or "").lower() not in _FORBIDDEN_FUNCTIONS
        if action == apsw.SQLITE_PRAGMA:
            return one in _TELLING and (two is None or one in _WITH_NAME)
        if action in (apsw.SQLITE_ATTACH, apsw.SQLITE_DETACH):
            return self.attach
        if action in _TEMP or action in _MAINTENANCE:
            return self.temp
        if action in _ROWS and database == "temp":
            return self.temp
        return self.write_attached and database not in (None, "main")


# The telling pragmas whose argument is a name, not a value to set.
_WITH_NAME = frozenset(["index_info", "index_list", "index_xinfo", "table_info", "table_list", "table_xinfo"])


def _words(action: int, one: str | None, two: str | None) -> str:
    name = str(apsw.mapping_authorizer_function.get(action, action)).replace("SQLITE_", "").replace("_", " ")
    subject = two if action == apsw.SQLITE_FUNCTION else one
    return f"{name} {subject}" if subject else name


READ_ONLY = Policy("read-only")
ANALYST = Policy("analyst", temp=True, attach=True)
