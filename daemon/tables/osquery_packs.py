"""The table `osquery_packs`: the agent's packs of queries."""

from __future__ import annotations

from ...vtables.table import INTEGER, TEXT, Column
from ._table import AgentTable


class OsqueryPacks(AgentTable):
    """The packs of the agent's configuration, the schedule itself among them as `main`."""

    name = Column(TEXT, "Name of the pack", key=True)
    platform = Column(TEXT, "Platforms it is meant for; '' for all")
    version = Column(TEXT, "Version from which on it is meant; '' for all", collate="VERSION")
    shard = Column(INTEGER, "Percent of a fleet it is meant for; 0 for all")
    discovery_cache_hits = Column(INTEGER, "Always 0: an answer is kept until its discovery queries run again")
    discovery_executions = Column(INTEGER, "How often its discovery queries ran")
    active = Column(INTEGER, "1 where its queries are scheduled")

    identity = ("name",)
    typical_rows = 5
    examples = ["SELECT name, active FROM osquery_packs;"]
