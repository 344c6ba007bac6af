"""Configurations in osquery's format: what is scheduled, what is told as a fault, what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostql.daemon.config.build import load
from hostql.daemon.config.model import Config
from hostql.daemon.config.options import OPTIONS
from hostql.daemon.config.source import ConfigSource
from hostql.tests.conftest import examples
from hostql.vtables.errors import ConfigError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OBSERVED = json.loads((Path(__file__).parents[1] / "data/osquery_results.json").read_text())


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(content: Any, name: str = "hostql.conf") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        path.chmod(0o600)
        return str(path)

    tmp_path.chmod(0o700)
    return written


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
    assert f"{path}:1: options.nope: is no option" in told
    assert f"{path}:2: options.logger_rotate: 'perhaps' is neither true nor false; the default counts" in told
    assert f"{path}:2: note: options.database_path: is an option of osquery's, without meaning here" in told
    assert f"{path}:5: schedule.b: is no object with a query, and is left out" in told
    assert f"{path}:5: schedule.a: stands there twice; the last one counts" in told
    assert f"{path}:6: spam: is no section of a configuration" in told
    assert f"{path}:6: views: is no object, and is passed over" in told


@pytest.mark.parametrize(
    "text, told",
    [
        ("{", ":1: not JSON"),
        ("[]", "holds no JSON object"),
        ('{"schedule": {},}', "not JSON"),
        ('{"a": ' * 100_000, "not"),
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
    with pytest.raises(ConfigError, match=r"others can write .* \(mode 0666\)") as refused:
        load(path)
    assert refused.value.hint == f"chmod go-w {path}"
    os.chmod(path, 0o600)
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigError, match=f"others can write {os.path.realpath(tmp_path)} "):
        load(path)
    tmp_path.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
        with pytest.raises(ConfigError, match="belongs to uid 65534"):
            load(path)


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
