"""Measuring whole processes and in-process calls, two at a time: alternating rounds, medians, one ratio a line."""

from __future__ import annotations

import os
import shutil
import sys
import time
from statistics import median

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7

# What would make the interpreter behave otherwise than for a user: unset PYTHONDONTWRITEBYTECODE and its like.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

# Linux counts what a process held before exec(2) as its peak, so peaks are measured from a small process.
_PEAK_OF = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                     file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
print(os.wait4(pid, 0)[2].ru_maxrss)
"""


class Run:
    """One run of a command: seconds of wall clock and of CPU (user and system)."""

    __slots__ = ("cpu", "wall")

    def __init__(self, wall: float, cpu: float) -> None:
        self.wall = wall
        self.cpu = cpu


def run(command: list[str]) -> Run:
    """Run a command with its output thrown away. RuntimeError where it fails."""
    actions = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    started = time.monotonic()
    pid = os.posix_spawnp(command[0], command, ENVIRONMENT, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    wall = time.monotonic() - started
    # ps, lsof and find say 1 when a process or file went away while they looked.
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise RuntimeError(f"{command[0]} ended with status {status}")
    return Run(wall, used.ru_utime + used.ru_stime)


def compare(
    title: str, ours: list[str], theirs: list[str], most: float, *, by: str = "wall", rounds: int = ROUNDS
) -> None:
    """Print the median time of both commands and their ratio, which should be at most `most`; `by` wall or cpu."""
    if not shutil.which(theirs[0]):
        print(f"{title}: not measured, {theirs[0]} is not installed")
        return
    run(ours)
    run(theirs)
    pairs = [(run(ours), run(theirs)) for _ in range(rounds)]
    mine, other = (median([getattr(pair[place], by) for pair in pairs]) for place in (0, 1))
    cpu = median([pair[0].cpu for pair in pairs]) / max(median([pair[1].cpu for pair in pairs]), 1e-9)
    verdict(
        title, mine / other, most, f"{mine * 1000:.1f} / {other * 1000:.1f} ms" + ("", f", CPU {cpu:.2f}")[by != "cpu"]
    )


def compare_calls(title: str, ours: Callable[[], object], theirs: Callable[[], object], most: float) -> None:
    """The same for two functions called in this process, by CPU time."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for taken, call in zip(times, (ours, theirs)):
            started = time.process_time()
            call()
            taken.append(time.process_time() - started)
    mine, other = map(median, times)
    verdict(title, mine / other, most, f"{mine * 1000:.1f} / {other * 1000:.1f} ms CPU")


def usual(command: list[str], rounds: int = 5) -> Run:
    """The median wall and CPU time of a command."""
    runs = [run(command) for _ in range(rounds)]
    return Run(median([each.wall for each in runs]), median([each.cpu for each in runs]))


def peak(command: list[str]) -> int:
    """The most memory a command held, in bytes."""
    import subprocess

    measured = [sys.executable, "-IS", "-c", _PEAK_OF, *command]
    found = subprocess.run(measured, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return int(found.stdout) << 10


def compiled(source: str, path: str) -> list[str]:
    """The command of a C program that was made for the measuring. RuntimeError where there is no compiler."""
    import subprocess

    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("there is no C compiler")
    subprocess.run([compiler, "-O2", "-o", path, "-x", "c", "-"], input=source.encode(), check=True)
    return [path]


def verdict(title: str, ratio: float, most: float, figures: str, unit: str = "x") -> None:
    """One line of the report."""
    print(
        f"{'ok  ' if ratio <= most else 'MISS'} {title}: {ratio:.2f}{unit} (goal {most:.3g}{unit}; {figures})",
        flush=True,
    )
