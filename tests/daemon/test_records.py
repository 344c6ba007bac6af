"""Lines exactly as osquery writes them: every observed line is taken apart and made again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hostql.daemon.differential import differences, key
from hostql.daemon.records import Format, Run, calendar_time, results, snapshot

OBSERVED = json.loads((Path(__file__).parents[1] / "data/osquery_results.json").read_text())
WHEN = 1_700_000_000
FORMATS = {
    "lines_event_format": {},
    "lines_batch": {"events": False},
    "lines_batch_numerics_toplevel": {"events": False, "snapshot_events": True, "numerics": True, "top_level": True},
    "lines_snapshot_event_numerics": {"snapshot_events": True, "numerics": True},
    "lines_toplevel_event": {"top_level": True},
}
ABOUT = ("name", "hostIdentifier", "calendarTime", "unixTime", "epoch", "counter", "numerics", "decorations")
# With decorations at top level a line does not tell whose it is: the decorator's `name` stands there.
NAMED = {"a_s": "al", "columns": "c2", "l_num": "1", "l_s": "ld", "name": "collide"}


def observed() -> list[Any]:
    found = []
    for section, options in FORMATS.items():
        for kind in ("results", "snapshots"):
            found += [pytest.param(kind, options, line, id=f"{section}-{kind}") for line in OBSERVED[section][kind]]
    return found


@pytest.mark.parametrize("kind, options, line", observed())
def test_a_line(kind: str, options: dict[str, bool], line: str) -> None:
    line = line.replace("{UTIME}", str(WHEN)).replace("{CTIME}", calendar_time(WHEN))
    line = re.sub(r" UTC UTC", " UTC", line)
    parsed = json.loads(line)
    top_level = options.get("top_level", False)
    decorations = NAMED if top_level else parsed.get("decorations")
    run = Run(parsed["name"], WHEN, parsed["epoch"], parsed["counter"], decorations)
    format = Format("HOSTID", **options)
    if kind == "results":
        made = list(results(format, run, *changes(parsed)))
    else:
        made = list(snapshot(format, run, [row(each) for each in parsed.get("snapshot", [parsed.get("columns")])]))
    assert [order(made[0], top_level)] == [order(line, top_level)]


def changes(parsed: dict[str, Any]) -> tuple[list[str], list[str]]:
    if "diffResults" in parsed:
        both = parsed["diffResults"]
        return [row(each) for each in both["removed"]], [row(each) for each in both["added"]]
    rows = [row(parsed["columns"])]
    return (rows, []) if parsed["action"] == "removed" else ([], rows)


def order(line: str, top_level: bool) -> Any:
    """A line to compare: as it is; at top level, where osquery's order follows no rule, by its keys and values."""
    return json.loads(line) if top_level else line


def row(columns: dict[str, Any]) -> str:
    """A row as the engine gives it; a control byte is shown by both as text."""
    names = sorted(columns, reverse=True)
    return key(names, [columns[name] for name in names])


def test_values_become_text() -> None:
    (line,) = results(Format("h"), Run("q", WHEN), [], [key("abcd", (None, 2.0, b"\x01\xff", "a\n\x7f\x1b[31m"))])
    assert json.loads(line)["columns"] == {"a": "", "b": "2.0", "c": "\\x01\\xFF", "d": "a\\x0A\x7f\\x1B[31m"}
    (line,) = results(Format("h", numerics=True), Run("q", WHEN), [], [key("abc", (1 << 62, 1.5, "007"))])
    assert json.loads(line)["columns"] == {"a": 1 << 62, "b": 1.5, "c": "007"}


def test_nothing_to_tell_is_no_line() -> None:
    assert list(results(Format("h"), Run("q", WHEN), [], [])) == []


MIXED = [None, 0, -1, 1.5, float("inf"), "", "0", "a", b"", b"\x00a"]


@pytest.mark.parametrize("one", MIXED)
@pytest.mark.parametrize("two", MIXED)
def test_of_two_columns_of_one_name_the_last_is_logged(one: Any, two: Any) -> None:
    assert key(("gid", "gid"), (one, two)) == key(("gid",), (two,))
    removed, added = differences([key(("gid",), (one,))], [key(("gid",), (two,))])
    assert bool(removed) == bool(added) == (key(("gid",), (one,)) != key(("gid",), (two,)))
    assert len(list(results(Format("HOSTID"), Run("q", WHEN), removed, added))) == 2 * bool(added)
