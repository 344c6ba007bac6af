"""Regenerate `docs/shell.md`: what the prompt prints in its transcripts, and the tables of commands, settings and keys.

    make docs

The page is its own template: a block that begins with `hostql> ` keeps what is typed and gets what is printed; what
stands between `<!-- NAME -->` and `<!-- end -->` is made anew. All transcripts are one session on a terminal of 80
columns over a small scene: a listener, a file of known users, a database of last week.
"""

from __future__ import annotations

import importlib.util
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hostql.shell.repl.commands import COMMANDS
from hostql.shell.repl.commands.examples import EXAMPLES
from hostql.shell.repl.commands.host import KEYS
from hostql.shell.repl.settings import SETTINGS, Settings

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/shell.md"
PROMPT, CONTINUED = "hostql> ", "   ...> "
BLOCK = re.compile(r"(?<=```console\n)hostql> .*?(?=```\n)", re.DOTALL)
MADE = re.compile(r"(<!-- (commands|settings|keys) -->\n).*?(?=<!-- end -->)", re.DOTALL)
PORT = 8765


def inputs(block: str) -> list[str]:
    """What is typed in a transcript, lines of one statement together."""
    typed: list[str] = []
    for line in block.split("\n"):
        if line.startswith(PROMPT):
            typed.append(line[len(PROMPT) :])
        elif line.startswith(CONTINUED):
            typed[-1] += "\n" + line[len(CONTINUED) :]
    return typed


def with_lists(text: str) -> str:
    """The page with its lists of commands, settings and keys made from the code."""
    made = {"commands": commands(), "settings": settings(), "keys": keys()}
    return MADE.sub(lambda found: found[1] + made[found[2]], text)


def commands() -> str:
    """Every command by group, each with its examples."""
    lines: list[str] = []
    group = ""
    for command in COMMANDS.values():
        if command.group != group:
            group = command.group
            lines += [f"### {group}", ""]
        lines += [f"**`{command.usage}`**: {command.help}", ""]
        if EXAMPLES[command.name] != command.name:
            lines += [*(f"    {line}" for line in EXAMPLES[command.name].splitlines()), ""]
    return "\n".join(lines)


def settings() -> str:
    """Every setting, its default and what it may be."""
    lines = ["| setting | default | what it does | may be |", "|---|---|---|---|"]
    defaults = Settings()
    for name, setting in SETTINGS.items():
        default = defaults.text(name)
        lines.append(f"| `{name}` | {f'`{default}`' if default else 'off'} | {setting.doc} | {setting.allowed} |")
    return "\n".join([*lines, ""])


def keys() -> str:
    """The keys that matter."""
    return "\n".join(["| key | what it does |", "|---|---|", *(f"| {key} | {does} |" for key, does in KEYS), ""])


def played(text: str, port: int = PORT) -> str:
    """The page with its transcripts played again, in order, in one session; another port for where its own is taken."""
    text = text.replace(str(PORT), str(port))
    with scene(port) as folder, harness().Terminal(folder, columns=80, lines=40, command=command(folder)) as terminal:
        page = BLOCK.sub(lambda found: played_block(terminal, inputs(found[0])), text)
        page = page.replace(f"{folder}/config", "~/.config").replace(f"{folder}/", "")
        return page.replace(str(port), str(PORT))


def command(folder: Path) -> list[str]:
    """hostql in that folder."""
    start = "import os, sys; os.chdir(sys.argv[1]); from hostql.shell.cli import run; sys.exit(run([]))"
    return [sys.executable, "-c", start, str(folder)]


def played_block(terminal: Any, typed: list[str]) -> str:
    """One transcript."""
    lines: list[str] = []
    for text in typed:
        lines += [*(PROMPT + text).replace("\n", "\n" + CONTINUED).split("\n"), *answer(terminal, text)]
    return "\n".join(lines) + "\n"


def answer(terminal: Any, text: str) -> list[str]:
    """What the prompt prints for an input; of a watch, its screen after two rounds."""
    if text.startswith(".watch"):
        return watched(terminal, text)
    shown = terminal.ask(text.replace("\n", "\r")).split("\n")
    first = text.partition("\n")[0]
    start = max(i for i, line in enumerate(shown) if line == PROMPT + first) + text.count("\n") + 1
    end = max(i for i, line in enumerate(shown) if line == PROMPT.rstrip())
    return [line.rstrip() for line in shown[start:end]]


def watched(terminal: Any, text: str) -> list[str]:
    """The screen of a watch."""
    terminal.wait_for_prompt()
    terminal.enter(text)
    terminal.wait_for(" gone, ")
    shown = "\n".join(terminal.screen).rstrip().split("\n")
    shown = shown[max(i for i, line in enumerate(shown) if line.startswith(" every ")) :]
    terminal.type("q")
    terminal.wait_for("watched ")
    return shown


@contextmanager
def scene(port: int) -> Iterator[Path]:
    """A folder with the files the page speaks of, and a program that listens on loopback."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "known.csv").write_text(f"port,purpose\n22,remote login\n{port},the scene's own listener\n")
        with sqlite3.connect(folder / "baseline.db") as database:
            database.execute("CREATE TABLE users (uid INTEGER, username TEXT)")
            database.executemany("INSERT INTO users VALUES (?, ?)", [(0, "root"), (4242, "temp-admin")])
        database.close()
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        with socket.create_server(("127.0.0.1", port)) as listening:
            holder = subprocess.Popen(command, pass_fds=[listening.fileno()], cwd=folder)
        try:
            yield folder
        finally:
            holder.kill()
            holder.wait()


def harness() -> Any:
    """The tests' module that drives hostql on a pseudo-terminal."""
    spec = importlib.util.spec_from_file_location("terminal", ROOT / "tests/shell/repl/terminal.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Rewrite the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(played(with_lists(text)), encoding="utf-8")


if __name__ == "__main__":
    main()
