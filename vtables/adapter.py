"""The one adapter between tables and SQLite: APSW's module, table and cursor, the same for every table.

SQLite asks `TableModule.Connect` when a statement first names the table (only then is its file imported), `BestIndex`
for a plan, and steps a `Cursor` through the rows, asking for one value at a time.
"""

from __future__ import annotations

import errno
import os

from .affinity import held, storable
from .constraints import by_kind, values
from .errors import HostqlError, QueryError, TableUnavailable
from .plan import Plan, Term, best_plan
from .scan import Scan
from .script import bare
from .snapshot import END, Recording
from .sources.text import clean
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    import apsw

    from .database import Database

    Getters = list[Callable[[Any], Any]]

# Types of values that SQLite stores as they are.
_STORED = frozenset([float, bytes, type(None)])
_NO_NAMES: set[str] = set()
_DENIED = (errno.EACCES, errno.EPERM)
_GONE = (errno.ENOENT, errno.ESRCH, errno.ENOTDIR)


class NotAttached(TableUnavailable):
    """A statement names a stored table whose database is not attached yet."""

    def __init__(self, table: str) -> None:
        super().__init__(f"{table} is not attached")
        self.table = table


class TableModule:
    """The SQLite module of one table; imports the table when SQLite first connects to it."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._table: VirtualTable | None = None

    def Connect(self, _db: Any, _module: str, _dbname: str, _name: str, *_args: str) -> tuple[str, VirtualTable]:
        if self._table is None:
            table = self._database.catalog.load(self._name)
            database = self._database
            if table.in_file and database.provider is not None and self._name not in database.not_attached:
                raise NotAttached(self._name)
            self._table = VirtualTable(self._database, table)
        return self._table.table.declaration(), self._table

    Create = Connect

    def check(self, number: int) -> None:
        """Raise what a scan by this plan would, where a required constraint is missing."""
        if self._table is not None and self._table.plan(number).missing:
            raise _needs(self._table.table, self._table.plan(number).missing, "")


class VirtualTable:
    """One table as SQLite sees it: plans and cursors."""

    def __init__(self, database: Database, table: type[Table]) -> None:
        self.database = database
        self.table = table
        self.measured: int | None = None
        self._plans: list[Plan] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._getters: dict[bool, Getters] = {}

    def BestIndexObject(self, info: apsw.IndexInfo) -> bool:
        rows = self.table.typical_rows if self.measured is None else self.measured
        statement = self.database.statement
        plan = best_plan(self.table, max(rows, 1), info, statement.avoided.get(self.table.name, _NO_NAMES))
        statement.wanted.setdefault(self.table.name, set()).update(plan.columns)
        if statement.trace is not None:
            statement.trace.number(plan)
        key = (plan.description, frozenset(plan.columns), bool(plan.missing), plan.unheard)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._plans)
            self._plans.append(plan)
        info.idxNum = number
        info.idxStr = plan.description
        return True

    def Open(self) -> Cursor:
        if self.database.statement.trace is not None:
            from .trace import TracedCursor

            return TracedCursor(self)
        return Cursor(self)

    def Disconnect(self) -> None:
        pass

    Destroy = Disconnect

    def plan(self, number: int) -> Plan:
        return self._plans[number]

    def getters(self, row: Any) -> Getters:
        """The functions that read each column from rows of this kind."""
        of_tuples = isinstance(row, tuple)
        found = self._getters.get(of_tuples)
        if found is None:
            found = self._getters[of_tuples] = self.table.getters(of_tuples)
        return found

    def held(self, position: int, row: Any) -> Any:
        """A value as it compares with a constraint's; None where it cannot be read (Cursor.Column notes that)."""
        return held(self.table.columns[position], _value(self.getters(row)[position], row))

    def identity(self, row: Any) -> tuple[Any, ...]:
        """What tells this row from every other of the table."""
        names = self.table.identity
        if not names and isinstance(row, tuple):
            return row
        getters = self.getters(row)
        columns = enumerate(self.table.columns)
        return tuple([_value(getters[i], row) for i, column in columns if not names or column.name in names])


def _value(get: Callable[[Any], Any], row: Any) -> Any:
    """A value of a row; None where it cannot be read."""
    try:
        return get(row)
    except (HostqlError, AttributeError):
        # What has no such attribute is no row of the table.
        raise
    except Exception:
        return None


class Cursor:
    """Steps through the rows of one scan after another."""

    def __init__(self, virtual: VirtualTable) -> None:
        self._virtual = virtual
        self._name = virtual.table.name
        self._statement = virtual.database.statement
        self._row: Any = END
        self._rows: Iterator[Any] = iter(())
        self._get: Getters = []
        self._seen: dict[tuple[Any, ...], int] = {}
        self._rowid: int | None = None

    def Filter(self, number: int, _description: str, args: tuple[Any, ...]) -> None:
        plan = self._virtual.plan(number)
        if plan.missing:
            raise _needs(self._virtual.table, plan.missing, self._statement.sql)
        for name in plan.unheard:
            self._statement.notes.add(self._name, f"only =, IN and IS on {name} choose which rows are read")
        self._statement.begin(self._name)
        self._seen = {}
        self._rows = iter(self._scan(plan, args))
        self._get = []
        self.Next()
        if self._row is not END:
            self._get = self._virtual.getters(self._row)

    def Eof(self) -> bool:
        return self._row is END

    def Next(self) -> None:
        self._rowid = None
        try:
            self._row = next(self._rows, END)
        except HostqlError:
            raise
        except Exception as error:
            raise _failed(self._name, error) from error

    def Column(self, number: int) -> Any:
        if number < 0:
            return self.Rowid()
        try:
            value = self._get[number](self._row)
        except OSError as error:
            return self._unreadable(number, error)
        except HostqlError:
            raise
        except Exception as error:
            self._not_understood(number, error)
            return None
        # What `storable` does, as fast as can be.
        kind = value.__class__
        if kind is int:
            if value.bit_length() < 64:
                return value
        elif kind is str:
            return value if value.isascii() else clean(value)
        elif kind in _STORED:
            return value
        try:
            return storable(value)
        except (OverflowError, TypeError) as error:
            self._not_understood(number, error)
            return None

    def Rowid(self) -> int:
        if self._rowid is None:
            identity = self._virtual.identity(self._row)
            try:
                again = self._seen[identity] = self._seen.get(identity, 0) + 1
            except TypeError as error:
                raise _failed(self._name, error) from error
            self._rowid = self._statement.rowid((self._name, identity, again))
        return self._rowid

    def Close(self) -> None:
        self._rows = iter(())
        self._row = END

    # How the rows are found.

    def _scan(self, plan: Plan, args: tuple[Any, ...]) -> Iterable[Any]:
        """The rows: from a recording of this statement where there is one, else from the table."""
        statement = self._statement
        pushed, indexed = values(plan, args, self._name, statement, self._text_of)
        if pushed is None:
            return ()
        inputs = any(term.column.additional or term.column.required for term in pushed)
        rows = None if inputs else statement.recordings.get((self._name, ()))
        if rows is not None:
            # All rows are (being) read anyway: a look-up answered from them cannot contradict them.
            indexed = indexed or {term: next(iter(v)) for term, v in pushed.items() if term.op == "="}
        else:
            key = tuple([(term.column.name, term.op, value) for term, value in pushed.items()])
            rows = statement.recordings.get((self._name, key))
            if rows is None:
                rows = statement.recordings[self._name, key] = self._record(plan, pushed)
                return rows
        if not indexed:
            return rows
        if not rows.complete:
            rows.finish()
        positions = tuple([term.position for term in indexed])
        return rows.matching(positions, tuple(indexed.values()), self._virtual.held)

    def _text_of(self, number: int | float) -> str:
        """SQLite's text of a number."""
        ((text,),) = self._virtual.database.connection.execute("SELECT CAST(? AS TEXT)", (number,))
        return str(text)

    def _record(self, plan: Plan, pushed: dict[Term, Any]) -> Recording:
        """Begin reading the table itself."""
        virtual, statement = self._virtual, self._statement
        wanted = statement.wanted.get(self._name) or plan.columns
        columns = virtual.table.columns
        names = frozenset(
            [column.name for i, column in enumerate(columns) if i in wanted or (i >= 63 and 63 in wanted)]
        )
        scan = Scan(statement, self._name, names, *by_kind(pushed))
        try:
            source = virtual.table().rows(scan)
        except HostqlError:
            raise
        except Exception as error:
            raise _failed(self._name, error) from error
        if not pushed:
            source = self._counted(source)
        return Recording(source, lambda: statement.keeps(self._name))

    def _counted(self, source: Iterable[Any]) -> Iterator[Any]:
        """The rows of a full scan, whose number will price the next plan."""
        count = 0
        for row in source:
            count += 1
            yield row
        self._statement.measured[self._virtual] = count

    # What a value that cannot be read becomes.

    def _unreadable(self, number: int, error: OSError) -> None:
        if error.errno in _DENIED:
            name = self._virtual.table.columns[number].name
            self._statement.notes.value_denied(self._name, name, self._virtual.identity(self._row))
        elif error.errno not in _GONE:
            reason = os.strerror(error.errno) if error.errno else str(error)
            self._note(number, f"could not be read ({reason})")

    def _not_understood(self, number: int, error: Exception) -> None:
        self._note(number, f"could not be understood ({type(error).__name__}: {error})")

    def _note(self, number: int, text: str) -> None:
        name = self._virtual.table.columns[number].name
        self._statement.notes.add(self._name, f"{name} {text}", self._virtual.identity(self._row))


def _needs(table: type[Table], names: tuple[str, ...], sql: str) -> QueryError:
    """The error for a scan without the constraint that the table cannot do without."""
    shown = "\n".join("    " + example for example in table.examples)
    words = " ".join(bare(sql).lower().split())
    if " or " in words and any(name in words for name in names):
        # SQLite looks nothing up in an OR when a side of it names nothing, or holds a COLLATE or an empty list.
        shown += "\nEach side of an OR has to give it, without COLLATE; two SELECTs with UNION always work."
    return QueryError(f"{table.name} needs to know which: give {' or '.join(names)} in the WHERE clause.", shown)


def _failed(name: str, error: Exception) -> QueryError:
    if isinstance(error, OSError) and error.errno:
        where = f": {error.filename}" if error.filename else ""
        return QueryError(f"table {name} could not be read: {os.strerror(error.errno)}{where}")
    return QueryError(f"table {name} failed: {type(error).__name__}: {error}", "This is a fault of the table.")
