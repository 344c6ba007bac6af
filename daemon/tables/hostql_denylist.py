"""The table `hostql_denylist`: queries that the agent does not run for a while."""

from __future__ import annotations

import os

from ...vtables.scan import Scan
from ...vtables.table import BIGINT, DOUBLE, TEXT, Column, Table
from ...watchdog.denylist import Denylist
from ._table import readable_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class HostqlDenylist(Table):
    """Queries that broke limits, or that somebody denied; one row for each."""

    query = Column(TEXT, "Name of the query")
    sql = Column(TEXT, "SHA-256 of its text; '' for any text of that name")
    reason = Column(TEXT, "Why it is denied")
    since = Column(BIGINT, "When it was denied, in Unix seconds")
    until = Column(BIGINT, "When it may run again, in Unix seconds")
    cpu = Column(DOUBLE, "Seconds of CPU it had taken; NULL where not known")
    memory = Column(BIGINT, "Bytes by which the agent had grown; NULL where not known")
    wall = Column(DOUBLE, "Seconds it had run; NULL where not known")

    typical_rows = 1
    examples = ["SELECT query, reason, datetime(until, 'unixepoch') AS until FROM hostql_denylist;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        denylist = Denylist(os.path.join(readable_state(scan), "denylist.json"))
        if denylist.problem:
            scan.note(denylist.problem)
        for entry in denylist.current():
            usage = entry.get("usage") or {}
            took = (usage.get("cpu"), usage.get("memory"), usage.get("wall"))
            yield (entry["query"], entry["sql"], entry["reason"], entry["since"], entry["until"], *took)
