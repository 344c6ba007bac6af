"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.settings import Settings
from hostql.vtables.sources.host import Host
from hypothesis import HealthCheck, settings

NOBODY = 65534
# Of ssh-keygen -t ed25519.
PUBLIC_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIFb4wVlW38c1Ip3fkcFqhrTCuL1Q/vrpWxuFKn42qndf"
_CLONE_NEWNET = 0x40000000
_CLONE_NEWNS = 0x00020000
# The test files that look at the whole kernel, whose queues others' floods fill; and the marks of tests that take long.
WHOLE = {
    *("test_audit", "test_audit_daemon", "test_bpf", "test_bpf_files", "test_exclusion", "test_file_events"),
    *("test_network", "test_proc_connector", "test_uevents"),
}
LONG = ("live", "slow")


def pytest_configure() -> None:
    # Children inherit an ignored SIGINT, as a shell gives it to what it starts in the background: Control-C is tested
    # on them, however the tests were started.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The same examples each time, so that a run says something about a change; HOSTQL_FUZZ=1 looks for new ones. How
    # long they take says how busy the host is.
    fuzz = bool(os.environ.get("HOSTQL_FUZZ"))
    settings.register_profile(
        "hostql", derandomize=not fuzz, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("hostql")


def examples(deep: int) -> int:
    """How many examples a property is tried with: a fifth of `deep`, all with HOSTQL_FUZZ=1."""
    return deep if os.environ.get("HOSTQL_FUZZ") else deep // 5


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in this hook, too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Which tests run one after the other where several processes share them (pytest-xdist): those of a file, and all
    that look at the whole kernel. Those that take long begin first, so that none is left at the end."""
    for item in items:
        whole = item.path.stem in WHOLE
        item.add_marker(pytest.mark.xdist_group("kernel" if whole else f"{item.path.parent.name}/{item.path.stem}"))
    items.sort(key=lambda item: (item.path.stem not in WHOLE, *(item.get_closest_marker(m) is None for m in LONG)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for other processes."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.fixture
def private_path() -> Iterator[Path]:
    """A temporary directory below those that nobody else can write, which leaves out /tmp: a configuration is read
    nowhere else. Others may look into it."""
    base = "/var/lib" if os.geteuid() == 0 else os.path.expanduser("~")
    path = Path(os.path.realpath(tempfile.mkdtemp(prefix="hostql-test-", dir=base)))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def db() -> Iterator[Database]:
    """A database over the live host."""
    with Database() as database:
        yield database


@pytest.fixture
def open_root(tmp_path: Any) -> Iterator[Callable[..., Database]]:
    """open_root(settings) -> a database whose host is the (empty) tmp_path."""
    opened: list[Database] = []

    def open_it(settings: Settings | None = None) -> Database:
        opened.append(Database(host=Host(str(tmp_path)), settings=settings))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


def query(database: Database, sql: str, params: Any = ()) -> list[dict[str, Any]]:
    """All rows as dictionaries."""
    result = database.execute(sql, params)
    return [dict(zip(result.columns, row)) for row in result]


def notes(database: Database, sql: str, params: Any = ()) -> list[str]:
    """The notes of a statement run to its end."""
    result = database.execute(sql, params)
    list(result)
    return list(result.notes)


def as_nobody(action: Callable[[], Any]) -> Any:
    """What `action` returns (anything picklable) in a child process that has become an ordinary user.

    Skips where the tests are not root, or lie where that user cannot look.
    """
    if not IS_ROOT:
        pytest.skip("needs root, to become an ordinary user")

    def become() -> None:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        for needed in (os.path.dirname(os.path.dirname(__file__)), sys.prefix):
            if not os.access(needed, os.R_OK | os.X_OK):
                pytest.skip(f"an ordinary user cannot look into {needed}")

    return in_child(become, action)


def in_new_network(action: Callable[[], Any]) -> Any:
    """What `action` returns (anything picklable) in a child process alone in a new network namespace, loopback up.

    Skips where no namespace can be made.
    """
    import ctypes
    import subprocess

    if not IS_ROOT or not shutil.which("ip"):
        pytest.skip("needs root and ip, to make a network namespace")

    def enter_and_act() -> Any:
        if ctypes.CDLL(None).unshare(_CLONE_NEWNET) != 0:
            pytest.skip("network namespaces cannot be made here")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return action()

    return in_child(lambda: None, enter_and_act)


def in_new_mounts(action: Callable[[], Any]) -> Any:
    """What `action` returns (anything picklable) in a child process with mounts of its own, which vanish with it.

    Skips where no namespace can be made.
    """
    import ctypes
    import subprocess

    if not IS_ROOT or not shutil.which("mount"):
        pytest.skip("needs root and mount, to make a mount namespace")

    def enter_and_act() -> Any:
        if ctypes.CDLL(None).unshare(_CLONE_NEWNS) != 0:
            pytest.skip("mount namespaces cannot be made here")
        if subprocess.run(["mount", "--make-rprivate", "/"], check=False, capture_output=True).returncode != 0:
            pytest.skip("the root is no mount here, as in a chroot")
        return action()

    return in_child(lambda: None, enter_and_act)


def open_to_all(folder: Path) -> None:
    """Let every user into a temporary folder."""
    for each in (folder, *folder.parents):
        if each.stat().st_mode & 0o005 != 0o005:
            each.chmod(0o755)


def mount(*arguments: object) -> None:
    """mount(8) with these arguments; skips where it is refused."""
    import subprocess

    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")


def in_child(prepare: Callable[[], None], action: Callable[[], Any]) -> Any:
    """What `action` returns (anything picklable) in a child process, after `prepare`; skips where the child would."""
    import pickle
    import traceback

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            prepare()
            answer: tuple[bool | None, Any] = (True, action())
        except pytest.skip.Exception as skipped:
            answer = (None, str(skipped))
        except BaseException:
            answer = (False, traceback.format_exc())
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(answer, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        worked, value = pickle.load(pipe)
    os.waitpid(child, 0)
    if worked is None:
        pytest.skip(value)
    assert worked, value
    return value


def tool(*command: str) -> str:
    """What a program of the host prints; skips where it is not installed or cannot answer here."""
    import subprocess

    if not shutil.which(command[0]):
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors="backslashreplace")
    if done.returncode != 0:
        pytest.skip(f"{' '.join(command)} failed here: {done.stderr.strip().partition(chr(10))[0]}")
    return done.stdout


def needs_libmagic() -> None:
    """Skips where there is no libmagic, which the table `magic` asks."""
    import ctypes

    try:
        ctypes.CDLL("libmagic.so.1")
    except OSError:
        pytest.skip("needs libmagic")


def with_etc(files: dict[str, bytes], *command: str) -> bytes:
    """What a program prints where these files of /etc have other contents, in a mount namespace of its own.

    Its name services are the files alone. Skips where no namespace can be made, or the program is not installed.
    """
    import subprocess
    import tempfile

    if not IS_ROOT or not shutil.which("unshare") or not shutil.which(command[0]):
        pytest.skip(f"needs root, unshare and {command[0]}")
    files = {"nsswitch.conf": b"passwd: files\ngroup: files\nshadow: files\n", **files}
    with tempfile.TemporaryDirectory() as folder:
        script = ""
        for name, content in files.items():
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content)
            script += f'mount --bind "{folder}/{name}" "$(realpath /etc/{name})" || exit 77\n'
        unshare = ["unshare", "--mount", "sh", "-c", script + 'exec "$@"', "sh"]
        done = subprocess.run([*unshare, *command], capture_output=True, check=False, timeout=30)
    if done.returncode == 77 or done.stderr.startswith(b"unshare:"):
        pytest.skip(f"files cannot be mounted here: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
