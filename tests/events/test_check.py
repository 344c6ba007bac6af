"""`hostql events check` and `hostql events profiles`: what a profile would have dropped from the buffer."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hostql.events.buffer import Buffer
from hostql.events.catalog import catalog
from hostql.events.config import profiles
from hostql.events.exclusion.trial import Trial
from hostql.shell.exclusions import check
from hostql.shell.options import parse
from hostql.vtables.errors import HostqlError

from ..conftest import as_nobody

CATALOG = catalog()
TABLES = [CATALOG.load(name) for name in CATALOG if CATALOG.subject(name) == "events"]
NOW = int(time.time())
PROCESSES = ("pid", "path", "cmdline", "uid", "parent", "time", "exe")
SOCKETS = ("action", "pid", "remote_address", "remote_port", "protocol", "path", "time", "exe")


def hostql(*arguments: str, **others: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hostql", "events", *arguments]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, **others)


@pytest.fixture
def buffer(tmp_path: Path) -> str:
    """An hour of a small host: a shell that starts a backup, whose connections follow; and what is older."""
    path = str(tmp_path / "events.db")
    made = Buffer(path, TABLES)
    processes = [
        (4194301, "/usr/bin/backup", "backup --old", 0, 1, NOW - 7200, "/usr/bin/backup"),
        (4194301, "/bin/sh", "sh -c backup", 0, 1, NOW - 100, "/usr/bin/dash"),
        (4194302, "/usr/bin/backup", "backup \x1b[31m--all", 0, 4194301, NOW - 90, "/usr/bin/backup"),
        (4194302, "/usr/bin/other", "other", 5, 4194303, NOW - 80, "/usr/bin/other"),
    ]
    made.add("process_events", PROCESSES, processes)
    sockets = [
        ("connect", 4194302, f"10.0.0.{n}", 443, 6, "/usr/bin/backup", NOW - 85, "/usr/bin/backup") for n in range(10)
    ]
    sockets.append(("connect", 4194302, "192.0.2.1", 443, 6, "/usr/bin/other", NOW - 70, "/usr/bin/other"))
    made.add("socket_events", SOCKETS, sockets)
    made.commit()
    made.replace("event_publishers", [("bpf", "running", 1, "process_events", "", 0, 0, 0, 0, None, 0)])
    made.replace(
        "event_exclusions", [("night", 1, "socket", '{"class": "socket", "comm": ["backup"]}', "bpf", "kernel", None)]
    )
    made.close()
    return path


@pytest.fixture
def config(tmp_path: Path) -> str:
    profiles = {
        "night": {
            "rules": [
                {"class": "socket", "cidr": "10.0.0.0/29", "port": 443},
                {"class": "socket", "comm": "backup"},
                {"class": "process", "parent_path": "/usr/bin/dash"},
                {"class": "dns", "port": 53},
            ]
        },
        "wrong": {"rules": [{"uid": 0}, {"port": "x"}]},
    }
    path = tmp_path / "hostql.conf"
    path.write_text(json.dumps({"exclusion_profiles": profiles, "events": {"profile": "night"}}))
    return str(path)


def test_what_a_profile_would_have_dropped(buffer: str, config: str):
    before = hashlib.sha256(Path(buffer).read_bytes()).digest()
    done = hostql("check", "night", "--config", config, "--buffer", buffer, "--json")
    assert done.returncode == 0, done.stderr
    rules = json.loads(done.stdout)
    assert [(rule["rule"], rule["matched"]) for rule in rules] == [(0, 8), (1, 10), (2, 1), (3, 0)]
    assert rules[1]["enforced"] == "bpf: kernel"
    assert rules[0]["samples"].startswith("connect 10.0.0.0 443 /usr/bin/backup; connect 10.0.0.1 443")
    # A process is what it was then: pid 4194302 was the backup, before it became another program.
    assert rules[2]["samples"] == "backup \x1b[31m--all"
    assert "note: 11 of 14 events of the last hour would have been dropped\n" in done.stderr
    assert "note: of 1 events the process or its parent is not known any more" in done.stderr
    assert "what night dropped is not in the buffer" in done.stderr
    assert hashlib.sha256(Path(buffer).read_bytes()).digest() == before


def test_samples_reach_no_terminal_raw(buffer: str, config: str):
    done = hostql("check", "night", "--config", config, "--buffer", buffer, "--table")
    assert "\x1b" not in done.stdout
    assert "\\x1b[31m--all" in done.stdout


def test_profiles_are_listed_with_their_faults(config: str):
    done = hostql("profiles", "--config", config, "--json")
    assert done.returncode == 1
    night, wrong = json.loads(done.stdout)
    assert night == {"profile": "night", "active": 1, "rules": 4, "fault": ""}
    assert (wrong["active"], wrong["rules"]) == (0, 2)
    assert 'profile wrong, rule 1: port cannot be "x"; Allowed: a port' in wrong["fault"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "nihgt"), "no such exclusion profile: nihgt"),
        (("check", "wrong"), 'profile wrong, rule 1: port cannot be "x"'),
        (("check", "night", "--buffer", "/nonexistent/events.db"), "the buffer /nonexistent/events.db cannot be read"),
        (("check", "night", "--buffer", "/etc/passwd"), "the buffer /etc/passwd cannot be read"),
        (("check",), "usage: hostql events check PROFILE"),
    ],
)
def test_what_cannot_be_checked_is_said_in_words(config: str, arguments: tuple[str, ...], said: str):
    done = hostql(*arguments, "--config", config)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_configuration_there_is_nothing_to_check():
    done = hostql("check", "night")
    assert "--config FILE names it" in done.stderr


def test_others_are_told_that_events_are_for_root(buffer: str, config: str):
    def refused() -> str:
        try:
            check(
                parse(
                    ["events", "check", "night", "--config", f"{folder}/hostql.conf", "--buffer", f"{folder}/events.db"]
                )
            )
        except HostqlError as error:
            return f"{error.message} {error.hint}"
        return ""

    # What is imported is imported before the child loses the right to.
    assert profiles(config).rules().rules
    assert Trial is not None
    # Where others may look, and a configuration may be.
    with tempfile.TemporaryDirectory(dir="/var/lib" if os.geteuid() == 0 else None) as folder:
        shutil.copy(config, folder)
        shutil.copy(buffer, folder)
        os.chmod(folder, 0o755)
        said = as_nobody(refused)
    assert said == f"the buffer {folder}/events.db cannot be read: Permission denied Events are for root to read."
