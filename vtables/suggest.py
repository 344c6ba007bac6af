"""SQLite's errors in an analyst's words: where in the statement, and what was probably meant."""

from __future__ import annotations

import re
from difflib import get_close_matches

import apsw

from .errors import HostqlError, QueryError
from .script import bare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .catalog import Catalog

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# No name of ours is longer; comparing it with them takes the longer the longer it is.
_LONGEST = 100
_DEEP = ("Recursion limit", "parser stack overflow")


def explain_error(
    error: Exception,
    sql: str,
    offset: int,
    catalog: Catalog,
    connection: apsw.Connection,
    denied: list[tuple[str, str]],
) -> HostqlError:
    """The QueryError for an exception of SQLite's; `offset` is where in `sql` the failing statement begins."""
    message = _message(error)
    at = _character(error, sql, offset)
    if denied and (isinstance(error, apsw.AuthError) or message.startswith("not authorized")):
        return QueryError(*denied[0], sql=sql, offset=at)
    if isinstance(error, (KeyError, apsw.BindingsError)):
        return _parameter(error, message, sql, offset)
    if isinstance(error, UnicodeEncodeError):
        shown = ascii(error.object[error.start])[1:-1]
        return QueryError(f"a parameter holds what is no character: {shown}", sql=sql)
    if isinstance(error, OverflowError):
        return QueryError("a parameter is an integer of more than 64 bits", sql=sql)
    if isinstance(error, UnicodeDecodeError):
        return QueryError("a text in the statement or its data is not valid UTF-8", sql=sql)
    if message in _DEEP:
        return QueryError(f"the statement is nested too deeply ({message})", sql=sql)
    if isinstance(error, (apsw.NoMemError, MemoryError)):
        return QueryError("the statement needs more memory than it may have", sql=sql)
    for kind, names in (("column", _columns), ("table", _tables), ("function", _functions)):
        if message.startswith(f"no such {kind}: "):
            name = message.partition(": ")[2]
            meant = nearest(name.rpartition(".")[2], names(sql, catalog, connection))
            hint = f"Did you mean {' or '.join(meant)}?" if meant else ""
            return QueryError(message, hint, sql=sql, offset=_find(sql, offset, name) if at is None else at)
    hint = "hostql reads the host; it changes nothing." if message.endswith(("be modified", "be altered")) else ""
    return QueryError(message, hint, sql=sql, offset=at)


def _parameter(error: Exception, message: str, sql: str, offset: int) -> QueryError:
    """A parameter without a value, or one without a name: a bare `?`, or a number left out below the greatest ?N."""
    if isinstance(error, KeyError):
        found = re.compile(rf"[:@$?]{re.escape(message)}\b").search(bare(sql, keep=""), offset)
        message, hint = f"a parameter has no value: {message}", f"Give it with --param {message}=VALUE."
    else:
        found = re.compile(r"\?(?!\d)").search(bare(sql, keep=""), offset)
        message, hint = (
            "a parameter has no name",
            "Write :name and give --param name=VALUE, or ?1, ?2 ... and --param 1=VALUE.",
        )
        if found is None:
            found = re.compile(r"\?\d+").search(bare(sql, keep=""), offset)
            message, hint = "the numbers of the parameters leave one out", "Number them ?1, ?2, ?3 ..., or write :name."
    return QueryError(message, hint, sql=sql, offset=found.start() if found else None)


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """At most three of the names that look most like this one, best first."""
    if len(name) > _LONGEST:
        return []
    by_fold = {n.lower(): n for n in names}
    return [by_fold[n] for n in get_close_matches(name.lower(), list(by_fold), n=3, cutoff=0.6)]


def _message(error: Exception) -> str:
    if isinstance(error, apsw.Error):
        # "SQLError: no such table: x" in older APSW, the bare message in newer ones.
        return re.sub(r"^[A-Za-z]+Error: ", "", str(error))
    if isinstance(error, KeyError):
        return str(error.args[0]) if error.args else "?"
    return f"{type(error).__name__}: {error}"


def _character(error: Exception, sql: str, offset: int) -> int | None:
    """SQLite gives a byte offset into the statement; a caret needs the character's in the whole text."""
    byte = getattr(error, "error_offset", -1)
    if byte is None or byte < 0:
        return None
    return offset + len(sql[offset:].encode("utf-8", "replace")[:byte].decode("utf-8", "ignore"))


def _find(sql: str, offset: int, name: str) -> int | None:
    found = re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE).search(bare(sql), offset)
    return found.start() if found else None


def _tables(sql: str, catalog: Catalog, connection: apsw.Connection) -> set[str]:
    return set(catalog)


def _columns(sql: str, catalog: Catalog, connection: apsw.Connection) -> set[str]:
    names: set[str] = set()
    for word in set(_WORD.findall(bare(sql))):
        if word.lower() in catalog:
            names.update(column.name for column in catalog.load(word.lower()).columns)
    return names


def _functions(sql: str, catalog: Catalog, connection: apsw.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT DISTINCT name FROM pragma_function_list")}
