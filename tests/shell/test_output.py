"""-o FILE: a file that is there is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..conftest import NOBODY
from ..host import IS_ROOT, PATIENCE
from .running import hostql


def test_rows_go_to_the_file(tmp_path: Path):
    assert hostql("-o", str(tmp_path / "out"), "--csv", "SELECT 1 AS a").stdout == ""
    assert (tmp_path / "out").read_text() == "a\n1\n"
    assert os.listdir(tmp_path) == ["out"]


def test_a_dash_is_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert hostql("-o", "-", "SELECT 1 AS a").stdout == hostql("SELECT 1 AS a").stdout == "a\n1\n"
    assert hostql("-o", "-", stdin=".mode csv\nSELECT 1 AS a;\n").stdout == "a\n1\n"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("option", ["--output", "-o", "--root", "--config", "--state", "--buffer", "--file"])
def test_an_empty_value_is_none(option: str):
    done = hostql(option, "", "SELECT 1")
    assert done.returncode == 2 and "needs a value, which is not empty" in done.stderr


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["SELECT 1; SELECT nope"], 1),
        (["--max-rows", "2", "SELECT value FROM json_each('[1,2,3]')"], 3),
    ],
)
def test_a_failed_query_leaves_what_was_there(tmp_path: Path, arguments: list[str], code: int):
    out = tmp_path / "out"
    out.write_text("before\n")
    done = hostql("-o", str(out), *arguments)
    assert done.returncode == code
    assert f"{out} is not written" in done.stderr
    assert out.read_text() == "before\n"
    assert os.listdir(tmp_path) == ["out"]


def test_an_interrupted_query_leaves_nothing(tmp_path: Path):
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
    noted = "SELECT 1 FROM file WHERE path LIKE '/does/not/exist/%'; "
    child = subprocess.Popen(
        [sys.executable, "-m", "hostql", "-o", "out", noted + endless], cwd=tmp_path, stderr=subprocess.PIPE
    )
    assert child.stderr is not None
    assert child.stderr.readline().startswith(b"note: file: nothing matches")
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=PATIENCE)
    assert (child.returncode, errors) == (130, b"interrupted\n")
    assert os.listdir(tmp_path) == []


def test_the_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path):
    out, link = tmp_path / "out", tmp_path / "link"
    out.write_text("before\n")
    out.chmod(0o600)
    link.symlink_to("out")
    assert hostql("--output", str(link), "--csv", "SELECT 1 AS a").returncode == 0
    assert link.is_symlink()
    assert out.read_text() == "a\n1\n"
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_device_is_written_as_it_stands():
    assert hostql("-o", "/dev/stdout", "--csv", "SELECT 1 AS a").stdout == "a\n1\n"
    full = hostql("-o", "/dev/full", "SELECT 1")
    assert (full.returncode, full.stderr) == (1, "error: cannot write /dev/full: No space left on device\n")


WRITERS = {
    "-o": lambda path: hostql("-o", str(path), "--csv", "SELECT 1 AS a"),
    ".export": lambda path: hostql("-", stdin=f".export {path} SELECT 1 AS a\n"),
    ".once": lambda path: hostql("-", stdin=f".mode csv\n.once {path}\nSELECT 1 AS a;\n"),
    ".output": lambda path: hostql("-", stdin=f".mode csv\n.output {path}\nSELECT 1 AS a;\n"),
}


@pytest.fixture(params=sorted(WRITERS))
def write(request: pytest.FixtureRequest) -> Callable[[Path], subprocess.CompletedProcess[str]]:
    """Each command that writes rows to a file."""
    return WRITERS[request.param]


def test_every_writer_replaces_what_had_the_name(tmp_path: Path, write: Any):
    out, other = tmp_path / "out.csv", tmp_path / "other"
    out.write_text("before\n")
    out.chmod(0o600)
    os.link(out, other)
    assert (write(out).returncode, out.read_text()) == (0, "a\n1\n")
    assert (other.read_text(), out.stat().st_mode & 0o777) == ("before\n", 0o600)
    assert sorted(os.listdir(tmp_path)) == ["other", "out.csv"]


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to plant files of another user")
@pytest.mark.parametrize("what", ["link", "fifo", "file"])
def test_no_writer_is_led_astray_by_what_others_put_there(tmp_path: Path, write: Any, what: str):
    folder, precious = tmp_path / "shared", tmp_path / "precious"
    folder.mkdir()
    folder.chmod(0o1777)
    precious.write_text("precious\n")
    out = folder / "out.csv"
    if what == "link":
        out.symlink_to(precious)
    elif what == "fifo":
        os.mkfifo(out)
    else:
        out.write_text("theirs\n")
    os.chown(out, NOBODY, NOBODY, follow_symlinks=False)
    before = out.lstat()
    done = write(out)
    assert precious.read_text() == "precious\n"
    if what == "file":
        # Theirs keeps what was in it; the name has another.
        assert (out.read_text(), out.stat().st_uid) == ("a\n1\n", 0)
        assert out.stat().st_ino != before.st_ino
    else:
        assert f"of uid {NOBODY}" in done.stderr
        assert out.lstat().st_ino == before.st_ino


def test_a_query_that_fails_leaves_what_once_had(tmp_path: Path):
    out = tmp_path / "out.csv"
    out.write_text("before\n")
    assert "nope" in hostql("-", stdin=f".once {out}\nSELECT nope;\n").stderr
    assert out.read_text() == "before\n"
    assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("name", ["/does/not/exist/out", "/etc", "/proc/out"])
def test_where_no_file_can_be(name: str):
    done = hostql("-o", name, "SELECT 1")
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options, warned", [([], False), (["-W", "default"], True)])
def test_python_itself_prints_nothing(options: list[str], warned: bool):
    """Warnings, and errors in destructors, of tables that other packages bring."""
    code = """
import sys, warnings
from hostql import __main__
class Faulty:
    def __del__(self):
        raise ValueError("\x1b[2J")
def main():
    warnings.warn("old", DeprecationWarning)
    Faulty()
    return 0
__main__.main = main
__main__.end()
"""
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=True)
    assert "note: ValueError: \\x1b[2J\n" in done.stderr
    assert ("DeprecationWarning: old" in done.stderr) == warned
