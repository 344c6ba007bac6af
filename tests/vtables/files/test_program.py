"""A module of hostql runs the code that is installed, wherever it is started."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hostql.vtables.files import program

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("version", [(3, 9), sys.version_info[:2]])
def test_nothing_of_the_current_directory_is_run(
    tmp_path: Path, version: tuple[int, int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "version_info", version)
    command = program.module("hostql", "--csv", "--no-header", "SELECT json_extract('[7]', '$[0]')")
    for name in ("json", "os", "apsw", "hostql", "sitecustomize", "runpy", "sys"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('of the current directory')\n")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("7\n", "", 0)


def test_every_module_is_started_so():
    rooms = ("daemon", "events", "shell", "vtables", "watchdog")
    code = {path: path.read_text() for room in rooms for path in (ROOT / room).rglob("*.py")}
    others = {path for path, text in code.items() if re.search(r'executable, "-[mc]"', text)}
    assert {path.name for path in others} == {"program.py"}
