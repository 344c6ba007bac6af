"""Beside auditd, and behind it: a real auditd with a configuration of its own is started for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hostql.events.options import Options
from hostql.events.publisher import Unavailable
from hostql.events.publishers.audit.dispatcher import plugin_file
from hostql.events.publishers.audit.netlink import Control
from hostql.events.publishers.audit.publisher import Audit
from hostql.tests.host import PATIENCE
from hostql.tests.live.audit_stage import alone, collecting, ours

pytestmark = [pytest.mark.live, pytest.mark.slow]

CONFIGURATION = """
local_events = yes
write_logs = no
log_format = {log_format}
name_format = {name_format}
freq = 0
flush = NONE
q_depth = 2000
overflow_action = IGNORE
max_restarts = 10
space_left = 2
admin_space_left = 1
plugin_dir = {plugins}
"""

# What auditd starts: writes down the programs it sees, until its input ends.
PLUGIN = """
import os, select, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from hostql.events.options import Options
from hostql.events.publishers.audit.publisher import Audit
from hostql.tests.live.audit_stage import Recorder
publisher, stream = Audit(), Recorder()
publisher.open(frozenset(("process_events",)), Options(audit="-"))
with open(sys.argv[1], "w") as out:
    out.write(f"{os.getpid()}\\n")
    try:
        while True:
            out.write("".join(row["cmdline"] + "\\n" for row in stream.rows))
            out.flush()
            stream.rows.clear()
            select.select([publisher.fileno()], [], [])
            publisher.drain(stream)
    except OSError as error:
        out.write(f"{error}\\n")
publisher.close()
"""


@pytest.fixture
def control() -> Iterator[Control]:
    if not shutil.which("auditd"):
        pytest.skip("needs auditd")
    with alone() as found:
        yield found


def wait_for(done: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def auditd(
    control: Control, folder: Path, plugin: str = "", *, log_format: str = "RAW", name_format: str = "NONE"
) -> Iterator[subprocess.Popen[bytes]]:
    """A running auditd with this plugin."""
    plugins = folder / "plugins.d"
    plugins.mkdir(exist_ok=True)
    configuration = CONFIGURATION.format(plugins=plugins, log_format=log_format, name_format=name_format)
    (folder / "auditd.conf").write_text(configuration)
    (folder / "auditd.conf").chmod(0o640)
    if plugin:
        (plugins / "hostql.conf").write_text(plugin)
        (plugins / "hostql.conf").chmod(0o640)
    daemon = subprocess.Popen(
        ["auditd", "-n", "-s", "nochange", "-c", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: control.status().pid == daemon.pid or daemon.poll() is not None)
        if daemon.poll() is not None:
            pytest.skip(f"auditd does not run here: it ended with {daemon.returncode}")
        yield daemon
    finally:
        end(daemon)
        wait_for(lambda: control.status().pid != daemon.pid)


def end(daemon: subprocess.Popen[bytes]) -> None:
    """End it by SIGTERM, which it forgets while it starts."""
    for _ in range(int(PATIENCE)):
        daemon.terminate()
        try:
            daemon.wait(1)
        except subprocess.TimeoutExpired:
            continue
        return
    daemon.kill()
    daemon.wait()


def socket_plugin(path: Path, format: str) -> str:
    return plugin_file("socket").replace("/run/audispd_events", str(path)).replace("= string", f"= {format}")


@pytest.mark.parametrize(
    ("format", "log_format", "name_format"),
    [("string", "RAW", "NONE"), ("string", "ENRICHED", "HOSTNAME"), ("binary", "RAW", "NONE")],
)
def test_the_dispatchers_socket(
    control: Control, tmp_path: Path, format: str, log_format: str, name_format: str
) -> None:
    path = tmp_path / "events"
    plugin = socket_plugin(path, format)
    with auditd(control, tmp_path, plugin, log_format=log_format, name_format=name_format):
        wait_for(path.exists)
        with collecting("process_events", audit=str(path)) as running:
            # auditd sends nothing to a connection that it has not taken yet; that can be amid an event.
            running.first()
            lost = running.publisher.counters().lost
            assert lost <= 1
            child = subprocess.Popen(["/usr/bin/env", "true", "a b", "x" * 20_000])
            child.wait()
            running.until(lambda: len(running.of("process_events", pid=child.pid)) == 2)
            for row in running.of("process_events", pid=child.pid):
                assert row["cmdline"].endswith(f"true a b {'x' * 20_000}")
                assert (row["overflows"], row["uid"], row["mode"]) == ("", 0, "0755")
            many = [subprocess.Popen(["/usr/bin/true"]) for _ in range(100)]
            for each in many:
                each.wait()
            running.until(lambda: {e.pid for e in many} <= {r["pid"] for r in running.of("process_events")})
            assert running.publisher.counters().lost == lost


def test_the_dispatchers_child(control: Control, tmp_path: Path) -> None:
    seen, program = tmp_path / "seen", tmp_path / "plugin"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{PLUGIN}' {seen} 2>{tmp_path}/errors\n")
    program.chmod(0o750)
    plugin = plugin_file("child", str(program)).replace("args = events collect --config /etc/hostql/hostql.json\n", "")
    with auditd(control, tmp_path, plugin):
        wait_for(lambda: seen.exists() and "\n" in seen.read_text())
        pid = int(seen.read_text().split()[0])
        assert ours(control, pid)
        subprocess.run(["/usr/bin/env", "true", str(tmp_path)], check=True)
        wait_for(lambda: f"/usr/bin/env true {tmp_path}" in seen.read_text())
    wait_for(lambda: "auditd closed" in seen.read_text())
    wait_for(lambda: not ours(control, pid))


def test_auditd_comes_and_goes_beside_multicast(control: Control, tmp_path: Path) -> None:
    with collecting("process_events", audit="multicast") as running:
        for _ in range(2):
            with auditd(control, tmp_path):
                running.settle()
            running.settle()
        assert running.publisher.counters().lost == 0


def test_the_dispatchers_socket_comes_back(control: Control, tmp_path: Path) -> None:
    path = tmp_path / "events"
    with auditd(control, tmp_path, socket_plugin(path, "string")):
        wait_for(path.exists)
        publisher = collecting("process_events", audit=str(path))
        running = publisher.__enter__()
        running.first()
    try:
        running.until(lambda: any("auditd" in gap for gap in running.stream.gaps))
        with auditd(control, tmp_path, socket_plugin(path, "string")):
            running.until(lambda: any("taken up again" in gap for gap in running.stream.gaps))
            running.first()
    finally:
        publisher.__exit__(None, None, None)


def test_there_is_one_daemon(control: Control, tmp_path: Path) -> None:
    with auditd(control, tmp_path), pytest.raises(Unavailable, match="daemon already"):
        Audit().open(frozenset(("process_events",)), Options(audit="unicast"))
    with collecting("process_events", audit="unicast") as running:
        assert control.status().pid == os.getpid()
        assert control.status().backlog_wait_time == 0
        running.settle()


def test_no_dispatcher() -> None:
    with pytest.raises(Unavailable, match="does not listen"):
        Audit().open(frozenset(("process_events",)), Options(audit="/run/hostql-none"))
