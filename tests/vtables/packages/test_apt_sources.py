"""Sources of apt in all that their grammar allows, against what apt itself would fetch (--print-uris update)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query
from hostql.vtables.database import Database
from hostql.vtables.sources.apt import Source, index_name

ONE_LINE = r"""# comment
deb http://a1.x/debian/ stable main contrib # why
  deb	http://a2.x  stable   main#glued
deb [arch=amd64,i386 trusted=yes] http://a3.x s main
deb [ arch="armhf" lang=none ] http://a4.x s main
deb [arch=amd64 ]http://a5.x s main
deb [] http://a6.x s main
deb [signed-by=/a#b arch=i386] http://a7.x s main
deb cdrom:[Debian GNU/Linux 12.1.0 _Bookworm_ - Official amd64 NETINST 20230722-10:48]/ bookworm contrib main
deb cdrom:[a # b]/dir/ s main
deb cdrom:[c d]dir s main
deb cdrom:plain s main
deb http://a8.x/ ./
deb http://a9.x/x86_64/ /
deb http://b1.x/a sub/dir/
deb file:///srv/flat ./
deb file:/srv/r s main
deb copy:/srv/c s main
deb file:relative s main
deb http://b2.x/$(ARCH)/d s main
deb http://b3.x s/$(ARCH)/
deb http://b4.x s/$(ARCH) main/$(ARCH)
deb http://u:p@b5.x:80/p s/updates main
deb http://b6.x/~u/x+y s+t~u main
deb http://b7.x/a_b%20c/d:e s main
deb http://b8.x/{y}<z>|w,v;u s_t main
deb "http://b9.x" "s" main
deb "http://c1.x/q r" s main
deb http:c2.x s main
deb http://[::1]:80/x s main
deb http://c3.x//a// s//x main
deb mirror+file:/etc/apt/mirrors.txt s main
deb http://c4.x/é s main
deb-src http://source.x s main
"""
DEB822 = """\
# c

types: deb deb-src
Uris:
 http://d1.x
# http://no.x
 http://d2.x/y/
SUITES : s
  t
Components: main contrib
Architectures: amd64,i386 armhf
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 Enabled: no
 # x
 -----END PGP PUBLIC KEY BLOCK-----
#

# c

Types: deb
URIs: http://hidden.x
Suites: s
Components: main
\x20
Types: deb
URIs: http://d3.x/$(ARCH)/
Suites: t
Suites: $(ARCH)/ ./
Components:

Types: deb\r
URIs: http://d4.x\r
Suites: s\r
Components: main\r
\r
Types: deb-src
URIs: http://source.x
Suites: s
Components: main

"""
BROKEN = [
    "deb http://x.x",
    "deb http://x.x s",
    "deb http://x.x ./ main",
    "deb http://x.x#b s main",
    "deb x.x s main",
    "deb",
    "rpm http://x.x s main",
    "DEB http://x.x s main",
    "deb[arch=i386] http://x.x s main",
    "deb [arch] http://x.x s main",
    "deb [arch=] http://x.x s main",
    "deb [arch=i386 http://x.x s main",
    "Types: deb\nURIs: http://x.x\nSuites: s\n",
    "Types: deb\nURIs: http://x.x\nSuites: ./\nComponents: main\n",
    "Types: deb\nURIs: http://x.x\nSuites: ./ s\nComponents: main\n",
    "Types: deb\nURIs: x.x\nSuites: s\nComponents: main\n",
    "Types: deb # c\nURIs: http://x.x\nSuites: s\nComponents: main\n",
    "Types: deb rpm\nURIs: http://x.x\nSuites: s\nComponents: main\n",
    "URIs: http://x.x\nSuites: s\nComponents: main\n",
    "Types: deb\nURIs: http://x.x\nSuites: s\nComponents: main\njunk line\n",
    " Types: deb\nURIs: http://x.x\nSuites: s\nComponents: main\n",
]
ENABLED = [
    *"no off false without disable 0 No OFF 00 0x0 n yes 1 maybe disabled never with -1".split(),
    " no ",
    "no # c",
    "",
    "\n no",
]
NAMES = """a.list b.list.save .c.list e+f.list g_h-1.B.list h.LIST -k.list l,.list m.sources.list o:.list
q.list.sources list a.list~""".split()


@pytest.fixture
def apt(tmp_path: Path) -> Callable[[dict[str, str]], set[tuple[str, str]]]:
    """apt(files below etc/apt) -> (address of each index, name of its file) by apt; empty where it refuses them."""
    if not shutil.which("apt-get"):
        pytest.skip("needs apt-get")
    for folder in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text("Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\n")

    def update(files: dict[str, str]) -> set[tuple[str, str]]:
        shutil.rmtree(tmp_path / "etc/apt", ignore_errors=True)
        for name in ("apt.conf.d", "preferences.d", "trusted.gpg.d", "sources.list.d"):
            (tmp_path / "etc/apt" / name).mkdir(parents=True)
        for name, text in files.items():
            (tmp_path / "etc/apt" / name).write_bytes(text.encode())
        own = [f"Dir={tmp_path}", f"Dir::State::status={tmp_path}/var/lib/dpkg/status", "APT::Architecture=amd64"]
        options = [word for option in own for word in ("-o", option)]
        command = ["apt-get", "update", "--print-uris", *options]
        done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
        found = re.findall(r"^'(.*InRelease)' (.*) 0 $", done.stdout.decode(), re.MULTILINE)
        return {(uri, name) for uri, name in found if "source.x" not in name}

    return update


def ours(db: Database) -> set[str]:
    """The names of the indexes of the table's rows."""
    rows = query(db, "SELECT base_uri, release FROM apt_sources")
    return {index_name(Source(row["base_uri"], row["release"], "", "")) + "InRelease" for row in rows}


def test_one_line_sources_are_those_of_apt(apt: Callable[..., set], open_root: Callable[..., Database]) -> None:
    theirs = {name for _, name in apt({"sources.list": ONE_LINE})}
    assert len(theirs) == 32
    assert notes(open_root(), "SELECT * FROM apt_sources") == []
    # A slash at the end of an address is not shown.
    assert {name.replace("__", "_") for name in ours(open_root())} == {name.replace("__", "_") for name in theirs}
    rows = {row["base_uri"]: row for row in query(open_root(), "SELECT * FROM apt_sources")}
    disc = rows["cdrom:[Debian GNU/Linux 12.1.0 _Bookworm_ - Official amd64 NETINST 20230722-10:48]"]
    assert (disc["release"], disc["components"]) == ("bookworm", "contrib main")
    assert rows["http://a3.x"]["architectures"] == "amd64 i386"
    assert rows["file:///srv/flat"]["name"] == "/srv/flat ./"
    assert rows["http://b2.x/amd64/d"]["release"] == "s"


def test_stanzas_are_those_of_apt(apt: Callable[..., set], open_root: Callable[..., Database]) -> None:
    theirs = {name for _, name in apt({"sources.list.d/x.sources": DEB822})}
    assert len(theirs) == 7
    assert ours(open_root()) == theirs
    assert notes(open_root(), "SELECT * FROM apt_sources") == []
    row = query(open_root(), "SELECT * FROM apt_sources")[0]
    assert (row["components"], row["architectures"]) == ("main contrib", "amd64 i386 armhf")


@pytest.mark.parametrize("text", BROKEN)
def test_what_apt_refuses_is_noted(apt: Callable[..., set], open_root: Callable[..., Database], text: str) -> None:
    file = "sources.list.d/x.sources" if "\n" in text else "sources.list"
    assert not apt({file: text + "\n", "sources.list.d/good.list": "deb http://good.x s main\n"})
    assert notes(open_root(), "SELECT * FROM apt_sources") == [
        f"apt_sources: a source of /etc/apt/{file} makes no sense"
    ]
    assert [row["base_uri"] for row in query(open_root(), "SELECT base_uri FROM apt_sources")] == ["http://good.x"]


def test_words_that_switch_a_stanza_off(apt: Callable[..., set], open_root: Callable[..., Database]) -> None:
    stanza = "Types: deb\nURIs: http://h{}.x\nSuites: s\nComponents: main\nEnabled: {}\n\n"
    theirs = apt({"sources.list.d/x.sources": "".join(stanza.format(*each) for each in enumerate(ENABLED))})
    assert ours(open_root()) == {name for _, name in theirs}
    assert len(theirs) == 10


def test_files_that_apt_reads(apt: Callable[..., set], open_root: Callable[..., Database]) -> None:
    line, stanza = "deb http://h{}.x s main\n", "Types: deb\nURIs: http://h{}.x\nSuites: s\nComponents: main\n"
    files = {
        f"sources.list.d/{name}": (line if "LIST" in name.upper()[-5:] else stanza).format(number)
        for number, name in enumerate(NAMES)
    }
    theirs = apt(files)
    assert ours(open_root()) == {name for _, name in theirs}
    assert len(theirs) == 6
    noted = " ".join(notes(open_root(), "SELECT * FROM apt_sources"))
    assert all((f"/{name}, for its name" in noted) == (name in (".c.list", "e+f.list", "l,.list")) for name in NAMES)


ARMOUR = """-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512
Version: 1

{}-----BEGIN PGP SIGNATURE-----
Version: GnuPG v2.0.22 (GNU/Linux)
Origin: armour

iQEcBAEBCgAGBQJ
-----END PGP SIGNATURE-----
"""
RELEASE = """\
# Version: 1
origin: Example
Suite: stable
Version : 7.2
Components:
 main
- extra
Architectures: amd64 arm64
SHA256:
 0123 12 Version: 9

Version: 5
"""


@pytest.mark.parametrize("name", ["InRelease", "Release"])
def test_the_fields_of_an_index_are_its_own(tmp_path: Path, open_root: Callable[..., Database], name: str) -> None:
    (tmp_path / "etc/apt").mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text("deb http://a.x/a_b s main\ndeb file:/srv ./\n")
    (tmp_path / "var/lib/apt/lists").mkdir(parents=True)
    text = RELEASE.replace("- extra\n", " extra\n")
    for place in ("a.x_a%5fb_dists_s_", "_srv_._"):
        (tmp_path / f"var/lib/apt/lists/{place}{name}").write_text(ARMOUR.format(text) if name == "InRelease" else text)
    for row in query(open_root(), "SELECT version, maintainer, components, architectures FROM apt_sources"):
        assert [*row.values()] == ["7.2", "Example", "main extra", "amd64 arm64"]


@pytest.mark.parametrize(
    "option, id", [("20240101T000000Z", "20240101T000000Z"), ("enable", ""), ("no", ""), ("0_0", "0_0")]
)
def test_archives_of_snapshots(tmp_path: Path, open_root: Callable[..., Database], option: str, id: str) -> None:
    """As apt 3.0 prints them: it fetches the index of the archive itself, too."""
    (tmp_path / "etc/apt/sources.list.d").mkdir(parents=True)
    line = f"deb [snapshot={option}] http://deb.debian.org/debian s main\n"
    (tmp_path / "etc/apt/sources.list").write_text(line)
    stanza = f"Types: deb\nURIs: http://x.example/debian\nSuites: s\nComponents: main\nSnapshot: {option}\n"
    (tmp_path / "etc/apt/sources.list.d/x.sources").write_text(stanza)
    sql = "SELECT base_uri FROM apt_sources"
    uris = [row["base_uri"] for row in query(open_root(), sql)]
    plain = ["http://deb.debian.org/debian", "http://x.example/debian"]
    assert uris == ([f"https://snapshot.debian.org/archive/debian/{id}"] if id else []) + plain
    assert len(notes(open_root(), sql)) == bool(id)
    # The index of an archive may tell where its snapshots are.
    (tmp_path / "var/lib/apt/lists").mkdir(parents=True)
    index = tmp_path / "var/lib/apt/lists/x.example_debian_dists_s_InRelease"
    index.write_text("Origin: X\nSnapshots: https://s.example/@SNAPSHOTID@/\n")
    uris = [row["base_uri"] for row in query(open_root(), sql)]
    assert (f"https://s.example/{id}" in uris) == bool(id)


def test_a_blank_is_one_of_ascii(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    (tmp_path / "etc/apt").mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text("deb http://h/ s\u00a0x main\u2003y\ndeb\u00a0http://h/ s main\n")
    rows = query(open_root(), "SELECT release, components FROM apt_sources")
    assert rows == [{"release": "s\u00a0x", "components": "main\u2003y"}]
