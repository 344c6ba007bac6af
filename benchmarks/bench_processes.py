"""Processes against ps and psutil, sockets against ss: whole processes, ratios within one run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

ROUNDS = 7
HOSTQL = [sys.executable, "-m", "hostql"]
PSUTIL = "import psutil\nfor p in psutil.process_iter(['pid', 'name', 'cmdline']): print(p.info)"

PAIRS = (
    ("select 1 / python -c pass", [*HOSTQL, "select 1"], [sys.executable, "-c", "pass"]),
    ("pid, name / ps", [*HOSTQL, "select pid, name from processes"], ["ps", "-e", "-o", "pid,comm"]),
    (
        "pid, name, cmdline / ps",
        [*HOSTQL, "select pid, name, cmdline from processes"],
        ["ps", "-e", "-o", "pid,comm,args"],
    ),
    (
        "pid, name, cmdline / psutil",
        [*HOSTQL, "select pid, name, cmdline from processes"],
        [sys.executable, "-c", PSUTIL],
    ),
    ("sockets with owners / ss -tanp", [*HOSTQL, "select * from process_open_sockets"], ["ss", "-tanp"]),
    (
        "files of /usr (%%) / find",
        [*HOSTQL, "select path, size, mtime from file where path like '/usr/%%'"],
        ["find", "/usr", "-printf", "%p %s %T@\\n"],
    ),
)


def main() -> None:
    """Print the median time of each and their ratio."""
    for name, ours, theirs in PAIRS:
        if not shutil.which(theirs[0]):
            print(f"{name}: {theirs[0]} is not here")
            continue
        times: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for place, command in enumerate((ours, theirs)):
                started = time.monotonic()
                subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                times[place].append(time.monotonic() - started)
        mine, other = (sorted(taken)[ROUNDS // 2] * 1000 for taken in times)
        print(f"{name}: {mine:.1f} ms / {other:.1f} ms = {mine / other:.2f}")
