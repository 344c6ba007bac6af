"""Packs come and go by what their discovery queries find, asked of the live host by an injected clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hostql.daemon.active import ActivePacks
from hostql.daemon.config.model import Pack, ScheduledQuery
from hostql.daemon.state import State
from hostql.daemon.told import tell_packs
from hostql.vtables.database import Database


def test_a_pack_is_active_while_its_discovery_queries_find_something(db: Database, tmp_path: Path) -> None:
    told: list[str] = []
    found = f"SELECT path FROM file WHERE path = '{tmp_path}/there'"
    packs = [Pack("p", "", "", 0, (found, "SELECT 1"), True), Pack("broken", "", "", 0, ("SELECT nope",), True)]
    packs.append(Pack("elsewhere", "windows", "", 0, (), False))
    for pack in packs:
        pack.queries.append(ScheduledQuery(f"{pack.name}_q", "SELECT 1", 60, pack=pack.name))

    def ask(_name: str, sql: str) -> Any:
        result = db.execute(sql)
        return result.columns, list(result)

    active = ActivePacks(packs, ask, told.append, 60)
    state = State(str(tmp_path / "state.db"))

    def names(now: float) -> list[str]:
        active.refresh(now)
        tell_packs(state, active)
        rows = state.select("osquery_packs", ("name", "active", "discovery_executions"))
        assert [row["name"] for row in rows if row["active"]] == [query.pack for query in active.queries()]
        return [query.name for query in active.queries()]

    assert names(1000) == [] and len(told) == 1 and "nope" in told[0]
    (tmp_path / "there").touch()
    assert names(1059) == []
    assert names(1060) == ["p_q"]
    (tmp_path / "there").unlink()
    # A clock that was set back by much asks anew.
    assert names(100) == []
    state.close()
