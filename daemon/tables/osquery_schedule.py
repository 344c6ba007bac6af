"""The table `osquery_schedule`: the agent's scheduled queries, and what they cost."""

from __future__ import annotations

from ...vtables.table import BIGINT, INTEGER, TEXT, Column
from ._table import AgentTable


class OsquerySchedule(AgentTable):
    """The queries that the agent runs; one row for each."""

    name = Column(TEXT, "Name of the query, with the pack's before it", key=True)
    query = Column(TEXT, "Its SQL")
    interval = Column(INTEGER, "Seconds between runs")
    executions = Column(BIGINT, "How often it ran, over restarts of the agent")
    last_executed = Column(BIGINT, "When it ran last, in Unix seconds; 0 for never")
    denylisted = Column(INTEGER, "1 where it may not run for a while")
    output_size = Column(BIGINT, "Bytes of its rows over all runs")
    wall_time = Column(BIGINT, "Seconds that all runs took")
    wall_time_ms = Column(BIGINT, "Milliseconds that all runs took")
    last_wall_time_ms = Column(BIGINT, "Milliseconds that the last run took")
    user_time = Column(BIGINT, "Milliseconds of CPU in user mode over all runs")
    last_user_time = Column(BIGINT, "Milliseconds of CPU in user mode of the last run")
    system_time = Column(BIGINT, "Milliseconds of CPU in system mode over all runs")
    last_system_time = Column(BIGINT, "Milliseconds of CPU in system mode of the last run")
    average_memory = Column(BIGINT, "Bytes by which the agent grew while it ran, on average")
    last_memory = Column(BIGINT, "Bytes by which the agent grew in the last run")
    next_execution = Column(BIGINT, "When it runs next, in Unix seconds")
    outcome = Column(TEXT, "What went wrong in the last run; '' for nothing")
    last_rows = Column(BIGINT, "Rows of the last run")
    last_files = Column(BIGINT, "Files of the host that were read in the last run")

    identity = ("name",)
    typical_rows = 50
    examples = ["SELECT name, executions, wall_time_ms FROM osquery_schedule ORDER BY wall_time_ms DESC LIMIT 5;"]
