"""The unit under a real systemd, which is the first process of a pid namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.daemon.unit import unit
from hostql.tests.host import IS_ROOT

from .test_agent import until

SYSTEMD = "/lib/systemd/systemd"
pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.skipif(not IS_ROOT, reason="needs root, to run systemd"),
    pytest.mark.skipif(not os.path.exists(SYSTEMD) or not shutil.which("nsenter"), reason="needs systemd, nsenter"),
]
# What services are ordered after by default; here they are there, and do nothing.
TARGETS = "sysinit basic shutdown multi-user local-fs".split()
# Its own places for what a service writes, and for systemd itself; the folder of the test stays where it was.
BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/lock /run/test
mount --bind {folder} /run/test
for place in /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs $place; done
mkdir -p {folder}
mount --bind /run/test {folder}
exec {systemd} --system --unit=hostql.service --log-target=console --show-status=no
"""


class Systemd:
    def __init__(self, folder: Path) -> None:
        self._log = open(folder / "systemd.log", "wb")
        environment = {**os.environ, "container": "test", "SYSTEMD_UNIT_PATH": str(folder / "units")}
        command = ["unshare", "--fork", "--pid", "--mount", "--mount-proc", "--uts", "--ipc", "--kill-child"]
        self.process = subprocess.Popen(
            [*command, "sh", "-c", BOOT.format(systemd=SYSTEMD, folder=folder)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def inside(self, *command: str) -> str:
        """What a program prints that runs beside it; OSError where it cannot yet."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        enter = ["nsenter", "-t", children[0] if children else "0", "-m", "-p", "--"]
        done = subprocess.run([*enter, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(done.stderr)
        return done.stdout

    def shows(self, name: str) -> str:
        return self.inside("systemctl", "show", "--property", name, "--value", "hostql.service").strip()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    tmp_path.chmod(0o700)
    (tmp_path / "units").mkdir()
    for name in TARGETS:
        (tmp_path / "units" / f"{name}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    text = unit(sys.executable).replace("hostql daemon\n", f"hostql daemon --config {tmp_path}/hostql.conf\n")
    text = text.replace("WatchdogSec=30", "WatchdogSec=6").replace("RestartSec=5", "RestartSec=100ms")
    (tmp_path / "units" / "hostql.service").write_text(text)
    schedule = {"tick": {"query": "SELECT 1 AS one", "interval": 1, "snapshot": True}}
    (tmp_path / "hostql.conf").write_text(json.dumps({"schedule": schedule}))
    (tmp_path / "hostql.conf").chmod(0o600)
    before = _groups()
    running = Systemd(tmp_path)
    try:
        yield running
    finally:
        running.close()
        for group in sorted(_groups() - before, key=lambda path: len(path.parts), reverse=True):
            until(lambda group=group: not (group / "cgroup.procs").read_text())
            group.rmdir()


def _groups() -> set[Path]:
    """The control groups that systemd makes, in all hierarchies."""
    tops = [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")]
    names = ("system.slice", "system.slice/hostql.service", "init.scope", "user.slice", "machine.slice")
    deeper = [path for top in tops for path in top.glob("system.slice/*") if path.is_dir()]
    return {top / name for top in tops for name in names if (top / name).is_dir()} | set(deeper)


def test_the_unit(systemd: Systemd, tmp_path: Path) -> None:
    until(lambda: systemd.process.poll() is not None or systemd.shows("SubState") == "running")
    if systemd.process.poll() is not None:
        pytest.skip(f"systemd does not run here: {(tmp_path / 'systemd.log').read_text()[-300:]}")
    first = systemd.shows("MainPID")
    # It says itself that it is ready, and has a group below its own for the worker.
    processes = dict(line.split(None, 1) for line in systemd.inside("ps", "-ww", "-eo", "pid=,args=").splitlines())
    assert "hostql.watchdog" in processes.pop(first)
    (worker,) = (pid for pid, command in processes.items() if "hostql.daemon.worker" in command)
    assert "/hostql.service/" in systemd.inside("cat", f"/proc/{worker}/cgroup")
    until(lambda: "tick" in systemd.inside("cat", "/var/log/hostql/hostqld.snapshots.log"))
    assert systemd.inside("stat", "-c", "%a", "/var/lib/hostql").strip() == "700"
    systemd.inside("systemctl", "reload", "hostql.service")
    assert systemd.shows("MainPID") == first
    assert systemd.shows("NRestarts") == "0"
    # A watcher that is stuck says nothing to systemd, which replaces it.
    systemd.inside("kill", f"-{signal.SIGSTOP.value}", first)
    until(lambda: systemd.shows("MainPID") not in ("0", first) and systemd.shows("SubState") == "running")
    assert int(systemd.shows("NRestarts")) >= 1
    systemd.inside("systemctl", "stop", "hostql.service")
    assert (systemd.shows("ActiveState"), systemd.shows("Result")) == ("inactive", "success")
    assert systemd.inside("ls", "-A", "/var/lib/hostql").split().count("daemon.sock") == 0
