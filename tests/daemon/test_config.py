"""Configurations in osquery's format: what is scheduled, what is told as a fault, what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostql.daemon.agent import wants_collector
from hostql.daemon.config.build import load
from hostql.daemon.config.model import Config
from hostql.daemon.config.options import OPTIONS
from hostql.daemon.config.source import ConfigSource
from hostql.daemon.dry_run import plan
from hostql.tests.conftest import examples
from hostql.vtables.errors import ConfigError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OBSERVED = json.loads((Path(__file__).parents[1] / "data/osquery_results.json").read_text())


def faults(config: Config) -> dict[str, str]:
    return {fault.rule: fault.message for fault in config.faults}


def test_what_osquery_schedules_is_scheduled(write: Any, tmp_path: Path):
    text = json.dumps(OBSERVED["config_v1"]).replace("{W}", f"{tmp_path}/w")
    (tmp_path / "w").mkdir()
    write({"queries": {"fq": {"query": "SELECT 1", "interval": 2}}}, "pack.conf")
    config = load(write(text), shard=lambda: 50)
    # Discovery is asked later; two names of queries that osquery runs give nothing to log.
    active = [pack for pack in config.packs if pack.meant and pack.name not in ("pk_false", "pk_both", "pk_bad")]
    names = {query.name for pack in active for query in pack.queries}
    expected = {name for name, *_ in OBSERVED["which_ran"]["osquery_schedule_names_after_67s"]}
    assert names == expected
    assert set(OBSERVED["which_ran"]["logged_names"]) <= names
    rows = [(pack.name, pack.platform, pack.version, str(pack.shard)) for pack in config.packs]
    wanted = [(r["name"], r["platform"], r["version"], r["shard"]) for r in OBSERVED["which_ran"]["osquery_packs_rows"]]
    assert sorted(rows) == sorted(wanted)
    intervals = {query.name: str(query.interval) for query in config.queries()}
    for name, interval, _ in OBSERVED["which_ran"]["osquery_schedule_names_after_67s"]:
        assert intervals[name] == interval
    told = faults(config)
    assert "is no interval" in told["schedule.int_0.interval"]
    assert "left out" in told["schedule.no_query"]
    assert "pack is left out" in told["packs.pk_nofile"]
    assert "multiple of 60" in told["decorators.interval.61"]


def test_each_option_is_used():
    folder = Path(__file__).parents[2] / "daemon"
    code = "".join(path.read_text() for path in folder.rglob("*.py") if path.name != "options.py")
    assert not {name for name in OPTIONS if f".{name}" not in code}


def test_comments_and_continued_lines(write: Any):
    config = load(
        write('{"schedule": {\n# a comment\n"q": {"query": "SELECT 1, \\\n 2",\n// another\n "interval": 5}}}')
    )
    assert [" ".join(query.sql.split()) for query in config.queries()] == ["SELECT 1, 2"]


def test_later_files_of_the_directory_win(write: Any):
    path = write(
        {"options": {"schedule_epoch": 1, "logger_plugin": "stdout"}, "schedule": {"a": {"query": "SELECT 1"}}}
    )
    write(
        {"options": {"schedule_epoch": "2"}, "schedule": {"b": {"query": "SELECT 2", "interval": 7}}},
        "hostql.conf.d/1.conf",
    )
    write({"file_paths": {"etc": ["/etc/%%"]}}, "hostql.conf.d/2.json")
    config = load(path)
    assert (config.options.schedule_epoch, config.options.logger_plugin) == (2, "stdout")
    assert [(query.name, query.interval) for query in config.queries()] == [("a", 3600), ("b", 7)]
    assert config.events.file_paths == {"etc": ["/etc/%%"]} and config.wants_events


def test_faults_name_file_line_and_rule(write: Any):
    path = write(
        '{"options": {"nope": 1,\n "logger_rotate": "perhaps", "database_path": "/x"},\n'
        ' "schedule": {"a": {"query": "SELECT 1",\n "interval": "soon"},\n "b": 7, "a": {"query": "SELECT 2"}},\n'
        ' "spam": {}, "views": []}'
    )
    told = {str(fault) for fault in load(path).faults}
    assert f"{path}:1: options.nope: unknown option" in told
    assert f"{path}:2: options.logger_rotate: 'perhaps' is neither true nor false; using the default" in told
    assert f"{path}:2: note: options.database_path: has no effect" in told
    assert f"{path}:5: schedule.b: is no object with a query, and is left out" in told
    assert f"{path}:5: schedule.a: duplicate key; the last one is used" in told
    assert f"{path}:6: spam: unknown section" in told
    assert f"{path}:6: views: is no object, and is passed over" in told


@pytest.mark.parametrize(
    "text, told",
    [
        ("{", ":1: not JSON"),
        ("[]", "holds no JSON object"),
        ('{"schedule": {},}', "not JSON"),
        ('{"a": ' * 100_000, "nested too deeply|not JSON"),
        (b"\xff\xfe", "is not UTF-8 text"),
        ('{"events": {"profile": "x"}}', "x"),
    ],
)
def test_what_cannot_be_used_at_all(write: Any, tmp_path: Path, text: Any, told: str):
    if isinstance(text, bytes):
        path = str(tmp_path / "raw.conf")
        Path(path).write_bytes(text)
        os.chmod(path, 0o600)
    else:
        path = write(text)
    with pytest.raises(ConfigError, match=told):
        load(path)


def test_a_file_that_others_can_write_is_refused(write: Any, tmp_path: Path):
    path = write({})
    load(path)
    os.chmod(path, 0o666)
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert refused.value.message == f"cannot read {path}: writable by others (mode 0666); chmod go-w it"


def test_a_broken_change_leaves_the_old_one_in_force(write: Any):
    path = write({"schedule": {"a": {"query": "SELECT 1"}}})
    now = [0.0]
    source = ConfigSource(path, clock=lambda: now[0])
    assert not source.changed()
    write("{broken")
    assert not source.changed()
    now[0] += 11
    assert source.changed()
    assert source.problem.endswith("what was in force before stays")
    assert [query.name for query in source.config.queries()] == ["a"]
    now[0] += 11
    assert not source.changed()
    write({"schedule": {"bb": {"query": "SELECT 1"}}})
    now[0] += 11
    assert source.changed() and not source.problem
    assert [query.name for query in source.config.queries()] == ["bb"]


def test_shards(write: Any):
    path = write({"schedule": {str(n): {"query": "SELECT 1", "shard": n} for n in (1, 50, 99, 100)}})
    assert [[query.name for query in load(path, shard=lambda n=n: n).queries()] for n in (1, 50, 51, 100)] == [
        ["1", "50", "99", "100"],
        ["50", "99", "100"],
        ["99", "100"],
        ["100"],
    ]


@pytest.mark.parametrize(
    "platform, runs",
    [
        *((name, True) for name in ("ubuntu", "CentOS", "darwin,rhel", " debian , windows", "arch", "opensuse-leap")),
        *((name, True) for name in ("posix", "any", "ALL", "", None, "amazon linux 2", "centos7", ["linux", "darwin"])),
        *((name, False) for name in ("darwin", "windows", "freebsd", "darwin,windows", "macOS", "chrome")),
    ],
)
def test_the_platforms_of_osquery(write: Any, platform: Any, runs: bool):
    query = {"query": "SELECT 1", "interval": 60, "platform": platform}
    config = load(write({"schedule": {"a": query}, "packs": {"p": {"platform": platform, "queries": {"b": query}}}}))
    assert [query.name for query in config.queries()] == (["a", "pack_p_b"] if runs else [])
    assert not config.faults


def test_a_platform_that_nobody_knows(write: Any):
    config = load(write({"schedule": {"a": {"query": "SELECT 1", "interval": 60, "platform": "linx"}}}))
    assert (config.queries(), faults(config)) == ([], {"schedule.a.platform": "unknown platform 'linx'"})


@pytest.mark.parametrize(
    "interval, seconds",
    [
        *((value, 604_800) for value in (604_800, "604800", 604_800.0)),
        *((value, 3600) for value in (None, "3600", " 3600")),
        *(
            (value, None)
            for value in (604_801, 0, "0", -1, "-1", 1.5, "1.5", "1_000", "0x10", "\u0663", True, [], "", 1e300)
        ),
    ],
)
def test_intervals(write: Any, interval: Any, seconds: int | None):
    config = load(write({"schedule": {"a": {"query": "SELECT 1", "interval": interval}}}))
    assert [query.interval for query in config.queries()] == ([] if seconds is None else [seconds])
    assert list(faults(config)) == ([] if seconds else ["schedule.a.interval"])


@pytest.mark.parametrize("yes, no", [(True, False), (1, 0), ("1", "0"), ("true", "false"), ("True", "FALSE")])
def test_booleans(write: Any, yes: Any, no: Any):
    query = {"query": "SELECT 1", "interval": 60, "snapshot": yes, "removed": no, "blacklist": no}
    config = load(write({"options": {"logger_rotate": yes}, "schedule": {"a": query}}))
    (found,) = config.queries()
    assert (found.snapshot, found.removed, found.denylist, config.options.logger_rotate) == (True, False, False, True)
    assert not config.faults


def test_what_is_wrong_costs_itself(write: Any):
    config = load(
        write(
            {
                "options": {
                    "logger_plugin": "stdout, kafka_producer",
                    "logger_mode": "0888",
                    "watchdog_level": 7,
                    "host_identifier": "specified",
                    "schedule_splay_percnt": 10,
                },
                "schedule": {"a": {"query": "SELECT 1", "intervall": 60, "snapshot": "perhaps", "_why": "x"}},
                "packs": {"p": {"shard": 101, "querys": {}, "description": "x"}},
                "decorators": {"load": "SELECT 1", "never": [], "always": ["SELECT 2", 3], "interval": []},
                "views": {"v": 1},
                "file_paths": {"a": ["etc/passwd", "/etc/%%"], "b": "/x"},
                "events": {"keep_rows": "many", "keep_seconds": "60", "disable_subscribers": [], "keep_row": 1},
                "auto_table_construction": {"t": {"query": "SELECT a", "path": "/x", "columns": ["a"], "pth": 1}},
            }
        )
    )
    assert faults(config) == {
        "options.logger_plugin": "unknown: kafka_producer; there are filesystem, stdout, syslog",
        "options.logger_mode": "'0888' are no permission bits in octal (0 to 0777); using the default",
        "options.watchdog_level": "7 is out of range (-1 to 1); using the default",
        "options.host_identifier": "'specified' requires specified_identifier; using the host's name",
        "options.schedule_splay_percnt": "unknown option; did you mean schedule_splay_percent?",
        "schedule.a.intervall": "unknown key; did you mean interval?",
        "schedule.a.snapshot": "'perhaps' is neither true nor false; using false",
        "packs.p.shard": "101 is no percentage of hosts (0 to 100); it runs on all hosts",
        "packs.p.querys": "unknown key; did you mean queries?",
        "packs.p": "has no queries",
        "decorators.load": "is no list of queries; what is none is left out",
        "decorators.always": "is no list of queries; what is none is left out",
        "decorators.never": "unknown key",
        "decorators.interval": "is no object of intervals, and is left out",
        "views.v": "is no query, and is left out",
        "file_paths.a.0": "'etc/passwd' is no absolute path",
        "file_paths.b": "is no list of absolute paths",
        "events.keep_rows": "'many' is no whole number",
        "events.disable_subscribers": "has no effect",
        "events.keep_row": "unknown key; did you mean keep_rows?",
        "auto_table_construction.t.pth": "unknown key; did you mean path?",
    }
    assert [query.name for query in config.queries()] == ["a"]
    assert config.decorators.always == ["SELECT 2"]
    assert (config.events.file_paths, config.events.keep_seconds) == ({"a": ["/etc/%%"]}, 60)
    assert [table.name for table in config.tables] == ["t"]


@pytest.mark.parametrize(
    "pattern, names",
    [
        ("packs/%.conf", ["a", "b"]),
        ("packs/*.conf", ["a", "b"]),
        ("packs/%", ["a", "b", "c"]),
        ("packs/%%", ["a", "b", "c", "d"]),
        ("packs/{a,c}.*", ["a", "c"]),
        ("packs/[b-c].%", ["b", "c"]),
        ("packs/50%.pack", ["50%"]),
    ],
)
def test_a_pattern_of_packs(write: Any, tmp_path: Path, pattern: str, names: list[str]):
    for file in ("a.conf", "b.conf", "c.json", "deep/d.conf", ".hidden.conf", "50%.pack"):
        (tmp_path / "packs" / "deep").mkdir(parents=True, exist_ok=True)
        if file != "50%.pack" or "50" in pattern:
            write({"queries": {"q": {"query": "SELECT 1", "interval": 60}}}, f"packs/{file}")
    config = load(write({"packs": {"*": pattern}}))
    assert [query.name for query in config.queries()] == [f"pack_{name}_q" for name in names]
    assert not config.faults


def test_a_pack_that_comes_later_is_noticed(write: Any, tmp_path: Path):
    now = [0.0]
    source = ConfigSource(write({"packs": {"*": "packs/%.conf"}}), clock=lambda: now[0])
    write({"queries": {"q": {"query": "SELECT 1", "interval": 60}}}, "packs/new.conf")
    now[0] += 11
    source.changed()
    assert [query.name for query in source.config.queries()] == ["pack_new_q"]


def test_files_that_a_pack_watches(write: Any):
    packs = {
        "fim": {"file_paths": {"etc": ["/etc/%%"], "homes": ["/root/%%"]}, "exclude_paths": {"etc": ["/etc/mtab"]}},
        "mac": {"platform": "darwin", "file_paths": {"etc": ["/private/%%"]}},
    }
    content = {"packs": packs, "file_paths": {"etc": ["/opt/%%"]}, "file_accesses": ["etc"]}
    config = load(write(content))
    assert config.events.file_paths == {"etc": ["/opt/%%", "/etc/%%"], "homes": ["/root/%%"]}
    assert config.events.exclude_paths == {"etc": ["/etc/mtab"]}
    assert config.events.file_accesses == ("etc",)
    assert not config.faults


def test_a_byte_order_mark_and_the_line_ends_of_windows(write: Any, tmp_path: Path):
    path = write("")
    text = '\ufeff# a comment\r\n{"schedule": {"q": {"query": "SELECT 1, \\\r\n 2", "interval": 5}}}\r\n'
    Path(path).write_bytes(text.encode())
    assert [" ".join(query.sql.split()) for query in load(path).queries()] == ["SELECT 1, 2"]


@pytest.mark.parametrize("name", ["hostql.conf", "hostql.conf.d/1.conf", "packs/a.conf"])
def test_each_file_is_read_in_trust(write: Any, tmp_path: Path, name: str):
    path = write({"packs": {"*": "packs/%.conf"}})
    write({"schedule": {"more": {"query": "SELECT 1", "interval": 60}}}, "hostql.conf.d/1.conf")
    write({"queries": {"q": {"query": "SELECT 1", "interval": 60}}}, "packs/a.conf")
    assert len(load(path).queries()) == 2
    (tmp_path / name).parent.chmod(0o777)
    folder = (tmp_path / name).parent
    why = f"cannot read {tmp_path / name}: {folder} is writable by others (mode 0777); chmod go-w it"
    try:
        config = load(path)
    except ConfigError as error:
        assert error.message == why
    else:
        assert faults(config) == {"packs.*": f"the pack is left out: {why}"}
    done = subprocess.run([sys.executable, "-m", "hostql", "check", path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{tmp_path / name}: the agent cannot read it: {folder} is writable by others" in done.stdout


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
QUERY = st.dictionaries(
    st.sampled_from("query interval snapshot removed platform version shard denylist queries discovery".split()), VALUES
)
SECTIONS = {
    "schedule": st.dictionaries(st.text(max_size=5), QUERY | VALUES, max_size=3) | VALUES,
    "packs": st.dictionaries(st.text(max_size=5), QUERY | VALUES, max_size=3) | VALUES,
    "options": st.dictionaries(st.sampled_from(["logger_rotate", "schedule_epoch", "x"]), VALUES) | VALUES,
    "decorators": st.dictionaries(st.sampled_from(["load", "always", "interval"]), VALUES) | VALUES,
    "views": VALUES,
    "auto_table_construction": st.dictionaries(st.text(max_size=5), VALUES, max_size=3) | VALUES,
    "file_accesses": VALUES,
    "file_paths": VALUES,
    "events": VALUES,
}


OVER = {"views": {"started": "/* programs */ SELECT pid FROM process_events"}}


@pytest.mark.parametrize(
    "content, wanted",
    [
        ({"schedule": {"q": {"query": "SELECT pid FROM process_events", "interval": 5}}}, True),
        ({**OVER, "schedule": {"q": {"query": "SELECT pid FROM started", "interval": 5}}}, True),
        ({"decorators": {"always": ["SELECT count(*) AS n FROM process_events"]}}, True),
        ({"packs": {"p": {"discovery": ["SELECT 1 FROM process_events"], "queries": {}}}}, True),
        ({**OVER, "schedule": {"q": {"query": "SELECT 1 -- FROM process_events", "interval": 5}}}, False),
        ({"schedule": {"q": {"query": "SELECT 'process_events' AS name", "interval": 5}}}, False),
        ({"schedule": {"q": {"query": "SELECT nothing FROM nowhere", "interval": 5}}}, False),
    ],
)
def test_events_are_collected_where_a_query_reads_them(write: Any, content: Any, wanted: bool):
    assert wants_collector(load(write(content))) == wanted


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries({}, optional=SECTIONS))
def test_any_json_is_taken_or_refused_in_words(write: Any, content: Any):
    path = write(content)
    try:
        config = load(path)
    except ConfigError as error:
        assert error.message
    else:
        assert all(query.sql and query.interval > 0 for query in config.queries())


@pytest.mark.parametrize("option, severity, code", [("database_path", "note", 0), ("databse_path", "fault", 1)])
def test_what_osquery_alone_knows_is_a_note_and_no_failure(write: Any, option: str, severity: str, code: int):
    path = write({"options": {option: "/x"}, "schedule": {"a": {"query": "SELECT 1", "interval": 60}}})
    command = [sys.executable, "-m", "hostql", "check", path, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (told,) = json.loads(done.stdout)
    assert (told["line"], told["rule"], told["severity"]) == (3, f"options.{option}", severity)
    assert done.returncode == code
    assert done.stderr == f"1 queries, {code} faults, {1 - code} notes\n"


def test_a_dry_run_names_the_pack_that_is_left_out(write: Any, tmp_path: Path):
    write({"queries": {"r": {"query": "SELECT 2", "interval": 60}}}, "p.conf")
    (tmp_path / "p.conf").chmod(0o666)
    config = {
        "schedule": {"q": {"query": "SELECT 1", "interval": 60}},
        "packs": {"a": str(tmp_path / "p.conf")},
    }
    rows, left_out = plan(write(config))
    assert [row[0] for row in rows] == ["q"]
    assert len(left_out) == 1 and "writable by others (mode 0666)" in left_out[0]
