"""`startup_items` in a root of its own, and against the generator of systemd that starts desktop entries."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.sources.desktop_entry import exec_words


def test_scripts_and_sessions_that_start(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    files = {
        "etc/passwd": "ann:x:1000:1000::/home/ann:/bin/sh\n",
        "etc/init.d/on": "#!/bin/sh\n",
        "etc/init.d/off": "#!/bin/sh\n",
        "etc/xdg/autostart/a.desktop": "[Desktop Entry]\nType=Application\nName=A\nExec=a --quiet x\n",
        "home/ann/.config/autostart/b.desktop": "[Desktop Entry]\nName=B\nExec=b\nHidden=true\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    (tmp_path / "etc/rc2.d").mkdir()
    (tmp_path / "etc/rc2.d/S01on").symlink_to("../init.d/on")
    rows = query(open_root(), "SELECT name, path, args, source, status, username FROM startup_items")
    assert [tuple(row.values()) for row in rows] == [
        ("off", "/etc/init.d/off", "", "/etc/init.d/", "disabled", ""),
        ("on", "/etc/init.d/on", "", "/etc/init.d/", "enabled", ""),
        ("A", "a", "--quiet x", "/etc/xdg/autostart/", "enabled", ""),
        ("B", "b", "", "/home/ann/.config/autostart/", "disabled", "ann"),
    ]


def test_a_file_that_is_not_read_is_a_note_and_no_row(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    if not IS_ROOT:
        pytest.skip("needs root, for a file that is another user's")
    folder = tmp_path / "home/ann/.config/autostart"
    folder.mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\n")
    (tmp_path / "secret").write_text("[Desktop Entry]\nName=S\nExec=s\n")
    (tmp_path / "secret").chmod(0o600)
    (folder / "x.desktop").symlink_to("/secret")
    (folder / "empty.desktop").write_text("")
    assert not query(open_root(), "SELECT * FROM startup_items")
    (note,) = notes(open_root(), "SELECT * FROM startup_items")
    assert "x.desktop: it leads to a file of another user" in note


HEAD = "[Desktop Entry]\nType=Application\nName=N\n"
# What follows the head, and the program with its arguments, as systemd's generator writes them.
ENTRIES = [
    ("Exec=/bin/true a b\n", ["/bin/true", "a", "b"]),
    ('Exec="/bin/true" --hidden %U\n', ["/bin/true", "--hidden"]),
    ('Exec=/bin/ls "a b" c\n', ["/bin/ls", "a b", "c"]),
    ("Exec=/bin/ls a\\\\ b\n", ["/bin/ls", "a b"]),
    ("Exec=/bin/ls a\\sb\n", ["/bin/ls", "a", "b"]),
    ("Exec=/bin/ls %f %F %u %U %d %D %n %N %v %m x\n", ["/bin/ls", "x"]),
    ("Exec=/bin/ls 'a b'\n", ["/bin/ls", "a b"]),
    ('Exec=/bin/ls a"b c"d\n', ["/bin/ls", "ab cd"]),
    ('Exec=/bin/ls "" x\n', ["/bin/ls", "", "x"]),
    ('Exec=/bin/ls "a b\n', ["/bin/ls", "a b"]),
    ("Exec=/bin/ls\ta\n", ["/bin/ls", "a"]),
    ("Exec=/bin/ls\nExec=/bin/true\n", ["/bin/ls"]),
    ("[Desktop Action x]\nExec=/bin/true\n[Desktop Entry]\n Exec = /bin/ls\n", ["/bin/ls"]),
    ("# x \\\nExec=/bin/ls x\r\n", ["/bin/ls", "x"]),
    ("Exec=/bin/ls\nOnlyShowIn=KDE;\n", ["/bin/ls"]),
    ("Exec=/bin/ls\nTryExec=ls\n", ["/bin/ls"]),
    ("Exec=/bin/ls\nTryExec=/nonexistent\n", None),
    ("Exec=/bin/ls\nTryExec=/etc/passwd\n", None),
    ("Exec=/bin/ls\nHidden=true\n", None),
    ("Exec=/bin/ls\nHidden=True\n", None),
    ("Exec=\n", None),
    ("", None),
]


@pytest.mark.parametrize("text, words", ENTRIES)
def test_what_starts_is_what_systemds_generator_starts(
    tmp_path: Path, open_root: Callable[..., Database], text: str, words: list[str] | None
) -> None:
    folder = tmp_path / "etc/xdg/autostart"
    folder.mkdir(parents=True)
    (folder / "x.desktop").write_bytes((HEAD + text).encode())
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    for program in ("ls", "true"):
        (tmp_path / "usr/bin" / program).write_text("")
        (tmp_path / "usr/bin" / program).chmod(0o755)
    (tmp_path / "etc/passwd").write_text("")
    (row,) = query(open_root(), "SELECT name, path, args, status FROM startup_items")
    assert row["status"] == ("enabled" if words else "disabled")
    if words:
        from shlex import split

        assert [row["path"], *split(row["args"])] == words
    assert generated(tmp_path) == words


def generated(root: Path) -> list[str] | None:
    """The words of ExecStart= in the unit that the generator writes, None where it writes none."""
    from shlex import split

    places = ["/usr/lib/systemd/user-generators", "/lib/systemd/user-generators"]
    program = next((place for place in places if Path(place, "systemd-xdg-autostart-generator").exists()), None)
    if program is None:
        pytest.skip("needs systemd-xdg-autostart-generator")
    out = root / "out"
    out.mkdir()
    nowhere = {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
    subprocess.run(
        [f"{program}/systemd-xdg-autostart-generator", *[str(out)] * 3],
        env={**nowhere, "XDG_CONFIG_DIRS": str(root / "etc/xdg")},
        check=True,
        capture_output=True,
    )
    units = [unit for unit in out.glob("*.service") if not unit.is_symlink()]
    if not units:
        return None
    (line,) = (line for line in units[0].read_text().splitlines() if line.startswith("ExecStart="))
    return split(line.partition(":")[2])


def test_escapes_and_codes_of_exec(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    """By the specification; systemd 252 refuses the first."""
    folder = tmp_path / "etc/xdg/autostart"
    folder.mkdir(parents=True)
    text = r'Exec="/opt/a b" "c \"d\" \$e \\ f" %i --%c=%k 100%%' + "\nIcon=pic\n"
    (folder / "x.desktop").write_text(HEAD + text)
    (row,) = query(open_root(), "SELECT path, args FROM startup_items")
    file = "/etc/xdg/autostart/x.desktop"
    assert [*row.values()] == ["/opt/a b", f"""'c "d" $e \\ f' --icon pic --N={file} 100%"""]


@pytest.mark.parametrize("folder", ["usr/etc/xdg", "etc/xdg/xdg-ubuntu", "opt/xdg"])
def test_folders_of_a_distribution(tmp_path: Path, open_root: Callable[..., Database], folder: str) -> None:
    (tmp_path / folder / "autostart").mkdir(parents=True)
    (tmp_path / folder / "autostart/x.desktop").write_text(f"{HEAD}Exec=/bin/x\n")
    (tmp_path / "etc").mkdir(exist_ok=True)
    (tmp_path / "etc/environment").write_text('A=b\nXDG_CONFIG_DIRS="/opt/xdg:/etc/xdg"\n')
    rows = query(open_root(), "SELECT path, source FROM startup_items")
    assert rows == [{"path": "/bin/x", "source": f"/{folder}/autostart/"}]


def test_blanks_are_those_of_ascii() -> None:
    """A no-break space belongs to a word, as for the programs whose files these are."""
    assert exec_words({"Exec": "/opt/a\u00a0b c"}, "") == ["/opt/a\u00a0b", "c"]


ENTRY = "[Desktop Entry]\nType=Application\nExec=x\n"


@pytest.mark.parametrize(
    "own, vendors, status",
    [
        (ENTRY + "Hidden=true\n", ENTRY, ["disabled", "disabled"]),
        (ENTRY, ENTRY, ["enabled", "disabled"]),
        (None, ENTRY, ["enabled"]),
        # As the generator of systemd has it.
        (None, ENTRY + "Hidden=yes\n", ["disabled"]),
        (None, "[Desktop Entry]\nExec=x\n", ["disabled"]),
        (None, "[Desktop Entry]\nType=application\nExec=x\n", ["disabled"]),
        (None, "[Desktop Entry]\nType=Application\nExec=/usr/bin/missing\n", ["disabled"]),
    ],
)
def test_the_entry_of_the_more_important_folder_counts(
    tmp_path: Path, open_root: Callable[..., Database], own: str | None, vendors: str, status: list[str]
) -> None:
    for folder, text in {"etc/xdg": own, "usr/etc/xdg": vendors}.items():
        (tmp_path / folder / "autostart").mkdir(parents=True)
        if text is not None:
            (tmp_path / folder / "autostart/x.desktop").write_text(text)
    (tmp_path / "etc/passwd").write_text("")
    assert [row["status"] for row in query(open_root(), "SELECT status FROM startup_items")] == status
