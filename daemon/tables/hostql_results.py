"""The table `hostql_results`: the last results of the agent's scheduled queries."""

from __future__ import annotations

from ...vtables.table import BIGINT, INTEGER, TEXT, Column
from ._table import AgentTable


class HostqlResults(AgentTable):
    """The rows of the last differential result of each scheduled query; one for each row of it."""

    name = Column(TEXT, "Name of the query", key=True)
    time = Column(BIGINT, "When the query ran last, in Unix seconds")
    epoch = Column(INTEGER, "Epoch of the result (`schedule_epoch`)")
    counter = Column(INTEGER, "How often the result has changed in this epoch")
    row = Column(TEXT, "The row as a JSON object: row ->> 'column' reads from it")

    typical_rows = 1000
    examples = ["SELECT name, row ->> 'path' AS path FROM hostql_results WHERE name = 'pack_fim_etc';"]
