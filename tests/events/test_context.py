"""Who a process is: read from /proc, kept past its end, never mistaken for the next process with its pid."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.events import context
from hostql.events.context import Contexts

CAT, SLEEP = os.path.realpath("/bin/cat"), os.path.realpath("/bin/sleep")
# A pid that no process has: the greatest there can be (PID_MAX_LIMIT of linux/threads.h) is one less.
NOBODY = 1 << 22


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
    yield started
    started.communicate()


def own_name() -> str:
    with open("/proc/self/comm") as file:
        return file.read().strip()


def test_a_process_is_read_from_proc(child: subprocess.Popen[bytes]):
    contexts = Contexts()
    exe, ppid, ancestors, cgroup, container, runtime = contexts.of(child.pid)
    assert (exe, ppid) == (CAT, os.getpid())
    assert ancestors.split(" ← ")[:2] == [
        f"{own_name()} ({os.getpid()})",
        *contexts.of(os.getpid())[2].split(" ← ")[:1],
    ]
    assert (cgroup, container, runtime) == contexts.of(os.getpid())[3:]
    assert contexts.comm(child.pid) == "cat"


@pytest.mark.parametrize("name", ["program", "program (deleted)"])
def test_only_the_kernels_mark_is_taken_off_an_executable(tmp_path: Path, name: str):
    path = tmp_path / name
    shutil.copy(shutil.which("cat") or "/bin/cat", path)
    with subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(b"up\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"up\n"
        there = Contexts().of(child.pid)[0]
        path.unlink()
        gone = Contexts().of(child.pid)[0]
        child.stdin.close()
    assert there == gone == str(path)


def test_late_events_find_a_process_that_ended(monkeypatch: pytest.MonkeyPatch):
    contexts = Contexts()
    child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
    known = contexts.of(child.pid)
    child.communicate()
    contexts.ended(child.pid)
    assert contexts.of(child.pid) == known
    assert contexts.comm(child.pid) == "cat"
    # But not for ever.
    monkeypatch.setattr(context, "GRACE", -1.0)
    contexts.ended(child.pid)
    assert contexts.of(child.pid) == ("", None, "", "", "", "")
    assert contexts.comm(child.pid) == ""


def test_another_program_in_the_same_process_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(context, "BELIEVED", -1.0)
    contexts = Contexts()
    child = subprocess.Popen(["/bin/sh", "-c", "read line; exec /bin/cat"], stdin=subprocess.PIPE)
    while "sh" not in (name := contexts.comm(child.pid)):
        assert child.poll() is None, name
    assert contexts.of(child.pid)[0] == os.path.realpath("/bin/sh")
    assert child.stdin is not None
    child.stdin.write(b"\n")
    child.stdin.flush()
    while os.readlink(f"/proc/{child.pid}/exe") != CAT:
        os.sched_yield()
    assert contexts.of(child.pid)[0] == CAT
    child.communicate()


def test_what_a_publisher_tells_of_a_process_that_is_gone():
    contexts = Contexts()
    contexts.started(NOBODY, os.getpid(), "/usr/bin/python3", path="/usr/bin/a-script-with-a-long-name")
    exe, ppid, ancestors, *_ = contexts.of(NOBODY)
    assert (exe, ppid, ancestors.split(" ← ")[0]) == ("/usr/bin/python3", os.getpid(), f"{own_name()} ({os.getpid()})")
    assert contexts.comm(NOBODY) == "a-script-with-a"


def test_what_is_told_whole_is_looked_at_when_somebody_asks(child: subprocess.Popen[bytes]):
    contexts = Contexts()
    whole = ("/usr/bin/python3", 7, "make (7) ← sh (5)", "/a.slice", "", "")
    contexts.told(NOBODY, whole, "/usr/bin/a-script")
    assert contexts.of(NOBODY) == whole and contexts.comm(NOBODY) == "a-script"
    # One that it started and that is gone, too, has it among its parents.
    contexts.started(NOBODY + 1, NOBODY, path="/bin/true")
    assert contexts.of(NOBODY + 1)[:3] == ("/bin/true", NOBODY, f"a-script ({NOBODY}) ← make (7) ← sh (5)")
    # What there is counts: it may be another program by now.
    contexts.told(child.pid, whole)
    assert contexts.of(child.pid)[:2] == (os.readlink(f"/proc/{child.pid}/exe"), os.getpid())


def test_what_is_gone_is_in_its_parents_container(monkeypatch: pytest.MonkeyPatch):
    contexts, id = Contexts(), "ab" * 32
    contexts.started(NOBODY, None, "/sbin/init", f"/docker/{id}")
    contexts.started(NOBODY + 1, NOBODY, "", path="/bin/true")
    assert contexts.of(NOBODY + 1)[3:] == (f"/docker/{id}", id, "docker")
    assert contexts.of(NOBODY + 1)[0] == "/bin/true"


def test_a_bounded_number_is_remembered(monkeypatch: pytest.MonkeyPatch, child: subprocess.Popen[bytes]):
    monkeypatch.setattr(context, "REMEMBERED", 10)
    contexts = Contexts()
    for pid in range(NOBODY, NOBODY + 100):
        contexts.of(pid)
    assert contexts.of(child.pid)[0] == CAT
    assert len(contexts._known) <= 10


def test_all_that_run_are_known_beforehand(child: subprocess.Popen[bytes]):
    contexts = Contexts()
    contexts.prime()
    child.communicate()
    assert contexts.of(child.pid)[0] == CAT


REUSE = """
    import os, subprocess, sys
    from hostql.events import context
    from hostql.events.context import Contexts

    def start(*command):
        return subprocess.Popen(command, stdin=subprocess.PIPE)

    def again(pid, *command):
        # In a pid namespace of our own nobody else takes the next number.
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write(str(pid - 1))
        started = start(*command)
        assert started.pid == pid, (started.pid, pid)
        return started

    for told in (True, False):
        if not told:
            context.BELIEVED = -1.0
        contexts = Contexts()
        first = start("/bin/cat")
        before = contexts.of(first.pid)
        first.communicate()
        if told:
            contexts.ended(first.pid)
        late = contexts.of(first.pid)
        second = again(first.pid, "/bin/sleep", "60")
        if told:
            contexts.ended(first.pid)
        after, comm = contexts.of(first.pid), contexts.comm(first.pid)
        second.kill()
        second.wait()
        print(before[0], late[0], after[0], comm)
"""


def test_a_pid_used_again_is_another_process():
    run = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", textwrap.dedent(REUSE)]
    done = subprocess.run(run, capture_output=True, text=True)
    if done.returncode and ("unshare:" in done.stderr or "ns_last_pid" in done.stderr):
        pytest.skip(done.stderr.strip())
    assert done.stderr == ""
    assert done.stdout.splitlines() == [f"{CAT} {CAT} {SLEEP} sleep"] * 2
