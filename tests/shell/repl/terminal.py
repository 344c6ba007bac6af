"""`Terminal`: hostql on a real pseudo-terminal, whose screen is what a terminal emulator (pyte) makes of its output.

with Terminal(tmp_path) as terminal:
    terminal.type("select 1;")
    terminal.key("enter")
    terminal.wait_for("1 row")
    assert "..." in terminal.text
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pexpect
import pyte
from hostql.tests.host import PATIENCE

KEYS = {
    "enter": "\r",
    "tab": "\t",
    "shift-tab": "\x1b[Z",
    "escape": "\x1b",
    "alt-enter": "\x1b\r",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "page-up": "\x1b[5~",
    "page-down": "\x1b[6~",
    "backspace": "\x7f",
    "space": " ",
    "f2": "\x1bOQ",
    "f4": "\x1bOS",
}


class Terminal:
    """A running `hostql`; its home is `home`, so nothing of the user's is read or written. No pager but by `env`."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        columns: int = 100,
        lines: int = 30,
        env: dict[str, str] | None = None,
        command: list[str] | None = None,
        ready: str = "hostql>",
    ) -> None:
        self._screen = pyte.HistoryScreen(columns, lines, history=5000)
        self._stream = pyte.ByteStream(self._screen)
        self._ready = ready
        self._begun = 0
        self._tail = b""
        clean = {name: value for name, value in os.environ.items() if name not in _UNSET}
        places = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}
        words = command or [sys.executable, "-m", "hostql", *arguments]
        self.child = pexpect.spawn(
            words[0],
            words[1:],
            timeout=PATIENCE,
            dimensions=(lines, columns),
            env={**clean, **places, "TERM": "xterm-256color", "LANG": "C.UTF-8", "HOSTQL_PAGER": "", **(env or {})},
        )
        # pexpect waits a little before each write by default.
        self.child.delaybeforesend = None

    def __enter__(self) -> Terminal:
        if self._ready:
            self.wait_for_prompt()
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.child.close(force=True)

    # What a person does.

    def type(self, text: str) -> None:
        """Type the text as it is."""
        self.child.send(text)

    def key(self, *names: str) -> None:
        """Press keys: names of KEYS, or `C-x` for Control."""
        for name in names:
            self.child.send(KEYS.get(name) or chr(ord(name[-1].lower()) & 31))

    def enter(self, text: str) -> None:
        """Type a line and press Enter."""
        self.type(text)
        self.key("enter")

    def ask(self, text: str) -> str:
        """Enter the text at an empty prompt, wait for the next one, and give all that has been printed."""
        self.wait_for_prompt()
        self.type(text)
        self.wait_until(lambda: not self._at_prompt(), "the text to appear")
        begun, prompts = self._begun, self.count(self._ready)
        self.key("enter")
        # While a line is drawn anew the screen can look like an empty prompt; a new prompt says that it begins.
        self.wait_until(
            lambda: (self._begun > begun if begun else self.count(self._ready) > prompts) and self._at_prompt(),
            "the next prompt",
        )
        return self.text

    def wait_for_prompt(self) -> None:
        """Until the cursor stands at an empty prompt."""
        self.wait_until(self._at_prompt, "an empty prompt")

    def _at_prompt(self) -> bool:
        line = self._screen.display[self._screen.cursor.y]
        return line.rstrip() == self._ready and self._screen.cursor.x == len(self._ready) + 1

    def paste(self, text: str) -> None:
        """Paste the text, as a terminal does that was asked for bracketed paste."""
        self.child.send("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~")

    def resize(self, columns: int, lines: int) -> None:
        """Change the terminal's size."""
        self.child.setwinsize(lines, columns)
        self._screen.resize(lines, columns)

    # What a person sees.

    @property
    def screen(self) -> list[str]:
        """The lines on the screen, without trailing blanks."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """What has scrolled out of the screen, and the screen."""
        columns = self._screen.columns
        above = ["".join(line[i].data for i in range(columns)).rstrip() for line in self._screen.history.top]
        return "\n".join([*above, *self.screen])

    def count(self, text: str) -> int:
        """How often the text stands on the screen and above it."""
        return self.text.count(text)

    def cell(self, text: str) -> pyte.screens.Char:
        """The first character of the text on the screen, with its colours and attributes."""
        for y, line in enumerate(self._screen.display):
            x = line.find(text)
            if x >= 0:
                return self._screen.buffer[y][x]
        raise AssertionError(f"{text!r} is not on the screen:\n" + "\n".join(self.screen))

    def colour_of(self, text: str) -> tuple[str, str, bool]:
        """(foreground, background, bold) of the first character of the text on the screen."""
        cell = self.cell(text)
        return cell.fg, cell.bg, cell.bold

    def wait_for(self, text: str) -> None:
        """Until the text stands on the screen or above it."""
        self.wait_until(lambda: text in self.text, repr(text))

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Until the condition holds; AssertionError with the screen when it does not come to that."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if not self._read(end - time.monotonic()):
                if condition():
                    return
                raise AssertionError(f"waited in vain for {what}; the screen:\n" + "\n".join(self.screen))

    def shows(self, text: str, within: float) -> bool:
        """Whether the text comes in so many seconds, for what may have to be tried again."""
        end = time.monotonic() + within
        while text not in self.text:
            if not self._read(end - time.monotonic()):
                break
        return text in self.text

    def wait_for_end(self) -> int:
        """Until the program has ended; returns its exit code."""
        end = time.monotonic() + PATIENCE
        while self._read(end - time.monotonic()):
            pass
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -self.child.signalstatus)

    def _read(self, seconds: float) -> bool:
        """Take in what the program writes next; False when it has ended or the time is over."""
        try:
            raw = self.child.read_nonblocking(65536, timeout=max(0.0, seconds))
        except (pexpect.EOF, pexpect.TIMEOUT):
            return False
        self._stream.feed(raw)
        self._begun += (self._tail + raw).count(_BEGINS)
        self._tail = (self._tail + raw)[-len(_BEGINS) + 1 :]
        # A program that asks where the cursor is wants an answer, as from a real terminal.
        for _ in range(raw.count(b"\x1b[6n")):
            self.child.send(f"\x1b[{self._screen.cursor.y + 1};{self._screen.cursor.x + 1}R")
        return True


# A prompt asks for bracketed paste when it begins, and at no other time; a dumb terminal's does not.
_BEGINS = b"\x1b[?2004h"
# What the tests' own environment must not decide.
_UNSET = ("NO_COLOR", "PAGER", "LESS", "EDITOR", "VISUAL", "COLORFGBG", "HOSTQL_PAGER", "COLUMNS", "LINES", "TMUX")
