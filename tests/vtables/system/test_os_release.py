"""os-release(5) as a shell reads it, and what says more than VERSION_ID."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query
from hostql.vtables.database import Database
from hostql.vtables.sources.os_release import parse_os_release

ASSIGNMENTS = r"""
# A="comment"
A=plain
B="double quotes"
C='single "quotes" \n $x `y`'
D="escaped \" \$x \`y\` \\ \n \' #"
E=a\ b\"c\\d\#
F="joined"'quotes'\ and\ words
G=a#b
H=value # comment
I="value" # comment "quoted"
J=
K="" # comment
L=''
  M="indented"
N="caf√©"
O=https://example.org/?a=b#c
P='it'"'"'s'
"""


def test_values_are_those_of_a_shell(tmp_path: Path) -> None:
    if not shutil.which("sh"):
        pytest.skip("needs sh")
    (tmp_path / "os-release").write_text(ASSIGNMENTS)
    names = "ABCDEFGHIJKLMNOP"
    script = f'. "$1"; for n in {" ".join(names)}; do eval "printf %s\\\\\\\\0 \\"\\$$n\\""; done'
    done = subprocess.run(["sh", "-c", script, "sh", tmp_path / "os-release"], capture_output=True, check=True)
    theirs = dict(zip(names, done.stdout.decode().split("\0")))
    assert dict(pair for pair in parse_os_release(ASSIGNMENTS) if pair) == theirs
    assert theirs["D"] == "escaped \" $x `y` \\ \\n \\' #"


def version(root: Path, open_root: Callable[..., Database], text: str, **files: str) -> list[object]:
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/os-release").write_text(text)
    for name, content in files.items():
        (root / "etc" / name).write_text(content)
    (row,) = query(open_root(), "SELECT major, minor, patch, version FROM os_version")
    return [*row.values()]


TRIXIE = 'ID=debian\nVERSION_ID="13"\nVERSION="13 (trixie)"\n'


def test_point_releases(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    assert version(tmp_path, open_root, TRIXIE) == [13, 0, 0, "13 (trixie)"]
    assert version(tmp_path, open_root, TRIXIE + "DEBIAN_VERSION_FULL=13.8\n") == [13, 8, 0, "13 (trixie)"]
    assert version(tmp_path, open_root, TRIXIE, debian_version="13.2\n") == [13, 2, 0, "13 (trixie)"]
    assert version(tmp_path, open_root, TRIXIE, debian_version="12.9\n") == [13, 0, 0, "13 (trixie)"]
    assert version(tmp_path, open_root, "ID=rhel\nVERSION_ID=10.1\n") == [10, 1, 0, "10.1"]
    assert version(tmp_path, open_root, "ID=arch\nBUILD_ID=rolling\n") == [0, 0, 0, ""]


def test_lines_that_are_no_assignment_are_noted(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    text = 'junk\nNAME="unclosed\n1X=y\nID=debian\nVERSION=a b\n'
    assert version(tmp_path, open_root, text)[3] == "a b"
    expected = "os_version: a line of /etc/os-release makes no sense (3 times)"
    assert notes(open_root(), "SELECT * FROM os_version") == [expected]
