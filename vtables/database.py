"""`Database`: the tables of one host as one SQL database, and `Result`, what a statement gives.

    with Database() as db:
        for result in db.run("SELECT pid, name FROM processes WHERE uid = :uid", {"uid": 0}):
            print(result.columns)
            for row in result:
                print(row)
            for note in result.notes:
                print("note:", note)

A database runs one statement at a time: starting another ends the one before. Open a second database for a second.
`cancel` may be called from any thread or signal handler.
"""

from __future__ import annotations

import apsw

from .adapter import NotAttached, TableModule
from .authorizer import Authorizer
from .catalog import Catalog
from .constraints import OtherAffinity
from .errors import HostqlError, QueryCancelled, QueryError, TableUnavailable
from .functions import register
from .policy import ANALYST, OWN, Policy
from .script import blank as blank
from .script import split as split
from .settings import Settings
from .sources.host import Host
from .sources.locked import hold, release
from .statement import Statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from .attaching import Attachment
    from .notes import Notes
    from .table import Table

    Params = Mapping[str, Any] | Sequence[Any]

# A parameter without a value is an error that names it, not NULL.
apsw.allow_missing_dict_bindings(False)


class Database:
    """The tables and functions of a host behind one SQLite connection that can only read it."""

    def __init__(
        self,
        *,
        host: Host | None = None,
        settings: Settings | None = None,
        policy: Policy = ANALYST,
        catalog: Catalog | None = None,
    ) -> None:
        self.host = host or Host()
        self.settings = settings or Settings()
        self.catalog = catalog or Catalog()
        # Planning marks which columns a statement wants, so a statement is always planned anew: no statement cache.
        self.connection = apsw.Connection(":memory:", flags=policy.open_flags, statementcachesize=0)
        # An attached file may hold views and triggers of somebody else's making.
        self.connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        self.connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        # Called with the name of a stored table that a statement names before its database is attached.
        # It says whether it attached one; else the virtual table of that name answers.
        self.provider: Callable[[str], bool] | None = None
        self.not_attached: set[str] = set()
        self._authorizer = Authorizer(policy)
        # Files that are attached, by the names to release them.
        self._held: list[str] = []
        self._modules: dict[str, TableModule] = {}
        self.statement = self._statement("", ())
        self._result: Result | None = None
        for name in self.catalog:
            self._connect(name)
        register(self.connection, self)
        self.connection.authorizer = self._authorizer

    def add(self, name: str, table: type[Table]) -> None:
        """Add a table to this database alone. HostqlError for a name that is taken."""
        self.catalog.add(name, table)
        self._connect(name)

    def _connect(self, name: str) -> None:
        # APSW's stubs ask for the methods of writable tables as well.
        module: Any = TableModule(self, name)
        self._modules[name] = module
        self.connection.create_module(name, module, use_bestindex_object=True, eponymous_only=True, read_only=True)

    def run(self, sql: str, params: Params = (), *, traced: bool = False) -> Iterator[Result]:
        """Run each statement of `sql` in turn; a statement starts when its Result is asked for.

        Raises HostqlError: a QueryError whose offset is within `sql`, or what the tables raise.
        """
        _readable(sql)
        for offset, text in split(sql):
            result = self._start(sql, text, offset, params, traced)
            yield result
            result.close()

    def execute(self, sql: str, params: Params = (), *, traced: bool = False) -> Result:
        """Run one statement."""
        _readable(sql)
        return self._start(sql, sql, 0, params, traced)

    def prepare(self, sql: str) -> None:
        """Plan a statement without running it. HostqlError for what could not run: a name that is not there, what the
        policy forbids, a table that would be read without a constraint that it requires."""
        import re

        _readable(sql)
        prepared = self._start(sql, sql, 0, (), traced=False, dry=True)
        if not prepared.columns or re.match(r"\s*EXPLAIN\b", sql, re.IGNORECASE):
            return
        steps = self._start(sql, f"EXPLAIN QUERY PLAN {sql}", 0, (), traced=False)
        for *_, step in list(steps):
            found = re.search(r" VIRTUAL TABLE INDEX (\d+):(\w+):", step)
            if found and found[2] in self._modules:
                self._modules[found[2]].check(int(found[1]))

    def cancel(self, reason: QueryError | None = None) -> None:
        """Stop the running statement: it raises `reason`, QueryCancelled where none is given."""
        self.statement.stopped = reason or QueryCancelled("cancelled")
        self.connection.interrupt()

    def reads(self, sql: str, params: Params = ()) -> set[tuple[str, str, str, str]]:
        """What statements read: (table, column, schema, view), as SQLite resolves their names. None of them is run.

        `column` is '' for a table of which none is used, and for a view's table besides; then `schema` may be '' as
        well, and the table a common table expression. `view` is the view or common table expression through which it is
        read, '' for none. Names of tables and schemas are in lower case. Raises HostqlError for a statement that cannot
        be prepared.
        """
        found = self._authorizer.reads = set()
        try:
            for offset, text in split(sql):
                self._start(sql, text, offset, params, traced=False, dry=True)
        finally:
            self._authorizer.reads = None
        return found

    def make_view(self, name: str, select: str) -> None:
        """Make a temporary view, in place of one of this name, whatever the policy. HostqlError if `select` is not one
        statement that selects."""
        from .table import quote

        made = f"CREATE TEMP VIEW {quote(name)} AS {select.strip()}"
        if len(split(made)) != 1:
            raise QueryError("a view is one statement", sql=select)
        self.drop_view(name)
        try:
            self.own(made)
        except apsw.Error as error:
            raise QueryError(str(error), sql=select) from error

    def drop_view(self, name: str) -> None:
        """Remove a temporary view, if there is one of this name."""
        from .table import quote

        # Not DROP VIEW IF EXISTS: where there is no view, SQLite would look for a virtual table of the name.
        if self.own("SELECT 1 FROM sqlite_temp_schema WHERE type = 'view' AND name = ? COLLATE NOCASE", (name,)):
            self.own(f"DROP VIEW temp.{quote(name)}")

    def own(self, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement that is not a user's: the policy is that temporary views may be made. Raises
        apsw.Error."""
        authorizer, self.connection.authorizer = self.connection.authorizer, OWN.authorizer(lambda refused: None)
        try:
            return self.connection.execute(sql, params).fetchall()
        finally:
            self.connection.authorizer = authorizer

    def close(self) -> None:
        """End the running statement and close the connection."""
        if self._result is not None:
            self._result.close()
        self.connection.close(True)
        for path in self._held:
            release(path)
        self._held.clear()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepared(self, cursor: apsw.Cursor) -> None:
        """A statement was prepared and is about to run. Raises QueryError for one that may not."""
        self._authorizer.check(cursor)

    def _statement(self, sql: str, params: Params) -> Statement:
        def program() -> list[tuple[Any, ...]]:
            return self._explain("EXPLAIN " + sql, params)

        return Statement(sql, self.host, self.settings, self.catalog, program)

    def _explain(self, sql: str, params: Params) -> list[tuple[Any, ...]]:
        """The rows of an EXPLAIN; planning again does not disturb what the running statement wants."""
        wanted = {name: set(columns) for name, columns in self.statement.wanted.items()}
        rows = list(self.connection.execute(sql, _bindings(params)))
        self.statement.wanted = wanted
        return rows

    def _start(self, sql: str, text: str, offset: int, params: Params, traced: bool, *, dry: bool = False) -> Result:
        if self._result is not None:
            self._result.close()
        self.statement = self._statement(text, params)
        asked: set[str] = set()
        authorizer = self._authorizer
        authorizer.attachment = attached = None
        while True:
            if traced:
                self._trace(text, params)
            authorizer.begin()
            try:
                self._result = Result(self, sql, text, offset, params, dry=dry)
            except NotAttached as missing:
                if self.provider is None:
                    raise
                if missing.table in asked:
                    self._check_not_hidden(missing.table)
                # Once it is attached, its tables go before the virtual ones of the same name.
                if missing.table in asked or not self.provider(missing.table):
                    self.not_attached.add(missing.table)
                asked.add(missing.table)
            except OtherAffinity as found:
                before, self.statement = self.statement, self._statement(text, params)
                self.statement.stopped, self.statement.avoided = before.stopped, before.avoided
                self.statement.avoided.setdefault(found.table, set()).add(found.column)
            except QueryError as error:
                if attached is not None:
                    error.message = error.message.replace(attached.name, attached.path)
                    error.offset = None
                attachment = authorizer.attachment
                if attachment is attached or authorizer.denied:
                    raise
                # The authorizer stopped it, to have the file opened by the name that says how.
                from .attaching import renamed

                attached = attachment
                text = renamed(text, attachment.name)
            else:
                if authorizer.attachment is not None:
                    self._attached(authorizer.attachment)
                return self._result

    def _check_not_hidden(self, table: str) -> None:
        """QueryError where a table was attached, but the statement names main's, which holds no rows."""
        stored = (
            "SELECT schema FROM pragma_table_list WHERE name = ? AND type = 'table' AND schema NOT IN ('main', 'temp')"
        )
        for (schema,) in self.own(stored, (table,)):
            raise QueryError(
                f"main.{table} holds no rows: they are in {schema}", f"Name the table without main: {table}."
            )

    def _attached(self, attachment: Attachment) -> None:
        for text in attachment.unseen:
            self.statement.notes.add("ATTACH", text)
        if attachment.path:
            self._held.append(hold(attachment.path))

    def attach(self, path: str, schema: str) -> None:
        """Join a database file, to be read only, whatever the policy says of ATTACH. Raises TableUnavailable."""
        from .sources.sqlite_files import check, uri
        from .table import quote

        authorizer, self.connection.authorizer = self.connection.authorizer, None
        try:
            check(path)
            if any(row[1] == schema for row in self.connection.execute("PRAGMA database_list")):
                # What is known of its tables is read anew.
                self.connection.execute(f"DETACH {quote(schema)}").fetchall()
            self.connection.execute(f"ATTACH ? AS {quote(schema)}", (uri(path, "mode=ro"),)).fetchall()
            self._held.append(hold(path))
            # Opened now, so that a file that is no database is told here.
            self.connection.execute(f"SELECT count(*) FROM {quote(schema)}.sqlite_schema").fetchall()
        except (OSError, apsw.Error) as error:
            raise TableUnavailable(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
        finally:
            self.connection.authorizer = authorizer

    def _trace(self, sql: str, params: Params) -> None:
        from .trace import Trace

        trace = self.statement.trace = Trace()
        try:
            trace.explain(lambda prefix: self._explain(prefix + sql, params))
        except Exception:
            # What is wrong with it is told when it is run, with a place in the text.
            pass

    def error(self, error: Exception, sql: str, offset: int) -> HostqlError:
        """What to raise for an exception of SQLite's (or one that passed through it)."""
        stopped = self.statement.stopped
        if stopped is not None and isinstance(error, (apsw.InterruptError, QueryCancelled)):
            return stopped
        if isinstance(error, HostqlError):
            return error
        from .suggest import explain_error

        return explain_error(error, sql, offset, self.catalog, self.connection, self._authorizer.denied)


class Result:
    """The rows of one statement, read as they are asked for; iterating raises HostqlError.

    columns  names of the columns, () for a statement that gives no rows.
    types    declared types of the columns, '' for an expression.
    notes    what is missing from the rows; complete when they have all been read.
    """

    def __init__(
        self, database: Database, sql: str, text: str, offset: int, params: Params, *, dry: bool = False
    ) -> None:
        """Prepares the statement and runs it to its first row; only prepares it where `dry`."""
        self._database = database
        self._sql = sql
        self._offset = offset
        self.text = text
        self.statement = database.statement
        self.notes: Notes = self.statement.notes
        self.columns: tuple[str, ...] = ()
        self.types: tuple[str, ...] = ()
        self._dry = dry
        self._params = params
        self._cursor = database.connection.cursor()
        self._cursor.exec_trace = self._prepared
        try:
            self._cursor.execute(text, _bindings(params), can_cache=False)
            self.statement.begun = True
        except apsw.ExecTraceAbort:
            self.close()
        except Exception as error:
            self.close()
            raise database.error(error, sql, offset) from error

    def _prepared(self, cursor: apsw.Cursor, _sql: str, _bindings: Any) -> bool:
        self._database.prepared(cursor)
        described = cursor.get_description()
        self.columns = tuple([column[0] for column in described])
        self.types = tuple([column[1] or "" for column in described])
        return not self._dry

    @property
    def origins(self) -> list[tuple[str, str]]:
        """The (table, column) each result column is, ('', '') for an expression; [] once all rows were read.

        Empty as well where SQLite was built without SQLITE_ENABLE_COLUMN_METADATA.
        """
        try:
            described = self._cursor.description_full
        except (apsw.ExecutionCompleteError, AttributeError):
            return []
        return [(column[3] or "", column[4] or "") for column in described]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        from itertools import compress, count

        # Counts the rows without a step of Python's for each.
        number = count(1)
        try:
            while True:
                try:
                    yield from compress(self._cursor, number)
                    return
                except UnicodeDecodeError:
                    # Of a value in the row, for one within a function ends the statement.
                    if self._over():
                        raise
                rows = self._decoded(next(number) - 1)
                if rows is not None:
                    yield from rows
                    return
                self.notes.add("result", "a row is left out, for its text is not UTF-8: CAST(column AS BLOB) shows it")
        except Exception as error:
            raise self._database.error(error, self._sql, self._offset) from error
        finally:
            self.close()

    def _over(self) -> bool:
        try:
            self._cursor.get_description()
        except apsw.ExecutionCompleteError:
            return True
        return False

    def _decoded(self, given: int) -> Iterator[tuple[Any, ...]] | None:
        """The rows after the first `given`, with text that is not UTF-8; None where the statement cannot run again.

        SQLite hands over text as it was stored, and APSW decodes strictly; so it is asked for bytes instead. The cursor
        stays open: it holds what both read of a file to one moment.
        """
        from .sources.sqlite_text import decoder, rows_as_bytes

        if "random" in self.text.lower():
            return None
        again = self._database.connection.cursor()
        try:
            again.execute(rows_as_bytes(self.text, len(self.columns)), _bindings(self._params), can_cache=False)
            for _ in range(given):
                next(again)
        except (apsw.Error, HostqlError, StopIteration):
            if self.statement.stopped is not None:
                raise
            again.close(True)
            return None
        return map(decoder(), again)

    def close(self) -> None:
        """Stop reading; what was kept of the host for the statement is let go."""
        self._cursor.close(True)
        self.statement.close()


def _bindings(params: Params) -> Params | None:
    """An empty mapping is passed on, so that the error names the parameter that has no value."""
    return params if params or isinstance(params, dict) else None


def _readable(sql: str) -> None:
    """QueryError for a text that cannot be SQL: with a NUL, at which SQLite would end it, or with half a character."""
    at = sql.find("\0")
    if at >= 0:
        raise QueryError("the SQL holds a NUL character", "Is it a text file?", sql=sql, offset=at)
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        shown = ascii(sql[error.start])[1:-1]
        raise QueryError(f"the SQL holds what is no character: {shown}", sql=sql, offset=error.start) from None
