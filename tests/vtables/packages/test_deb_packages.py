"""Debian packages in every state, as dpkg-query shows the same files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query
from hostql.vtables.database import Database


def stanza(name: str, status: str, version: str = "1", arch: str = "amd64", **more: str) -> str:
    fields = {"Package": name, "Status": status, "Version": version, "Architecture": arch, "Maintainer": "m", **more}
    return (
        "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in fields.items() if value) + "Description: d\n\n"
    )


STATUS = [
    stanza("good", "install ok installed", Section="x", Priority="optional"),
    "package: lower\nSTATUS: hold ok installed\nversion: 2-3\narchitecture: all\nmaintainer: m\ndescription: d\n\n",
    "Package: purged\nStatus: purge ok not-installed\nPriority: optional\nSection: x\n\n",
    "Package: unknown\nStatus: unknown ok not-installed\n\n",
    stanza("nostatus", ""),
    stanza("conf", "deinstall ok config-files", Conffiles="\n /etc/conf abc"),
    stanza("half", "install reinstreq half-installed"),
    stanza("ma", "install ok installed", "5", Multi_Arch="same"),
    stanza("ma", "install ok installed", "5", "i386", Multi_Arch="same"),
    stanza("cross", "install ok installed", "6", "all"),
    stanza("waits", "install ok triggers-awaited", Triggers_Awaited="good"),
    stanza("gone", "install ok installed"),
]
UPDATES = {
    "0000": stanza("good", "install ok half-configured", "1.1"),
    "0001": stanza("cross", "install ok unpacked", "6.1"),
    "0002": stanza("ma", "install ok unpacked", "5.1", "i386", Multi_Arch="same"),
    "0003": stanza("new", "install ok unpacked", "9") + stanza("new2", "install ok installed"),
    "0004": "Package: gone\nStatus: purge ok not-installed\n",
    "0005": stanza("good", "install ok installed", "1.2"),
    "0006.x": stanza("ignored", "install ok installed"),
}


@pytest.fixture
def admindir(tmp_path: Path) -> Path:
    for folder in ("updates", "info", "triggers"):
        (tmp_path / folder).mkdir()
    (tmp_path / "status").write_text("".join(STATUS))
    return tmp_path


@pytest.mark.parametrize("updates", [{}, UPDATES], ids=["at rest", "interrupted"])
def test_states_are_those_of_dpkg_query(admindir: Path, db: Database, updates: dict[str, str]) -> None:
    for name, text in updates.items():
        (admindir / "updates" / name).write_text(text)
    columns = "name, version, arch, status, section, maintainer"
    rows = query(db, f"SELECT {columns} FROM deb_packages WHERE admindir = ?", (str(admindir),))
    ours = sorted("\t".join(row.values()) for row in rows)
    assert {row["name"] for row in rows}.isdisjoint({"purged", "unknown", "nostatus", "ignored"})
    if not shutil.which("dpkg-query"):
        pytest.skip("needs dpkg-query")
    state = "${db:Status-Want} ${db:Status-Eflag} ${db:Status-Status}"
    form = f"${{Package}}\\t${{Version}}\\t${{Architecture}}\\t{state}\\t${{Section}}\\t${{Maintainer}}\\n"
    command = ["dpkg-query", f"--admindir={admindir}", "-W", "-f", form]
    assert ours == sorted(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())


def test_a_broken_update_costs_only_itself(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    folder = tmp_path / "var/lib/dpkg/updates"
    folder.mkdir(parents=True)
    (folder.parent / "status").write_text("".join(STATUS))
    (folder / "0000").write_text("Status: install ok installed\n\n" + stanza("new", "install ok installed"))
    (folder / "0001").mkdir()
    database = open_root()
    names = [row["name"] for row in query(database, "SELECT name FROM deb_packages")]
    assert names == ["good", "lower", "conf", "half", "ma", "ma", "cross", "waits", "gone", "new"]
    assert "deb_packages: a paragraph of /var/lib/dpkg/updates/0000 makes no sense" in notes(
        database, "SELECT * FROM deb_packages"
    )


INSTANCES = [("amd64", ""), ("amd64", "same"), ("i386", "foreign"), ("i386", "same"), ("all", "")]


@pytest.mark.parametrize("status", ["install ok unpacked", "purge ok not-installed"])
@pytest.mark.parametrize("before", INSTANCES, ids=str)
@pytest.mark.parametrize("after", INSTANCES, ids=str)
def test_an_update_replaces_what_it_cannot_be_beside(
    admindir: Path, db: Database, before: tuple[str, str], after: tuple[str, str], status: str
) -> None:
    (admindir / "status").write_text(stanza("a", "install ok installed", "1", before[0], Multi_Arch=before[1]))
    (admindir / "updates/0000").write_text(stanza("a", status, "2", after[0], Multi_Arch=after[1]))
    rows = query(db, "SELECT version, arch FROM deb_packages WHERE admindir = ?", (str(admindir),))
    ours = sorted(" ".join(row.values()) for row in rows)
    beside = before != after and before[1] == after[1] == "same"
    new = [] if "not-" in status else [f"2 {after[0]}"]
    assert ours == sorted([*new, *([f"1 {before[0]}"] if beside else [])])
    if shutil.which("dpkg-query"):
        command = [
            "dpkg-query",
            f"--admindir={admindir}",
            "-W",
            "-f",
            "${db:Status-Status} ${Version} ${Architecture}\n",
        ]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        assert ours == sorted(line.partition(" ")[2] for line in lines if "not-installed" not in line)


def test_fields_as_dpkg_takes_them(admindir: Path, db: Database) -> None:
    text = stanza("Upper", "Install OK  Installed", Section="x", Priority="Required")
    (admindir / "status").write_text(text.replace("Version:", "Version \t :"))
    columns = "name, version, status, section, priority"
    sql = f"SELECT {columns} FROM deb_packages WHERE admindir = ?"
    (row,) = query(db, sql, (str(admindir),))
    assert [*row.values()] == ["upper", "1", "install ok installed", "x", "required"]
    # The section and the priority that it had stay.
    (admindir / "updates/0000").write_text(stanza("upper", "install ok unpacked", "2", Section="y", Priority="extra"))
    (row,) = query(db, sql, (str(admindir),))
    assert [*row.values()] == ["upper", "2", "install ok unpacked", "x", "required"]
    if shutil.which("dpkg-query"):
        form = "${Package}\t${Version}\t${Status}\t${Section}\t${Priority}"
        command = ["dpkg-query", f"--admindir={admindir}", "-W", "-f", form]
        theirs = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert theirs.split("\t") == [*row.values()]


@pytest.mark.parametrize("name", ["status", "updates/0000"])
def test_a_file_that_was_cut_short_is_noted(admindir: Path, db: Database, name: str) -> None:
    (admindir / "status").write_text(stanza("a", "install ok installed"))
    (admindir / name).write_text(stanza("a", "install ok installed") + stanza("b", "install ok installed", "1.25")[:60])
    sql = "SELECT name FROM deb_packages WHERE admindir = ?"
    assert query(db, sql, (str(admindir),)) == [{"name": "a"}]
    assert notes(db, sql, (str(admindir),)) == [
        "deb_packages: a file ends in the midst of a package, which is left out"
    ]
    (admindir / name).write_text("Package: a\nStatus: install ok installed\n")
    assert notes(db, sql, (str(admindir),)) == [f"deb_packages: a package of {admindir}/status has no version"]
