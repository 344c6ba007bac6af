"""The prompt: time until it can be typed at, and memory and CPU of one that nobody uses, fresh and after much work."""

from __future__ import annotations

import atexit
import os
import pty
import select
import shutil
import signal
import struct
import tempfile
import time
from contextlib import contextmanager
from fcntl import ioctl
from statistics import median
from termios import TIOCSWINSZ

from .installed import hostql, python
from .measure import ENVIRONMENT, ROUNDS, run, verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A prompt has 250 ms on a machine that starts Python in 20 ms, 60 MB, and no CPU.
MOST_STARTS, MOST_MEMORY, MOST_CPU = 12.5, 60, 0.1
REST = 10
_PROMPT, _WHERE = b"hostql>", b"\x1b[6n"
HOME = tempfile.mkdtemp(prefix="hostql-bench-")
atexit.register(shutil.rmtree, HOME)
# Much work: a large result shown, one sorted, one cancelled by its limit, many files.
WORK = (
    "with recursive n(v) as (select 1 union all select v + 1 from n limit 200000) select v, hex(v) from n;",
    "select count(*) from (select path, size from file where path like '/usr/%%' order by size);",
    "select * from processes join process_open_files using (pid);",
    ".tables",
)


class Prompt:
    """A prompt on a pseudo-terminal."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            words = hostql()
            ioctl(1, TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            home = {"HOME": HOME, "XDG_STATE_HOME": HOME, "XDG_CONFIG_HOME": HOME}
            os.execve(words[0], words, {**ENVIRONMENT, **home, "TERM": "xterm-256color", "HOSTQL_PAGER": ""})

    def wait(self, text: bytes, patience: float = 120) -> None:
        """Until it prints the text. RuntimeError where it does not."""
        seen, end = b"", time.monotonic() + patience
        while text not in seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            try:
                more = os.read(self.terminal, 65536) if ready else b""
            except OSError:
                more = b""
            if not more:
                raise RuntimeError(f"the prompt did not print {text!r}")
            if _WHERE in more:
                os.write(self.terminal, b"\x1b[1;1R")
            seen = seen[-100:] + more

    def do(self, text: str) -> None:
        """Enter the text and wait for the next prompt, which asks for bracketed paste."""
        os.write(self.terminal, text.encode() + b"\r")
        self.wait(b"\x1b[?2004h")
        self.settle()

    def settle(self) -> None:
        """Until it has printed nothing for half a second."""
        while select.select([self.terminal], [], [], 0.5)[0]:
            if _WHERE in os.read(self.terminal, 65536):
                os.write(self.terminal, b"\x1b[1;1R")

    def memory(self) -> float:
        """What it holds, in MB."""
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu(self) -> float:
        """Seconds of CPU it has used."""
        with open(f"/proc/{self.pid}/stat") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def prompt() -> Iterator[Prompt]:
    """A prompt that has just drawn itself."""
    begun = Prompt()
    try:
        begun.wait(_PROMPT)
        yield begun
    finally:
        os.kill(begun.pid, signal.SIGKILL)
        os.waitpid(begun.pid, 0)
        os.close(begun.terminal)


def main() -> None:
    """Print the figures."""
    times, starts = [], []
    for _ in range(ROUNDS + 1):
        starts.append(run([python(), "-c", "pass"]).wall)
        with prompt() as begun:
            times.append(time.monotonic() - begun.started)
    mine, other = median(times[1:]), median(starts[1:])
    figures = f"{mine * 1000:.0f} / {other * 1000:.0f} ms"
    verdict("time to the prompt / python -c pass", mine / other, MOST_STARTS, figures)
    with prompt() as begun:
        begun.settle()
        verdict("memory of a fresh prompt", begun.memory(), MOST_MEMORY, "at rest", " MB")
        for text in WORK:
            begun.do(text)
        verdict("memory after much work", begun.memory(), MOST_MEMORY, f"{len(WORK)} heavy inputs", " MB")
        before = begun.cpu()
        time.sleep(REST)
        verdict("CPU at rest", (begun.cpu() - before) / REST * 100, MOST_CPU, f"over {REST} s", " %")


if __name__ == "__main__":
    main()
