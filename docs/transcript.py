"""Run the commands of the README's transcript again, on a terminal of 100 columns, and put what they print under them.

    .venv/bin/python docs/transcript.py

A test runs them too: what does not depend on the host must be the same to the letter, the rest in its first line.
"""

from __future__ import annotations

import os
import pty
import shlex
import struct
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

README = Path(__file__).parent.parent / "README.md"
COLUMNS = 100
START, END = "```console\n", "```\n"


def commands(text: str) -> list[tuple[str, str]]:
    """(command, what is printed under it) of each `$ ` in the transcript."""
    block = text.partition(START)[2].partition(END)[0]
    parts = ("\n" + block).split("\n$ ")[1:]
    return [(command, output.strip("\n")) for command, _, output in (part.partition("\n") for part in parts)]


def printed(command: str) -> str:
    """What the command prints on a terminal without colours."""
    words = [sys.executable, "-m", "hostql", *shlex.split(command)[1:]]
    pid, terminal = pty.fork()
    if pid == 0:
        ioctl(1, TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        os.execve(words[0], words, {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "LANG": "C.UTF-8", "PAGER": "cat"})
    output = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # the other end of the terminal is closed
            break
        if not more:
            break
        output += more
    os.close(terminal)
    os.waitpid(pid, 0)
    lines = output.decode().replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def main() -> None:
    """Rewrite the transcript."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    block = "\n".join(f"$ {command}\n{printed(command)}\n" for command, _ in commands(text))
    README.write_text(before + START + block + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
