"""`sudoers` against cvtsudoers, which prints as JSON what sudo understood, and in roots of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import notes, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database

ANN = "ann ALL=(ALL) ALL\n"

# Each is understood whole by sudo.
TEXTS = [
    "# given in spring \\\n" + ANN,
    "bob ALL=ALL # x \\\n" + ANN,
    "Defaults env_reset # x \\\n" + ANN,
    "# x \\\n# y \\\n" + ANN,
    "bob ALL=ALL \\\n# x\n" + ANN,
    "bob ALL=ALL \\\n\n" + ANN,
    "ann \\  \n ALL=ALL, \\\n\t/bin/x\n",
    "ann ALL=ALL \\\r\n\r\nbob ALL=ALL\r\n",
    "#1000, %#10 ALL=ALL\n#x ALL=ALL\n##\n#1001ALL=ALL\n",
    '"two words" ALL=ALL\nb\\ ob ALL=ALL\n"%a group" ALL=ALL\n%a\\ group ALL=ALL\n"a#b" ALL=ALL\na\\#b ALL=ALL\n',
    "ann, bob ALL=ALL\ncarl ,dora ALL=ALL\n e,\\\n f ALL=ALL\n! g,!h ALL=ALL\n",
    "Defaults:ann !env_reset\nDefaults:  bob env_reset\nDefaults@h,i env_reset\nDefaults>root env_reset\n" + ANN,
    'Defaults passprompt="a # b \\\n   c", \\\n !env_reset # d\n' + ANN,
    "ann ALL=/bin/ls a\\#b, /bin/x #c\nbob ALL=ALL#c\ncarl ALL=ALL #-x\n",
    'ann ALL=/bin/ls "#x"\n"al\\\n  ice" ALL=ALL\n',
    "User_Alias X = ann, bob : Y = carl\nX ALL=ALL\n@dora ALL=ALL\n",
    ANN.rstrip("\n"),
]


def understood_by_sudo(file: Path) -> list[list[str]]:
    """The users of each rule, without the marks of groups and of uids."""
    if not shutil.which("cvtsudoers"):
        pytest.skip("needs cvtsudoers")
    done = subprocess.run(["cvtsudoers", "-f", "json", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rules = json.loads(done.stdout).get("User_Specs", [])
    return [
        [str(value) for user in rule["User_List"] for key, value in user.items() if key != "negated"] for rule in rules
    ]


def users_of(header: str) -> list[str]:
    items = re.findall(r'(?:"[^"]*"|\\.|[^,"\\])+', header)
    return [re.sub(r'["\\]', "", item.strip()).lstrip("! %#+") for item in items]


def rules(database: Database) -> list[list[str]]:
    kinds = ("Defaults", "User_Alias", "@include", "#include")
    rows = query(database, "SELECT header FROM sudoers")
    return [users_of(row["header"]) for row in rows if not row["header"].startswith(kinds)]


def lay(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
        (root / path).chmod(0o440)


@pytest.mark.parametrize("text", TEXTS)
def test_rules_are_those_that_sudo_understands(tmp_path: Path, open_root: Callable[..., Database], text: str) -> None:
    lay(tmp_path, {"etc/sudoers": text})
    assert rules(open_root()) == understood_by_sudo(tmp_path / "etc/sudoers")
    assert not notes(open_root(), "SELECT * FROM sudoers")


FILES = {"x": "x", "a b": "ab", "x#c": "xc", "x#5": "x5", "c\\d": "cd", 'q"r': "qr", "d/B": "dB", "d/a": "da"}
FILES.update({"d/b.c": "dbc", "d/e~": "de", "d/sub/z": "dz", "e\\ f": "ef"})


@pytest.mark.parametrize(
    "line",
    [
        *(
            "@include x",
            "  @include\tx",
            "#include x",
            "  #include x",
            "# include x",
            "#includefoo x",
            '@include "x"#c',
        ),
        *('@include "a b" # c', r"@include a\ b", "@include x # c", "@include x#c", "@include x#5", r"@include c\\d"),
        *(
            '@include "q\\"r"',
            '@include q"r',
            '@include "e\\ f"',
            "@include \\\n x",
            "@include x \\\n\n",
            "@include x\r",
        ),
        *("@includedir d", "@includedir d/", '@includedir "d" # c', "#includedir d", "@includedir none"),
    ],
)
def test_files_are_included_as_sudo_includes_them(
    tmp_path: Path, open_root: Callable[..., Database], line: str
) -> None:
    lay(tmp_path, {f"etc/{name}": f"{user} ALL=ALL\n" for name, user in FILES.items()})
    lay(tmp_path, {"etc/sudoers": f"{line}\n{ANN}"})
    assert rules(open_root()) == understood_by_sudo(tmp_path / "etc/sudoers")


@pytest.mark.parametrize(
    "line",
    ["junk", "ann ALL", "Defaults", "Defaults:x", "User_Alias", "User_Alias X", "@include x y", "@include", "ALL = "],
)
def test_a_line_that_sudo_cannot_parse_costs_itself(
    tmp_path: Path, open_root: Callable[..., Database], line: str
) -> None:
    lay(tmp_path, {"etc/sudoers": f"{line}\n{ANN}"})
    assert rules(open_root()) == [["ann"]]
    assert notes(open_root(), "SELECT * FROM sudoers") == ["sudoers: a line of /etc/sudoers makes no sense"]
    if shutil.which("visudo"):
        assert subprocess.run(["visudo", "-cqf", str(tmp_path / "etc/sudoers")], check=False).returncode != 0


def test_details_have_neither_comment_nor_line_ends(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    lay(tmp_path, {"etc/sudoers": 'ann ALL=(ALL) \\\n  ALL, /bin/a "# b" # NOPASSWD\nDefaults!/bin/ls x="1 \\\n 2"\n'})
    rows = query(open_root(), "SELECT header, rule_details FROM sudoers")
    assert [tuple(row.values()) for row in rows] == [
        ("ann", 'ALL=(ALL) ALL, /bin/a "# b"'),
        ("Defaults!/bin/ls", 'x="1 2"'),
    ]


def test_of_several_folders_the_first_that_exists_is_read(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    """As sudo 1.9.16 does; for 1.9.13 the colon is part of one name."""
    lay(tmp_path, {"etc/sudoers": "@includedir /none:/etc/d:/etc/e\n", "etc/d/x": ANN, "etc/e/y": "bob ALL=ALL\n"})
    assert rules(open_root()) == [["ann"]]


def test_the_name_of_the_host_in_a_path(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    lay(tmp_path, {"etc/hostname": "web1.example\n", "etc/sudoers": "@include sudoers.%h\n", "etc/sudoers.web1": ANN})
    assert rules(open_root()) == [["ann"]]


@pytest.mark.parametrize(
    "mode, uid, gid, read, why",
    [
        (0o440, 0, 0, True, ""),
        (0o664, 0, 0, True, ""),
        (0o644, 0, 5, True, ""),
        (0o664, 0, 5, False, "can be written by gid 5"),
        (0o646, 0, 0, False, "can be written by everybody"),
        (0o440, 5, 0, False, "is owned by uid 5"),
    ],
)
@pytest.mark.parametrize("refused", ["etc/sudoers.d/x", "etc/sudoers.d"])
def test_files_that_sudo_refuses(
    tmp_path: Path,
    open_root: Callable[..., Database],
    mode: int,
    uid: int,
    gid: int,
    read: bool,
    why: str,
    refused: str,
) -> None:
    if not IS_ROOT:
        pytest.skip("needs root, to give files away")
    lay(tmp_path, {"etc/sudoers": "@includedir /etc/sudoers.d\n", "etc/sudoers.d/x": ANN})
    os.chown(tmp_path / refused, uid, gid)
    (tmp_path / refused).chmod(mode)
    assert rules(open_root()) == ([["ann"]] if read else [])
    said = [] if read else [f"sudoers: sudo does not read /{refused}: it {why}"]
    assert notes(open_root(), "SELECT * FROM sudoers") == said


PLUGIN, RS = "usr/libexec/sudo/sudoers.so", "usr/lib/cargo/bin/sudo"


@pytest.mark.parametrize(
    "there, read, said",
    [
        (["etc/sudoers"], ["/etc/sudoers"], ""),
        (["usr/etc/sudoers"], ["/usr/etc/sudoers"], ""),
        (["etc/sudoers", "usr/etc/sudoers"], ["/etc/sudoers"], ""),
        (["etc/sudoers", RS], ["/etc/sudoers"], ""),
        (["etc/sudoers", "etc/sudoers-rs"], ["/etc/sudoers-rs"], "/etc/sudoers is left out: sudo-rs reads"),
        (["etc/sudoers", "etc/sudoers-rs", RS], ["/etc/sudoers-rs"], "/etc/sudoers is left out: sudo-rs reads"),
        (["etc/sudoers", "etc/sudoers-rs", RS, PLUGIN], ["/etc/sudoers", "/etc/sudoers-rs"], ""),
        (["etc/sudoers", "etc/sudoers-rs", PLUGIN], ["/etc/sudoers"], "/etc/sudoers-rs is left out: sudo-rs, which"),
        ([], [], ""),
    ],
)
def test_which_file_is_read(
    tmp_path: Path, open_root: Callable[..., Database], there: list[str], read: list[str], said: str
) -> None:
    lay(tmp_path, dict.fromkeys(there, ANN))
    assert [row["source"] for row in query(open_root(), "SELECT source FROM sudoers")] == read
    found = [note.removeprefix("sudoers: ") for note in notes(open_root(), "SELECT * FROM sudoers")]
    assert [note[: len(said)] for note in found] == ([said] if said else [])


def test_sudo_conf_names_another_file(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    conf = "# x\nPlugin sudoers_audit sudoers.so\nPlugin sudoers_policy sudoers.so sudoers_file=/etc/rules\n"
    lay(tmp_path, {"etc/sudo.conf": conf, "etc/rules": ANN, "etc/sudoers": "bob ALL=ALL\n", PLUGIN: ""})
    assert rules(open_root()) == [["ann"]]


@pytest.mark.parametrize("services, said", [("files", []), ("sss files ldap", ["sss and ldap"])])
def test_rules_of_a_directory_are_noted(
    tmp_path: Path, open_root: Callable[..., Database], services: str, said: list[Any]
) -> None:
    lay(tmp_path, {"etc/nsswitch.conf": f"passwd: files sss\nsudoers: {services} # x\n", "etc/sudoers": ANN})
    expected = [f"sudoers: rules that sudo gets from {each} are not shown" for each in said]
    assert notes(open_root(), "SELECT * FROM sudoers") == expected


# Each once alone; sudo takes all of one or none.
WHOLE_LINES = [
    *("al:ice ALL=ALL", "ann ALL=sha256:AAAA /bin/ls", 'ann ALL=""', '"" ALL=ALL', '+"n x" ALL=ALL', "#1000x ALL=ALL"),
    *("user_alias A=b", "User_Alias a=b", "User_Alias AB=x : CD=y", "Defaults : ann !requiretty", "ann ALL="),
    *("ann ALL ALL=ALL", "ann ALL=(ALL ALL", "ann ALL = ALL ALL", "ann ALL=NOPASSWD:\u00a0ALL", "ann ALL=bin/ls"),
    *("ann,, bob ALL=ALL", "ann bob ALL=ALL", "ann ALL, =ALL", "a(nn ALL=ALL", "ann>x ALL=ALL", "ann > ALL=ALL"),
    *(
        "Defaults ALL=ALL",
        "Defaultsx ALL=ALL",
        "Defaults lecture insults",
        "Defaults !lecture=always",
        "Defaults lecture,",
    ),
    *("ann ALL=NOPASSWD: ALL", "ann ALL=(root)NOPASSWD:EXEC:/bin/ls -l, !/bin/x : h = ALL", "ann ALL=( : grp) ALL"),
    *("ann ALL=^/bin/.*$", "ann ALL=/bin/ls ^-[a-z]=$", "ann ALL=CWD=/x TIMEOUT=8h NOPASSWD: ALL", "a\\\nnn ALL=ALL"),
    *("ann ALL=/bin/ls,\\\n# /bin/cat\n", "ann fe80::1, 10.0.0.0/8, !x=ALL", "Cmnd_Alias X=/bin/ls, sudoedit /etc/x"),
    *(
        "sudoedit ALL=ALL",
        "ann ALL=/bin/a\\,b, /bin/a\\=b",
        "ann ALL=/bin/ls a=b",
        "ann ALL=/bin/ls \\a",
        'ann ALL=/bin/ls "a,b"',
        'ann ALL=/bin/ls "a',
        "ann ALL=(a:%g) ALL",
        "ann ALL=list",
        "%:#5 ALL=ALL",
    ),
    "ann ALL=sha224:0d00000000000000000000000000000000000000000000000000000b /bin/ls",
]


@pytest.mark.parametrize("line", WHOLE_LINES)
def test_a_line_is_shown_if_sudo_takes_it(tmp_path: Path, open_root: Callable[..., Database], line: str) -> None:
    if not shutil.which("cvtsudoers"):
        pytest.skip("needs cvtsudoers")
    lay(tmp_path, {"etc/sudoers": f"{line}\n"})
    done = subprocess.run(
        ["cvtsudoers", "-f", "sudoers", str(tmp_path / "etc/sudoers")], capture_output=True, text=True, check=False
    )
    assert bool(query(open_root(), "SELECT * FROM sudoers")) == bool(done.stdout.strip()), done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "@include " + "\\\n    " * 40,
        "@include " + "\\   \n    " * 40 + '"x',
        *(
            "a," * 20000,
            "! " * 20000,
            "a" + " " * 60000 + ", =",
            "a ALL=(" + " " * 60000 + "x",
            "a ALL=" + "^ " * 20000,
        ),
        *(
            "a ALL=" + "CWD=a " * 20000,
            "a ALL=" + "NOPASSWD: A=" * 5000,
            "a ALL=/b " + "x " * 30000 + "=",
            '"a' * 30000,
        ),
    ],
    ids=range(11),
)
def test_no_line_takes_long(tmp_path: Path, open_root: Callable[..., Database], line: str) -> None:
    lay(tmp_path, {"etc/sudoers": f"{line}\n{ANN}"})
    rows = query(open_root(), "SELECT header FROM sudoers WHERE header = 'ann'")
    assert [row["header"] for row in rows] in ([], ["ann"])


CLASSIC = {"usr/libexec/sudo/sudoers.so": "", "etc/sudoers": ANN, "etc/rules": "bob ALL=ALL\n"}


@pytest.mark.parametrize(
    "files, users, note",
    [
        ({"etc/sudo.conf": "Plugin sudoers_policy sudoers.so sudoers_file=/none:/etc/rules\n"}, ["bob"], ""),
        ({"etc/sudo.conf": "Plugin sudoers_policy sudoers.so error_recovery=false\n"}, ["ann"], "error_recovery"),
        ({"etc/sudo.conf": "Plugin other other.so\n"}, ["ann"], "the plugin other (other.so)"),
        ({"etc/nsswitch.conf": "sudoers: files sss\n"}, ["ann"], "sss are not shown"),
        ({"etc/nsswitch.conf": "sudoers: sss\n"}, [], "/etc/sudoers is left out"),
        ({"etc/nsswitch.conf": "sudoers: ldap\nsudoers: files\n"}, [], "/etc/sudoers is left out"),
        ({"etc/sudoers": "ann ALL=ALL\0, /x\n"}, ["ann"], "ends at a NUL"),
    ],
)
def test_what_else_sudo_goes_by(
    tmp_path: Path, open_root: Callable[..., Database], files: dict[str, str], users: list[str], note: str
) -> None:
    lay(tmp_path, {**CLASSIC, **files})
    assert [row["header"] for row in query(open_root(), "SELECT header FROM sudoers")] == users
    assert note in " ".join(notes(open_root(), "SELECT * FROM sudoers"))
