"""Packages where today's tools put them, and metadata in every form that pip and npm take."""

from __future__ import annotations

import errno
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query
from hostql.vtables.database import Database

PYTHON = """
usr/lib/python3/dist-packages opt/pipx/venvs/tool/lib/python3.13/site-packages opt/conda/lib/python3.12/site-packages
opt/miniconda3/envs/web/lib/python3.12/site-packages usr/lib/pypy3.9/site-packages
usr/local/miniconda3/lib/python3.12/site-packages usr/share/miniconda/envs/a/lib/python3.12/site-packages
opt/asdf/installs/python/3.12.1/lib/python3.12/site-packages srv/listed/lib/python3.12/site-packages
""".split()
PYTHON_HOME = """
.local/lib/python3.11/site-packages .local/share/pipx/venvs/black/lib/python3.12/site-packages
.local/share/uv/tools/ruff/lib/python3.12/site-packages
.local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/lib/python3.13/site-packages
.pyenv/versions/3.9.1/lib/python3.9/site-packages .pyenv/versions/3.9.1/envs/web/lib/python3.9/site-packages
.asdf/installs/python/3.12.1/lib/python3.12/site-packages .virtualenvs/one/lib/python3.12/site-packages
.local/share/mise/installs/python/3.12/lib/python3.12/site-packages miniforge3/lib/python3.12/site-packages
miniconda3/envs/ml/lib/python3.12/site-packages .conda/envs/x/lib/python3.12/site-packages
.cache/pypoetry/virtualenvs/app-py3.12/lib/python3.12/site-packages
.local/share/virtualenvs/app-AbC/lib/python3.12/site-packages miniconda/lib/python3.12/site-packages
.local/share/mamba/lib/python3.12/site-packages .local/share/mamba/envs/a/lib/python3.12/site-packages
.local/share/pypoetry/venv/lib/python3.12/site-packages .local/share/pdm/venvs/a-1/lib/python3.12/site-packages
.pixi/envs/a/lib/python3.12/site-packages somewhere/of/conda/lib/python3.12/site-packages
""".split()
ENVIRONMENTS = ["venv", ".venv", "project/.venv", "project/env"]
NODE = """
usr/lib usr/lib64 usr/local/lib usr/local/n/versions/node/22.0.0/lib usr/local/lib/nodejs/node-v22.1.0-linux-x64/lib
usr/local/share/.config/yarn/global opt/volta/tools/image/node/22.1.0/lib opt/miniconda3/lib srv/prefix/lib
usr/local/share/fnm/node-versions/v22.1.0/installation/lib opt/mise/installs/node/22/lib
""".split()
NODE_HOME = """
.nvm/versions/node/v22.1.0/lib .local/share/fnm/node-versions/v22.1.0/installation/lib .npm-global/lib
.volta/tools/image/node/22.1.0/lib .volta/tools/image/packages/cowsay/lib .volta/tools/image/packages/@vue/cli/lib
.asdf/installs/nodejs/22.1.0/lib .local/share/mise/installs/node/22.1.0/lib .local/share/pnpm/global/5
.local/share/pnpm/global/v11/59c3-18ec8ee5b61465cb-0 .config/yarn/global .bun/install/global .local/lib
.config/nvm/versions/node/v22.1.0/lib .local/share/pnpm/nodejs/22.1.0/lib miniconda3/lib .nvs/node/22.1.0/x64/lib
.local/share/nvm/v22.1.0/lib miniforge3/envs/a/lib own/prefix/lib
""".split()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    # Two users of one home, and one whose home is not there.
    lines = ["ann:x:1000:1000::/home/ann:/bin/sh", "double:x:1001:1000::/home/ann:/bin/sh", "x:x:9:9::/none:/bin/sh"]
    (tmp_path / "etc/passwd").write_text("\n".join(lines) + "\n")
    (tmp_path / "home/ann").mkdir(parents=True)
    return tmp_path


def distribution(folder: Path, name: str, text: str = "", kind: str = "dist-info") -> Path:
    info = folder / f"{name}-1.0.{kind}"
    info.mkdir(parents=True)
    (info / ("METADATA" if kind == "dist-info" else "PKG-INFO")).write_text(text or f"Name: {name}\nVersion: 1.0\n")
    return info


def test_python_packages_of_every_tool(root: Path, open_root: Callable[..., Database]) -> None:
    places = [*((place, 0) for place in PYTHON), *((f"home/ann/{place}", 1000) for place in PYTHON_HOME)]
    for name in ENVIRONMENTS:
        folder = root / "home/ann" / name
        distribution(folder / "lib/python3.12/site-packages", "p")
        (folder / "pyvenv.cfg").touch()
        places.append((f"home/ann/{name}/lib/python3.12/site-packages", 1000))
    for place, _ in places:
        if not (root / place).exists():
            distribution(root / place, "p")
    (root / "home/ann/.conda/environments.txt").write_text("/srv/listed\n/home/ann/somewhere/of/conda\n/gone\n")
    # Two names of one folder, as in a virtual environment; and what is no environment.
    (root / "home/ann/venv/lib64").symlink_to("lib")
    distribution(root / "home/ann/no-environment/lib/python3.12/site-packages", "no")
    rows = query(open_root(), "SELECT directory, uid FROM python_packages WHERE name = 'p'")
    found = sorted((row["directory"], row["uid"]) for row in rows)
    assert found == sorted((f"/{place}/", uid) for place, uid in places)
    assert not query(open_root(), "SELECT * FROM python_packages WHERE name = 'no'")
    assert len(query(open_root(), "SELECT * FROM python_packages WHERE uid = 1000")) == len(places) - len(PYTHON)


# What is in the metadata file, and name, version, summary, author and licence.
METADATA = {
    "pep639": (
        "Name: a\nVersion: 1.0\nAuthor-email: Ann <a@x>\nLicense-Expression: MIT OR Apache-2.0\n\nLicense: no\n",
        ("a", "1.0", "", "Ann <a@x>", "MIT OR Apache-2.0"),
    ),
    "older": ("Name: a\nVersion: 1.0\nAuthor: Ann\nAuthor-email: x\nLicense: BSD\n", ("a", "1.0", "", "Ann", "BSD")),
    "folded": ("Name: a\nVersion: 1.0\nSummary: in\n  two lines\n", ("a", "1.0", "in two lines", "", "")),
    "case": ("name: a\nVERSION: 1.0\nlicense: X\n", ("a", "1.0", "", "", "X")),
    "crlf": ("Name: a\r\nVersion: 1.0\r\nLicense: X\r\n\r\nLicense: Y\r\n", ("a", "1.0", "", "", "X")),
    "twice": ("Name: a\nVersion: 1.0\nSummary: s\nSummary: t\n u\n", ("a", "1.0", "s", "", "")),
}


@pytest.mark.parametrize("kind", METADATA)
def test_metadata_is_what_importlib_reads(tmp_path: Path, db: Database, kind: str) -> None:
    text, expected = METADATA[kind]
    distribution(tmp_path, "a").joinpath("METADATA").write_bytes(text.encode())
    (row,) = query(
        db,
        "SELECT name, version, summary, author, license FROM python_packages WHERE directory = ?",
        (str(tmp_path),),
    )
    assert tuple(row.values()) == expected
    (theirs,) = importlib.metadata.distributions(path=[str(tmp_path)])
    for ours, fields in zip(expected, (["Name"], ["Version"], ["Summary"], ["Author", "Author-email"])):
        given = next((theirs.metadata[field] for field in fields if field in theirs.metadata), "")
        assert ours == " ".join(given.split())


def test_every_form_of_a_distribution_that_pip_lists(tmp_path: Path, db: Database) -> None:
    folder = tmp_path / "site-packages"
    distribution(folder, "new")
    distribution(folder, "old", kind="egg-info")
    (folder / "single-1.0.egg-info").write_text("Name: single\nVersion: 1.0\n")
    distribution(folder, "~emoved")
    distribution(tmp_path / "src", "linked", kind="egg-info")
    (folder / "linked.egg-link").write_text(f"{tmp_path}/src\n.")
    (folder / "easy-install.pth").write_text(f"{tmp_path}/src\n")
    edited = distribution(folder, "edited")
    (edited / "direct_url.json").write_text(json.dumps({"dir_info": {"editable": True}, "url": "file:///srv/a%20b"}))
    copied = distribution(folder, "copied")
    (copied / "direct_url.json").write_text(json.dumps({"dir_info": {}, "url": "file:///srv/c"}))
    sql = "SELECT name, version, editable_location FROM python_packages WHERE directory = ? ORDER BY name"
    rows = [tuple(row.values()) for row in query(db, sql, (str(folder),))]
    assert rows == [
        ("copied", "1.0", ""),
        ("edited", "1.0", "/srv/a b"),
        ("linked", "1.0", f"{tmp_path}/src"),
        ("new", "1.0", ""),
        ("old", "1.0", ""),
        ("single", "1.0", ""),
    ]
    assert notes(db, sql, (str(folder),)) == [
        "python_packages: the rest of an interrupted installation or removal is left out"
    ]
    command = [sys.executable, "-m", "pip", "list", "--path", str(folder), "--format", "json"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this pip lists no folder")
    theirs = {(each["name"], each["version"]) for each in json.loads(done.stdout)}
    # An older pip leaves out metadata that is one file, and links.
    assert theirs | {("single", "1.0"), ("linked", "1.0")} == {row[:2] for row in rows}


def package(folder: Path, name: str, raw: bytes = b"") -> None:
    (folder / "node_modules" / name).mkdir(parents=True)
    text = raw or json.dumps({"name": name, "version": "1.0.0"}).encode()
    (folder / "node_modules" / name / "package.json").write_bytes(text)


def test_node_packages_of_every_tool(root: Path, open_root: Callable[..., Database]) -> None:
    places = [*NODE, *(f"home/ann/{place}" for place in NODE_HOME)]
    for place in places:
        package(root / place, "@scope/p")
    (root / "home/ann/.npmrc").write_text("prefix=${HOME}/own/prefix\n//r/:_authToken=x\nprefix = /srv/prefix/\n")
    # pnpm leads to each of its global folders by a link that is a digest.
    (root / "home/ann/.local/share/pnpm/global/v11" / ("6d" * 32)).symlink_to("59c3-18ec8ee5b61465cb-0")
    package(root / "home/ann/project", "no")
    rows = query(open_root(), "SELECT name, directory FROM npm_packages")
    assert sorted(tuple(row.values()) for row in rows) == sorted(("@scope/p", f"/{place}/") for place in places)


def test_every_form_of_a_package_json(tmp_path: Path, db: Database) -> None:
    package(tmp_path, "bom", b'\xef\xbb\xbf{"name": "bom", "version": "1.0.0", "license": "MIT"}')
    package(tmp_path, "plain", b'{"name": "plain", "version": "1.0.0", "licenses": [{"type": "MIT"}, "ISC"]}')
    package(tmp_path, "@scope/x", b'{"name": "@scope/x", "version": "1.0.0", "license": {"type": "BSD"}}')
    modules = tmp_path / "node_modules"
    (tmp_path / "package.json").write_text(
        json.dumps({"name": "top", "version": "1.0.0", "dependencies": {"bom": "*", "plain": "*", "@scope/x": "*"}})
    )
    columns = "name, version, license"
    sql = f"SELECT {columns} FROM npm_packages WHERE directory = ? ORDER BY name"
    rows = [tuple(row.values()) for row in query(db, sql, (str(tmp_path),))]
    assert rows == [("@scope/x", "1.0.0", "BSD"), ("bom", "1.0.0", "MIT"), ("plain", "1.0.0", "MIT, ISC")]
    if shutil.which("npm"):
        printed = subprocess.run(["npm", "ls", "--json"], cwd=tmp_path, capture_output=True, check=False).stdout
        theirs = {name: each["version"] for name, each in json.loads(printed)["dependencies"].items()}
        assert theirs == {row[0]: row[1] for row in rows}
    # What else lies in such folders: managers' own files, links that loop, junk, a package that does not name itself.
    package(tmp_path, "unnamed", b'{"version": "2.0.0"}')
    package(tmp_path, "junk", b"[" * 100_000)
    (modules / ".package-map.json").write_text("{}")
    (modules / ".pnpm/node_modules/hidden").mkdir(parents=True)
    (modules / ".pnpm/node_modules/hidden/package.json").write_text('{"name": "hidden"}')
    for name, target in (("@loop", "."), ("up", ".."), ("self", "self"), ("nowhere", "none"), ("again", "plain")):
        (modules / name).symlink_to(target)
    names = [row["name"] for row in query(db, sql, (str(tmp_path),))]
    assert names == ["@scope/x", "bom", "plain", "top", "unnamed"]
    assert notes(db, sql, (str(tmp_path),)) == [
        "npm_packages: a package.json is not one of a package",
        f"npm_packages: cannot read {modules}/self/package.json: {os.strerror(errno.ELOOP)}",
    ]


def test_packages_of_plug_n_play_are_a_note(tmp_path: Path, db: Database) -> None:
    (tmp_path / ".pnp.cjs").touch()
    (note,) = notes(db, "SELECT * FROM npm_packages WHERE directory = ?", (str(tmp_path),))
    assert "Plug'n'Play" in note


def test_packages_are_those_of_the_home_that_their_folder_is_in(root: Path, open_root: Callable[..., Database]) -> None:
    with (root / "etc/passwd").open("a") as passwd:
        passwd.write("bob:x:2000:2000::/home/bob:/bin/sh\n")
    place = ".local/lib/python3.11"
    distribution(root / "home/bob" / place / "site-packages", "p")
    distribution(root / "home/bob/elsewhere", "q")
    (root / "home/ann" / place).mkdir(parents=True)
    (root / "home/ann" / place / "site-packages").symlink_to(f"/home/bob/{place}/site-packages")
    (root / "home/ann" / place / "dist-packages").symlink_to("/home/bob/elsewhere")
    expected = [
        {"uid": 2000, "name": "p", "directory": f"/home/bob/{place}/site-packages/"},
        {"uid": 2000, "name": "q", "directory": f"/home/ann/{place}/dist-packages/"},
    ]
    columns = "SELECT uid, name, directory FROM python_packages"
    for where in ("", " WHERE uid = 2000", " WHERE +uid = 2000", " WHERE uid IN (1000, 2000)"):
        assert query(open_root(), columns + where) == expected
    assert not query(open_root(), columns + " WHERE uid = 1000")
    (row,) = query(open_root(), f"{columns} WHERE directory = ?", (f"/home/ann/{place}/site-packages",))
    assert row["uid"] == 2000


def test_a_link_to_a_project_may_be_relative(tmp_path: Path, db: Database) -> None:
    distribution(tmp_path / "src", "linked", kind="egg-info")
    folder = tmp_path / "lib/site-packages"
    folder.mkdir(parents=True)
    (folder / "linked.egg-link").write_text("../../src\n.")
    sql = "SELECT name, editable_location FROM python_packages WHERE directory = ?"
    assert query(db, sql, (str(folder),)) == [{"name": "linked", "editable_location": f"{tmp_path}/src"}]
