"""History files that the shells themselves wrote, in a terminal, or read back."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query
from hostql.vtables.database import Database
from hostql.vtables.sources.shell_history import parse_history

# mksh gives root a prompt of its own where there is no such sign in it.
READY = b"ready#> "
LOOP = "for i in 1 2\ndo\necho $i # c;x\ndone"
COMMANDS = ["echo déjà 日本", LOOP, "echo 'a\nb\\\nc'", "echo end\\\\", ": 1700000000:0;x", "echo a\\\\  ", "echo last"]


def need(program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"needs {program}")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/zsh\n")
    (tmp_path / "home/ann").mkdir(parents=True)
    return tmp_path / "home/ann"


def type_into(command: list[str], commands: list[str], **environment: str) -> None:
    """Type these commands at a shell in a terminal, each line once the prompt for it is there, and leave it."""
    pid, fd = pty.fork()
    if not pid:
        try:
            os.environ.update(environment, LC_ALL="C.UTF-8", TERM="dumb", PS1=READY.decode(), PS2=READY.decode())
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    try:
        for line in [line for text in commands for line in text.split("\n")] + ["exit"]:
            wait_for_prompt(fd)
            os.write(fd, line.encode() + b"\r")
        wait_for_prompt(fd)
    finally:
        os.close(fd)
        os.waitpid(pid, 0)


def wait_for_prompt(fd: int) -> None:
    """Until the prompt is the last that was written, or the shell is gone."""
    seen = b""
    while not seen.endswith(READY):
        assert select.select([fd], [], [], 10)[0], seen
        try:
            seen += os.read(fd, 4096)
        except OSError:
            return


def shown(open_root: Callable[..., Database]) -> list[str]:
    rows = query(open_root(), "SELECT command, time FROM shell_history")
    return [row["command"] for row in rows]


@pytest.mark.parametrize("option", ["extendedhistory", "noextendedhistory"])
def test_zsh(home: Path, open_root: Callable[..., Database], option: str) -> None:
    need("zsh")
    rc = f"HISTFILE=$HOME/.zsh_history HISTSIZE=99 SAVEHIST=99\nsetopt {option}\nunsetopt prompt_cr prompt_sp zle\n"
    (home / ".zshrc").write_text(f"{rc}PS1='{READY.decode()}'\nPS2=$PS1\n")
    type_into(["zsh", "-d", "-i"], COMMANDS, HOME=str(home), ZDOTDIR=str(home))
    assert b"\x83" in (home / ".zsh_history").read_bytes()
    assert shown(open_root) == [*COMMANDS, "exit"]
    times = {row["time"] for row in query(open_root(), "SELECT time FROM shell_history")}
    assert all(times) if option == "extendedhistory" else times == {0}


ZSH = [
    b"plain\n: 1700000000:0;timed\n:1700000001:12;close\n\\: 1:2;x\n",
    b"a\\\nb\\\\\nc\nd\\\\ \ne\\ \nf  \ng \\  \n",
    b": 1700000000:0;x\\\n: 1700000001:0;y\n\\\\\nz\nd\x83\xa9j \x83\xa3 \xc3\xa9 \xff\n",
    b"last without newline",
]


@pytest.mark.parametrize("raw", ZSH)
def test_zsh_reads_the_same(tmp_path: Path, raw: bytes) -> None:
    need("zsh")
    # Of the newest entry it thinks that it is being typed.
    (tmp_path / "history").write_bytes(raw + (b"newest\n" if raw[-1:] == b"\n" else b"\nnewest\n"))
    script = 'HISTSIZE=99; fc -R $1; zmodload zsh/parameter; for n in ${(kon)history}; print -rN -- "$history[$n]"'
    done = subprocess.run(
        ["zsh", "-f", "-i", "-c", script, "zsh", tmp_path / "history"], capture_output=True, check=True
    )
    theirs = [command.decode("utf-8", "backslashreplace") for command in done.stdout.split(b"\0")[:-1]]
    assert [command for _, command in parse_history(raw, "zsh")] == theirs


@pytest.mark.parametrize("shopt", ["", "shopt -s lithist\n"])
@pytest.mark.parametrize("times", ["", "%F "])
def test_bash(home: Path, open_root: Callable[..., Database], shopt: str, times: str) -> None:
    need("bash")
    (home / "rc").write_text(f"HISTFILE={home}/.bash_history\nPS1='{READY.decode()}'\nPS2=$PS1\n{shopt}")
    more = {"HISTTIMEFORMAT": times} if times else {}
    type_into(["bash", "--noediting", "--rcfile", str(home / "rc"), "-i"], COMMANDS, HOME=str(home), **more)
    raw = (home / ".bash_history").read_bytes()
    assert (raw[:1] == b"#") == bool(times)
    commands = shown(open_root)
    assert commands[0] == COMMANDS[0]
    assert ": 1700000000:0;x" in commands
    if times:
        loop = LOOP if shopt else "for i in 1 2; do echo $i # c;x\ndone"
        assert commands == [COMMANDS[0], loop, *commands[2:]] and len(commands) == len(COMMANDS) + 1
        # bash itself, as it reads them back.
        script = 'HISTTIMEFORMAT="%s:"; history -r "$1"; HISTTIMEFORMAT=$(printf "\\1%%s:"); history'
        done = subprocess.run(
            ["bash", "-c", f"set -o history; {script}", "bash", home / ".bash_history"], capture_output=True
        )
        theirs = re.findall(rb"\x01(\d+):([^\x01]*)\n", done.stdout + b"\x01")
        theirs = [(int(time), re.sub(rb"\n +\d+  ?$", b"", command).decode()) for time, command in theirs]
        assert [*parse_history(raw, "bash")] == theirs[-len(commands) :]


def test_bash_with_times_here_and_there() -> None:
    assert [*parse_history(b"ls\n#1700000000\nid\n\n#5 is no time\n#1700000001\n", "bash")] == [
        (0, "ls"),
        (1700000000, "id"),
        (0, "#5 is no time"),
    ]


def test_tcsh() -> None:
    assert [*parse_history(b"#+1700000000\nls\n#+1700000001\nid\n")] == [(1700000000, "ls"), (1700000001, "id")]


FISH = r"""- cmd: echo 'a\\nb' \\\\ déjà
  when: 1700000000
- cmd: ls /etc/passwd
  when: 1700000001
  paths:
    - /etc/passwd
- cmd: for i in 1\necho $i\nend
  when: 1700000002
- cmd: echo - cmd: x # when: 5
  when: 1700000003
"""


def test_fish(home: Path, open_root: Callable[..., Database]) -> None:
    need("fish")
    places = {"XDG_DATA_HOME": str(home / ".local/share"), "XDG_CONFIG_HOME": str(home / ".config")}
    environment = {**os.environ, **places, "HOME": str(home)}
    (home / ".local/share/fish").mkdir(parents=True)
    (home / ".local/share/fish/fish_history").write_text(FISH)
    # fish itself, as it reads them back: the newest comes first.
    command = ["fish", "-c", "builtin history search --null --show-time='%s '"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    theirs = [entry.decode().partition(" ")[::2] for entry in done.stdout.split(b"\0")[:-1]]
    rows = query(open_root(), "SELECT time, command FROM shell_history")
    assert [(str(row["time"]), row["command"]) for row in reversed(rows)] == theirs
    assert len(rows) == 4


@pytest.mark.parametrize("shell, start", [("ksh93", b"\x81\x01"), ("mksh", b"\xab\xcd")])
def test_korn_shells(home: Path, open_root: Callable[..., Database], shell: str, start: bytes) -> None:
    need(shell)
    commands = ["echo déjà", LOOP, "echo 'a\nb'"]
    type_into(
        [shell, "+o", "emacs", "-i"],
        commands,
        HOME=str(home),
        HISTFILE=str(home / ".sh_history"),
        HISTSIZE="99",
        ENV="",
    )
    assert (home / ".sh_history").read_bytes().startswith(start)
    assert shown(open_root) == [*commands, "exit"]


def test_files_of_other_names(home: Path, open_root: Callable[..., Database]) -> None:
    (home / ".ash_history").write_text("id\n#1700000000\n: 1:2;x\n")
    (home / ".histfile").write_bytes(b": 1700000000:0;d\xc3\x83\xa9\n")
    (home / ".zshrc").write_text("export HISTFILE=~/z/h\n[[ -n $X ]] && HISTFILE=/var/lib/h\n")
    (home / ".bashrc").write_text('HISTFILE="${HOME}/b"\nHISTFILE=/dev/null\nHISTFILE=$HOME/../x\n')
    (home / "z").mkdir()
    (home / "z/h").write_bytes(b"\x83\xa3\n")
    (home / "b").write_text("#1700000000\na\nb\n")
    rows = query(open_root(), "SELECT history_file, time, command FROM shell_history")
    assert [tuple(row.values()) for row in rows] == [
        ("/home/ann/.histfile", 1700000000, "dÉ"),
        ("/home/ann/.ash_history", 0, "id"),
        ("/home/ann/.ash_history", 0, "#1700000000"),
        ("/home/ann/.ash_history", 0, ": 1:2;x"),
        ("/home/ann/b", 1700000000, "a\nb"),
        ("/home/ann/z/h", 0, r"\x83"),
    ]
    assert notes(open_root(), "SELECT * FROM shell_history") == [
        "shell_history: /home/ann/.bashrc sets HISTFILE to /dev/null, which is not read",
        "shell_history: /home/ann/.bashrc sets HISTFILE to ~/../x, which is not read",
        "shell_history: /home/ann/.zshrc sets HISTFILE to /var/lib/h, which is not read",
    ]


@pytest.mark.parametrize(
    "file, text, place",
    [
        (".bashrc", "export A=1 HISTFILE=~/h\n", "h"),
        (".bashrc", "true && HISTFILE=$HOME/h; x\n", "h"),
        (".bashrc", 'if true; then\n\tHISTFILE="$HOME/h 6" # c\nfi\n', "h 6"),
        (".bash_login", "HISTFILE=~/.h\\ 6\n", ".h 6"),
        (".bash_aliases", "declare -x HISTFILE=${HOME}/'a b'\n", "a b"),
        (".bashrc.d/history", ": ${HISTFILE:=$XDG_STATE_HOME/h}\n", ".local/state/h"),
        ("/etc/profile.d/x.sh", 'export HISTFILE="$HOME/.h_$USER"\n', ".h_ann"),
        ("/etc/bash.bashrc", "HISTFILE=${XDG_CACHE_HOME:-$HOME/.cache}/h\n", ".cache/h"),
        (".zshrc", "HISTFILE=${ZDOTDIR:-$HOME}/h\n", "h"),
        (".tcshrc", "set histfile=~/h\n", "h"),
        (".cshrc", "set histfile = ( $HOME/h )\n", "h"),
    ],
)
def test_files_that_start_up_files_name(
    home: Path, open_root: Callable[..., Database], file: str, text: str, place: str
) -> None:
    for path, content in ((home / file, text), (home / place, "id\n")):
        path = Path(f"{home.parents[1]}{file}") if file[0] == "/" and path != home / place else path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    rows = query(open_root(), "SELECT history_file, command FROM shell_history")
    assert rows == [{"history_file": f"/home/ann/{place}", "command": "id"}]
    assert not notes(open_root(), "SELECT * FROM shell_history")


def test_a_file_that_only_a_shell_can_tell_is_a_note(home: Path, open_root: Callable[..., Database]) -> None:
    (home / ".bashrc").write_text("HISTFILE=$(mktemp)\necho HISTFILE=no\nunset HISTFILE\n")
    (home / ".zshrc").write_text("HISTFILE=$X/c\n")
    assert notes(open_root(), "SELECT * FROM shell_history") == [
        "shell_history: /home/ann/.bashrc sets HISTFILE to $(mktemp), which is not read",
        "shell_history: /home/ann/.zshrc sets HISTFILE to $X/c, which is not read",
    ]


def test_start_up_files_of_zsh_elsewhere(home: Path, open_root: Callable[..., Database]) -> None:
    (home / "z").mkdir()
    (home / ".zshenv").write_text("export ZDOTDIR=~/z\n")
    (home / "z/.zshrc").write_text("HISTFILE=$ZDOTDIR/h\n")
    (home / "z/h").write_bytes(b": 1700000000:0;d\xc3\x83\xa9\n")
    assert shown(open_root) == ["d\u00c9"]


def test_the_shell_that_writes_a_file_tells_its_form(home: Path, open_root: Callable[..., Database]) -> None:
    (home / ".zshrc").write_text("HISTFILE=~/.bash_history\n")
    (home / ".bash_history").write_bytes(b"first\n: 1700000000:0;d\xc3\x83\xa9\n")
    assert shown(open_root) == ["first", "d\u00c9"]
