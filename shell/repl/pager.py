"""The pager: which program it is, and a process of it that is fed as rows come.

`.config pager` names it, else `$HOSTQL_PAGER`, else `$PAGER`, else `less`; `off`, an empty variable and `cat` mean
none. A `less` is told to show colours, not to wrap tables, and to keep the header in view where it can (since 600).

While it runs, the keyboard is the pager's. Ctrl-C reaches both: it stops the query when that is what the reader waits
for, and is the pager's alone when the pager has all it wants. Leaving the pager ends the query at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType
    from typing import Any

# The first version of less that can keep a header in view.
HEADER_SINCE = 600
# Characters kept until the pager has surely taken some of them (a pipe holds 64 KiB), to print them should it fail.
REPLAY = 1 << 17


class Left(KeyboardInterrupt):
    """The reader has left the pager. Ends the query as Ctrl-C does, from wherever it is."""


class Failed(Exception):
    """The pager did not work. `text` is what it was given, in pieces."""

    def __init__(self, reason: str, text: Sequence[str]) -> None:
        super().__init__(reason)
        self.text = text


def command(setting: str, environ: Mapping[str, str]) -> list[str] | None:
    """The words of the pager's command; None where there is to be none.

    >>> command("auto", {"PAGER": "more -d"}), command("auto", {"PAGER": "cat"}), command("most", {})
    (['more', '-d'], None, ['most'])
    """
    import shlex

    if setting == "off":
        return None
    text = environ.get("HOSTQL_PAGER", environ.get("PAGER", "less")) if setting in ("auto", "on", "") else setting
    try:
        words = shlex.split(text)
    except ValueError:
        words = [text]
    return words if words and words != ["cat"] else None


def with_options(words: Sequence[str], version: str, header: int, chop: bool) -> list[str]:
    """The command with what `less` needs; `version` is the first line of its --version.

    >>> with_options(["less"], "less 643 (PCRE2 regular expressions)", 2, True)
    ['less', '-X', '-R', '-L', '-S', '--header=2']
    >>> with_options(["less", "-i"], "less 590 (GNU regular expressions)", 2, False)
    ['less', '-i', '-R', '-L']
    """
    if os.path.basename(words[0]) != "less":
        return list(words)
    chopped = ["-S"] if chop else []
    name, _, rest = version.partition(" ")
    number = rest.split(" ")[0].split(".")[0]
    if name != "less" or not number.isdigit():
        # busybox has a less of its own, with fewer options.
        return [*words, "-R", *chopped]
    # -X leaves what was read on the screen; -L keeps $LESSOPEN, which is for files, away.
    ours = ["-X"] if len(words) == 1 else []
    frozen = [f"--header={header}"] if header and int(number) >= HEADER_SINCE else []
    return [*words, *ours, "-R", "-L", *chopped, *frozen]


def version_of(words: Sequence[str]) -> str:
    """The first line that `less --version` prints; '' where it does not."""
    if os.path.basename(words[0]) != "less":
        return ""
    try:
        done = subprocess.run([words[0], "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").partition("\n")[0]


class Pager:
    """A running pager, fed from any thread.

    feeding  whether there may be more to show: leaving the pager then ends the query
    waiting  whether the query waits for the reader: Ctrl-C is then the pager's
    """

    def __init__(self, words: Sequence[str], header: int, chop: bool) -> None:
        """Raises Failed where it cannot be started."""
        self.feeding = True
        self.waiting = False
        self._failed = False
        self._name = words[0]
        self._replay: list[str] | None = []
        self._replayed = 0
        try:
            self._process = subprocess.Popen(
                with_options(words, version_of(words), header, chop),
                stdin=subprocess.PIPE,
                bufsize=0,
                env={"LESSCHARSET": "utf-8", **os.environ},
            )
        except OSError as error:
            raise Failed(f"cannot run {self._name}: {error.strerror}", []) from error

    def write(self, text: str) -> None:
        """Give it more to show; waits while it wants no more. Raises Left, Failed."""
        assert self._process.stdin is not None
        self._keep(text)
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        fd = self._process.stdin.fileno()
        try:
            while data:
                data = data[os.write(fd, data) :]
        except BrokenPipeError:
            self._ended()

    def finish(self) -> None:
        """There is no more: wait until the reader leaves. Raises Failed."""
        assert self._process.stdin is not None
        self.feeding = False
        self._process.stdin.close()
        code = self._process.wait()
        if self._broken(code):
            raise self._failure(code)

    def _ended(self) -> None:
        """It does not read any more: wait for its end, and tell why."""
        code = self._process.wait()
        if self._broken(code):
            raise self._failure(code)
        raise Left

    def _broken(self, code: int) -> bool:
        """Whether it failed before it can have shown much; one that was killed or interrupted was left."""
        return code > 0 and code != 128 + signal.SIGINT and self._replay is not None

    def _failure(self, code: int) -> Failed:
        self._failed = True
        return Failed(f"{self._name} failed (exit code {code})", self._replay or [])

    def _keep(self, text: str) -> None:
        if self._replay is not None:
            self._replay.append(text)
            self._replayed += len(text)
            if self._replayed > REPLAY:
                self._replay = None

    def interrupted(self) -> None:
        """Ctrl-C was pressed. Raises KeyboardInterrupt where that is for the query."""
        if self._failed or (self.feeding and not self.waiting):
            raise KeyboardInterrupt

    def look(self) -> None:
        """A child of this process has changed. Raises Left where the reader has left before the end."""
        if self.feeding and not self._failed:
            code = self._process.poll()
            if code is not None and not self._broken(code):
                self.feeding = False
                raise Left


class Signals:
    """While in force, Ctrl-C and the end of a pager reach the main thread's query, if there is a pager by `running`."""

    def __init__(self, running: Callable[[], Pager | None]) -> None:
        self._running = running
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number, handler in ((signal.SIGINT, self._interrupted), (signal.SIGCHLD, self._child_changed)):
                self._before[number] = signal.signal(number, handler)

    def restore(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        pager = self._running()
        if pager is None:
            raise KeyboardInterrupt
        pager.interrupted()

    def _child_changed(self, _number: int, _frame: FrameType | None) -> None:
        pager = self._running()
        if pager is not None:
            pager.look()
