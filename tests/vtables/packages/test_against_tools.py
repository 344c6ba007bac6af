"""Installed software as dpkg, apt, pip and npm tell it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import query
from hostql.vtables.database import Database

# It takes long, and is the same on every Python.
pytestmark = pytest.mark.slow


def output(*command: str, **environment: str) -> str:
    """What the program prints, in C's locale; skips where it is not installed."""
    if not shutil.which(command[0]):
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C", **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "backslashreplace")


def test_debian_packages_are_those_of_dpkg_query(db: Database) -> None:
    fields = "Package Version Installed-Size Architecture source:Package Maintainer Section Priority".split()
    state = "${db:Status-Want} ${db:Status-Eflag} ${db:Status-Status}"
    form = "\\t".join([f"${{{field}}}" for field in fields] + [state]) + "\\n"
    theirs = sorted(line.split("\t") for line in output("dpkg-query", "-W", "-f", form).splitlines())
    columns = "name, version, size, arch, source, maintainer, section, priority, status"
    ours = []
    for row in query(db, f"SELECT {columns} FROM deb_packages"):
        # dpkg names the source of every package, its status file only of those with another name or version.
        source = row["source"].split(" ")[0] or row["name"]
        ours.append([str("" if value is None else value) for value in {**row, "source": source}.values()])
    assert sorted(ours) == theirs


def test_files_of_packages_are_those_of_dpkg(db: Database) -> None:
    for package in ("bash", "libc6", "base-files"):
        rows = query(db, "SELECT path FROM deb_package_files WHERE package = ?", (package,))
        lines = [line for line in output("dpkg", "-L", package).splitlines() if not line.startswith("package diverts")]
        assert sorted(row["path"] for row in rows) == sorted(line for line in lines if " by " not in line)
    (row,) = query(db, "SELECT package FROM deb_package_files WHERE path = '/etc/debian_version'")
    assert output("dpkg", "-S", "/etc/debian_version") == f"{row['package']}: /etc/debian_version\n"


def test_sources_are_those_that_apt_fetches_from(db: Database) -> None:
    form = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    printed = output("apt-get", "indextargets", "--format", form, "Created-By: Packages").splitlines()
    theirs: dict[tuple[str, str], set[str]] = {}
    for line in printed:
        uri, release, component = line.split("|")
        theirs.setdefault((uri.rstrip("/"), release), set()).add(component)
    rows = query(db, "SELECT base_uri, release, components FROM apt_sources")
    assert {(row["base_uri"], row["release"]) for row in rows} == set(theirs)
    for row in rows:
        named = {component.rpartition("/")[2] for component in row["components"].split()}
        assert named >= {component.rpartition("/")[2] for component in theirs[row["base_uri"], row["release"]]}


def test_indexes_of_sources_are_those_of_apt_cache(db: Database) -> None:
    printed = output("apt-cache", "policy")
    rows = query(db, "SELECT release, version, maintainer FROM apt_sources WHERE version <> ''")
    if not rows:
        pytest.skip("apt has no indexes here (apt-get update)")
    for row in rows:
        assert f"release v={row['version']},o={row['maintainer']}," in printed
        assert f",n={row['release']}," in printed or f",a={row['release']}," in printed


def test_sources_in_both_styles(open_root: Callable[..., Database], tmp_path: Path) -> None:
    folder = tmp_path / "etc/apt/sources.list.d"
    folder.mkdir(parents=True)
    (folder.parent / "sources.list").write_text(
        "# comment\ndeb [arch=amd64,arm64 signed-by=/k.gpg] https://one.example/debian/ stable main contrib # why\n"
        "deb-src https://one.example/debian stable main\ndeb http://flat.example/ ./\n"
    )
    (folder / "two.sources").write_text(
        "Types: deb deb-src\nURIs: https://two.example/a\n https://two.example/b\nSuites: x y\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n AAAA: x\n\n"
        "Enabled: no\nTypes: deb\nURIs: h\nSuites: z\n"
    )
    (folder / "three.list.save").write_text("deb https://three.example stable main\n")
    rows = query(open_root(), "SELECT base_uri, release, components, architectures FROM apt_sources")
    assert [tuple(row.values()) for row in rows] == [
        ("https://one.example/debian", "stable", "main contrib", "amd64 arm64"),
        ("http://flat.example", "./", "", ""),
        *((f"https://two.example/{place}", suite, "main", "") for place in "ab" for suite in "xy"),
    ]


def pip_list(*python: str) -> set[tuple[str, str]]:
    """What the pip of the first Python lists, of another Python if one is given with --python."""
    done = subprocess.run([python[0], "-m", "pip", *python[1:], "list", "--format", "json"], capture_output=True)
    if done.returncode != 0:
        pytest.skip(f"{' '.join(python)}: no pip, or one that is too old")
    return {(each["name"], each["version"]) for each in json.loads(done.stdout)}


def test_packages_of_this_interpreter_are_those_of_pip(db: Database) -> None:
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    rows = [
        row for folder in folders for row in query(db, "SELECT * FROM python_packages WHERE directory = ?", (folder,))
    ]
    ours = {(row["name"], row["version"]) for row in rows}
    assert ours == pip_list(sys.executable)
    assert {row["directory"] for row in rows} <= folders


def test_packages_of_a_virtual_environment(db: Database, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    (folder,) = (tmp_path / "env/lib").glob("python*/site-packages")
    for name in ("one", "two"):
        (folder / f"{name}-1.2.dist-info").mkdir()
        (folder / f"{name}-1.2.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    rows = query(db, "SELECT name, version FROM python_packages WHERE directory = ?", (f"{folder}/",))
    ours = {tuple(row.values()) for row in rows}
    assert (
        ours
        == pip_list(sys.executable, "--python", str(tmp_path / "env/bin/python"))
        == {("one", "1.2"), ("two", "1.2")}
    )


def test_packages_of_the_systems_python_are_those_of_pip(db: Database) -> None:
    if not os.access("/usr/bin/python3", os.X_OK):
        pytest.skip("needs /usr/bin/python3")
    rows = query(db, "SELECT name, version FROM python_packages WHERE directory LIKE '/usr/%/python3/dist-packages/'")
    ours = {tuple(row.values()) for row in rows}
    theirs = pip_list("/usr/bin/python3")
    # pip looks into folders of this Python's version alone, and into the user's.
    assert ours
    assert ours <= theirs


def test_packages_in_homes(open_root: Callable[..., Database], tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\n")
    places = {
        "usr/lib/python3/dist-packages": "one",
        "home/ann/.local/lib/python3.11/site-packages": "two",
        "home/ann/.pyenv/versions/3.9.1/lib/python3.9/site-packages": "three",
        "home/ann/.local/share/pipx/venvs/four/lib/python3.12/site-packages": "four",
        "home/ann/env/lib/python3.12/site-packages": "five",
    }
    for folder, name in places.items():
        info = tmp_path / folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\nName: no\n")
    db = open_root()
    rows = query(db, "SELECT name, uid FROM python_packages ORDER BY rowid")
    assert {(row["name"], row["uid"]) for row in rows} == {("one", 0), ("two", 1000), ("three", 1000), ("four", 1000)}
    (row,) = query(db, "SELECT * FROM python_packages WHERE directory = '/home/ann/env/lib/python3.12/site-packages'")
    assert (row["name"], row["uid"]) == ("five", 1000)


def test_global_packages_of_node_are_those_of_npm(db: Database) -> None:
    listed = json.loads(output("npm", "ls", "--global", "--json", "--depth=0"))
    folder = output("npm", "root", "--global").strip()[: -len("node_modules")]
    rows = query(db, "SELECT name, version FROM npm_packages WHERE directory = ?", (folder,))
    theirs = {name: each["version"] for name, each in listed.get("dependencies", {}).items()}
    assert {row["name"]: row["version"] for row in rows} == theirs


def test_packages_of_a_project_of_node(db: Database, tmp_path: Path) -> None:
    files = {"left-pad": {"version": "1.3.0", "author": {"name": "Ann"}}, "@scope/deep": {"version": "2.0.0"}}
    for name, more in files.items():
        folder = tmp_path / "node_modules" / name
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"name": name, "license": {"type": "MIT"}, **more}))
    (tmp_path / "node_modules/.bin").mkdir()
    rows = query(db, "SELECT name, version, author, license FROM npm_packages WHERE directory = ?", (str(tmp_path),))
    assert sorted(tuple(row.values()) for row in rows) == [
        ("@scope/deep", "2.0.0", "", "MIT"),
        ("left-pad", "1.3.0", "Ann", "MIT"),
    ]
