"""-o FILE: a file that is there is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .running import hostql


def test_rows_go_to_the_file(tmp_path: Path):
    assert hostql("-o", str(tmp_path / "out"), "--csv", "SELECT 1 AS a").stdout == ""
    assert (tmp_path / "out").read_text() == "a\n1\n"
    assert os.listdir(tmp_path) == ["out"]


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
    _, errors = child.communicate(timeout=20)
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


@pytest.mark.parametrize("name", ["/does/not/exist/out", "/etc", "/proc/out"])
def test_where_no_file_can_be(name: str):
    done = hostql("-o", name, "SELECT 1")
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
