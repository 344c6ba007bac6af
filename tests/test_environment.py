"""`bin/environment`, which `make` starts, on hosts where Python is missing, too old, or in pieces."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "bin/environment"
# A Python without ensurepip until `whole` is there, as Debian's is without python3-venv. It makes no environment.
IN_PIECES = f"""
case "$*" in
*ensurepip*) [ -e "$0.whole" ] || {{ echo "ModuleNotFoundError: No module named 'ensurepip'" >&2; exit 1; }} ;;
*"-m venv"*) echo "made $3"; exit 7 ;;
esac
exec {sys.executable} "$@"
"""
TOO_OLD = 'case "$*" in -V) echo "Python 3.6.15" ;; *) exit 1 ;; esac'
MISSING = "python3 is incomplete (ModuleNotFoundError: No module named 'ensurepip')"


class Stage:
    """Programs that stand before the host's own, and the host's /etc/os-release."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.release('ID=debian\nVERSION_ID="13"\n')

    def program(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def user(self, uid: int) -> None:
        self.program("id", f"echo {uid}")

    def release(self, text: str) -> None:
        (self.folder / "os-release").write_text(text)

    def run(self, python: str = "python3") -> tuple[int, str]:
        """Exit code, and all that is printed."""
        path = {"PATH": f"{self.folder}:{os.environ['PATH']}", "OS_RELEASE": str(self.folder / "os-release")}
        done = subprocess.run(
            [str(SCRIPT), python, str(self.folder / "venv"), "test"],
            env={**os.environ, **path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.strip()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.mark.parametrize(
    "release, command",
    [
        ("ID=debian", "apt-get install -y python3-venv"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"', "apt-get install -y python3-venv"),
        ("ID=fedora", "dnf install -y python3"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"', "dnf install -y python3"),
        ('ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"', "zypper install -y python3"),
        ("ID=alpine", "apk add python3"),
        ("ID=manjaro\nID_LIKE=arch", "pacman -S --noconfirm python"),
    ],
)
def test_an_ordinary_user_reads_the_command_of_the_distribution(stage: Stage, release: str, command: str) -> None:
    stage.user(1000)
    stage.program("python3", IN_PIECES)
    stage.release(release)
    assert stage.run() == (1, f"error: {MISSING}; run as root: {command}")
    assert not (stage.folder / "venv").exists()


@pytest.mark.parametrize("release", ["ID=plan9", "", None])
def test_a_distribution_that_is_not_known(stage: Stage, release: str | None) -> None:
    stage.user(0)
    stage.program("python3", IN_PIECES)
    if release is None:
        (stage.folder / "os-release").unlink()
    else:
        stage.release(release)
    code, said = stage.run()
    assert code == 1
    assert said.splitlines()[-1] == f"error: {MISSING}; install Python 3 with all of its standard library"


def test_root_installs_what_is_missing(stage: Stage) -> None:
    stage.user(0)
    stage.program("python3", IN_PIECES)
    stage.program("apt-get", f'echo "apt-get $*"; [ "$1" != install ] || touch {stage.folder}/python3.whole')
    code, said = stage.run()
    assert said.splitlines() == [
        f"{MISSING}; running: apt-get install -y python3-venv",
        "apt-get update -qq",
        "apt-get install -y python3-venv",
        f"made {stage.folder}/venv",
    ]
    assert code == 7


def test_where_root_may_not_install_the_command_is_for_who_may(stage: Stage) -> None:
    stage.user(0)
    stage.program("python3", IN_PIECES)
    stage.program("apt-get", "exit 100")
    code, said = stage.run()
    last = "and it cannot be installed from in here; run where that is allowed: apt-get install -y python3-venv"
    assert (code, said.splitlines()[-1]) == (1, f"error: {MISSING}, {last}")


def test_another_python_has_a_package_of_its_own_name(stage: Stage) -> None:
    stage.user(1000)
    stage.program("python3.12", IN_PIECES)
    assert stage.run(str(stage.folder / "python3.12"))[1].endswith("run as root: apt-get install -y python3.12-venv")


def test_no_python_at_all(stage: Stage) -> None:
    stage.user(1000)
    said = "error: python3.999 is not installed; run as root: apt-get install -y python3.999-venv"
    assert stage.run("python3.999") == (1, said)


def test_a_python_that_is_too_old(stage: Stage) -> None:
    stage.program("python3", TOO_OLD)
    code, said = stage.run()
    assert (code, said) == (
        1,
        "error: hostql needs Python 3.9 or newer; python3 is Python 3.6.15. "
        "Name a newer one: make shell PYTHON=python3.12",
    )
