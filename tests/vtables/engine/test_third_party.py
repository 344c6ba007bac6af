"""A package that adds a table by the entry point group, laid out as pip installs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = '''
"""Moons."""
from hostql.vtables.table import INTEGER, TEXT, Column, Table

class Moons(Table):
    """Moons of Mars; one row for each."""
    name = Column(TEXT, "Name", key=True)
    radius = Column(INTEGER, "Mean radius, in km")
    examples = ["SELECT name FROM moons;"]
    def rows(self, scan):
        yield ("Phobos", 11)
        yield ("Deimos", 6)
'''


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages: one table that works, one whose module is missing, one that takes a table's name."""
    (tmp_path / "moons.py").write_text(MODULE)
    info = tmp_path / "moons-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: moons\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[console_scripts]\nx = y:z\n\n[hostql.tables]\nmoons = moons:Moons\ngone = no_such_module:Gone\n"
        "time = moons:Moons\n\n[other]\na = b:c\n"
    )
    return tmp_path


def hostql(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run([sys.executable, "-m", "hostql", *arguments], capture_output=True, text=True, env=env)


def test_its_table_is_one_like_any_other(site: Path):
    done = hostql(site, "SELECT name, radius FROM moons ORDER BY radius")
    assert (done.stdout, done.stderr) == ("name\tradius\nDeimos\t6\nPhobos\t11\n", "")
    assert "Mean radius" in hostql(site, "describe", "moons").stdout


def test_it_cannot_take_the_name_of_a_table_of_hostql(site: Path):
    assert hostql(site, "--no-header", "SELECT count(*) FROM time WHERE year > 2000").stdout == "1\n"


def test_a_table_that_cannot_be_loaded_is_an_error_of_its_own(site: Path):
    done = hostql(site, "SELECT * FROM gone")
    assert done.returncode == 1
    assert "table gone of no_such_module:Gone cannot be loaded" in done.stderr and "Traceback" not in done.stderr
    assert hostql(site, "SELECT 1").returncode == 0


@pytest.mark.parametrize("command", [["tables"], ["SELECT count(*) FROM hostql_tables"], ["describe", "gone"]])
def test_it_does_not_break_the_catalogue(site: Path, command: list[str]):
    done = hostql(site, *command)
    assert "Traceback" not in done.stderr
    if command != ["describe", "gone"]:
        assert done.returncode == 0, done.stderr
        assert "gone" in done.stdout + done.stderr or command[0] != "tables"
