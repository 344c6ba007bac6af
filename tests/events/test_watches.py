"""Which directories are watched, which category a path falls under, what is pruned: by table."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostql.events.exclusion.rules import PathPattern, Rule
from hostql.events.watches import Watches, decides
from hostql.vtables.sources.mounts import Mount

WATCHES = Watches(
    {
        "etc": ["/etc/%%"],
        "keys": ["/home/%/.ssh/%%", "/home/%/*.rc", "/home/{a,b}/c"],
        "named": ["/srv/exact", "/srv/folder/"],
        "any": ["/data/%%/conf", "/data/x%%"],
        "second": ["/etc/passwd"],
    },
    {"noise": ["/etc/ssl/%%", "/etc/mtab", "/home/guest"]},
    rules=[
        Rule(0, "{}", event_class="file", path=(PathPattern("prefix", "/etc/rc/"), PathPattern("exact", "/etc/one"))),
        Rule(1, "{}", event_class="file", path=(PathPattern("glob", "/etc/*"),)),
        Rule(2, "{}", event_class="file", path=(PathPattern("prefix", "/etc"),), uid=(0,)),
    ],
    mounts=[Mount("proc", "/data/proc", "proc", "rw"), Mount("server:/", "/srv", "nfs", "rw")],
)


@pytest.mark.parametrize(
    ("path", "category"),
    [
        ("/etc", None),
        ("/etc/passwd", "etc"),
        ("/etc/a/b/.c", "etc"),
        ("/etc/new\nline", "etc"),
        ("/etc/odd\udce9", "etc"),
        ("/etcetera", None),
        ("/etc/ssl", "etc"),
        ("/etc/ssl/a/b", None),
        ("/etc/mtab", None),
        ("/etc/mtab/below", None),
        ("/etc/mtab2", "etc"),
        ("/etc/rc", None),
        ("/etc/rc/x", None),
        ("/etc/rc2", "etc"),
        ("/etc/one", None),
        ("/etc/one/below", "etc"),
        ("/home/u/.ssh/a/b", "keys"),
        ("/home/u/v/.ssh/a", None),
        ("/home/u/x.rc", "keys"),
        ("/home/u/v/x.rc", None),
        ("/home/a/c", "keys"),
        ("/home/c/c", None),
        ("/home/guest/.ssh/a", None),
        ("/srv/exact", "named"),
        ("/srv/exact/in", "named"),
        ("/srv/exact/in/deep", None),
        ("/srv/folder", None),
        ("/srv/folder/in", "named"),
        ("/data/a/b/conf", "any"),
        ("/data/conf", None),
        ("/data/xyz/a", "any"),
        ("/data/y/a", None),
        ("/data/proc/1/conf", None),
    ],
)
def test_category(path: str, category: str | None):
    assert WATCHES.category(path) == category


@pytest.mark.parametrize(
    ("directory", "leads", "holds"),
    [
        ("", True, False),
        ("/etc", True, True),
        ("/etc/a/b", True, True),
        ("/etc/ssl", False, True),
        ("/etc/ssl/a", False, True),
        ("/etc/rc", False, True),
        ("/etc/one", True, True),
        ("/usr", False, False),
        ("/home", True, False),
        ("/home/u", True, True),
        ("/home/u/.ssh", True, True),
        ("/home/u/other", False, False),
        ("/home/guest", False, True),
        ("/srv", True, True),
        ("/srv/exact", True, True),
        ("/srv/exact/in", False, False),
        ("/data", True, True),
        ("/data/a/b", True, True),
        ("/data/proc", False, True),
    ],
)
def test_directories(directory: str, leads: bool, holds: bool):
    assert (WATCHES.leads(directory), WATCHES.holds(directory)) == (leads, holds)


def test_the_first_category_is_that_of_the_configuration():
    assert Watches({"b": ["/etc/passwd"], "a": ["/etc/%%"]}).category("/etc/passwd") == "b"


def test_nothing_is_watched_where_nothing_is_configured():
    watches = Watches({"none": [], "relative": ["etc/%%"]})
    assert (watches.category("/etc/passwd"), watches.leads(""), watches.roots) == (None, False, [])


def test_links_on_the_way_are_followed(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    watches = Watches({"all": [f"{tmp_path}/link/%%"]})
    assert watches.category(f"{tmp_path.resolve()}/real/file") == "all"


def test_excluded_directories_are_not_entered(tmp_path: Path):
    top = tmp_path.resolve()
    for name in ("a/b", "out/c", "d"):
        (top / name).mkdir(parents=True)
    watches = Watches({"all": [f"{top}/%%"]}, {"not": [f"{top}/out/%%"]})
    entered: list[str] = []
    found = [path for path, _ in watches.walk(str(top), lambda directory: entered.append(directory) is None)]
    assert sorted(entered) == [str(top), f"{top}/a", f"{top}/a/b", f"{top}/d"]
    assert sorted(found) == [f"{top}/a", f"{top}/a/b", f"{top}/d", f"{top}/out"]


@pytest.mark.parametrize(
    ("rule", "here"),
    [
        (Rule(0, "{}", path=(PathPattern("prefix", "/a"),)), True),
        (Rule(0, "{}", path=(PathPattern("glob", "/a*"),)), False),
        (Rule(0, "{}", path=(PathPattern("exact", "/caf\\xe9"),)), False),
        (Rule(0, "{}", path=(PathPattern("exact", "/a"),), comm=("sh",)), False),
        (Rule(0, "{}", comm=("sh",)), False),
    ],
)
def test_rules_that_watches_decide(rule: Rule, here: bool):
    assert decides(rule) is here
