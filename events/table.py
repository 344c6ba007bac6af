"""`EventTable`: how an event table is declared. Its rows lie in the buffer as a native SQLite table.

Columns are declared as every table's are; `eid` and `time` are in each. Where no buffer is attached, the table says so.
"""

from __future__ import annotations

from ..vtables.errors import TableUnavailable
from ..vtables.scan import Scan
from ..vtables.table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar

# Who did it: the collector adds these to every event that names a process.
CONTEXT = {
    "exe": "Executable of the process; of one gone before it could be read, what was executed; '' where not known",
    "ppid": "Process id of its parent",
    "ancestors": "Its parents up to the first process, nearest first: name (pid) ← name (pid)",
    "cgroup_path": "Its control group",
    "container_id": "Id of the container it ran in; '' for none",
    "container_runtime": "Who ran the container; '' for none",
}


class BufferTable(Table):
    """A table whose rows lie in the buffer.

    added   its rows are added as time goes by, each with an `eid`, and expire; else all are replaced at once
    """

    in_file = True
    added: ClassVar[bool] = False

    def rows(self, scan: Scan) -> Iterable[Any]:
        raise TableUnavailable(
            f"{scan.table} has no rows: nothing is collecting events",
            "Run hostql as root to collect while it runs, or start `hostql events collect`.",
        )


class EventTable(BufferTable):
    """A table of events.

    event_class  what exclusion rules call it: process, socket, dns, file, user, security, hardware or syslog
    publishers   names of the publishers that can feed it, the best first

    A class with `process_bound=True` has the columns of CONTEXT after its own, and every one has `publisher` last.
    """

    added = True
    event_class: ClassVar[str] = ""
    publishers: ClassVar[tuple[str, ...]] = ()
    typical_rows = 100_000
    identity = ("eid",)

    def __init_subclass__(cls, *, process_bound: bool = False, **options: Any) -> None:
        for name, doc in CONTEXT.items() if process_bound else ():
            _declare(cls, name, Column(BIGINT if name == "ppid" else TEXT, doc))
        _declare(cls, "publisher", Column(TEXT, "Publisher that saw it: bpf, audit, proc_connector and others"))
        super().__init_subclass__(**options)


def eid() -> Column:
    """The number of an event."""
    return Column(BIGINT, "Number of the event, growing; never given twice")


def time() -> Column:
    """When it happened."""
    return Column(BIGINT, "When it happened, in Unix seconds", range=True)


def uptime() -> Column:
    """When it happened, by the host's own clock."""
    return Column(BIGINT, "When it happened, in seconds since the host was started")


def _declare(cls: type, name: str, column: Column) -> None:
    if name not in vars(cls):
        column.name = name
        setattr(cls, name, column)
