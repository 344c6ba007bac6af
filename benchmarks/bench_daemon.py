"""The agent: what it takes at rest, whether it grows, what it gives back, how soon a runaway query is stopped.

HOSTQL_BENCH_REST and HOSTQL_BENCH_RUNS say for how many seconds it rests and how many queries it runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time

from ..watchdog.memory import environment
from .agents import Agent, agent, configure, cpu, pack, resident, unique
from .measure import verdict

REST = int(os.environ.get("HOSTQL_BENCH_REST", 60))
RUNS = int(os.environ.get("HOSTQL_BENCH_RUNS", 10_000))
ALLOCATORS = ("malloc", "pymalloc", "tcmalloc", "jemalloc")
LATENCY = 4
RUNAWAYS = {
    "a cross join": "SELECT count(*) FROM processes a, processes b, processes c, processes d, processes e, processes f",
    "a recursive query": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "all files": "SELECT count(*), max(mtime) FROM file a WHERE path LIKE '/%%'",
}
HEAVY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500000) SELECT i, hex(i * 7919) AS text FROM n
"""
# The worker, by a clock that is a second further each time it looks what is due. Prints RSS in KiB and how many files
# are open after each so many looks.
_WORKER = """
import json, os, sys, time
now = time.time()
time.time = lambda: now
from hostql.daemon.worker import Worker
worker = Worker(*sys.argv[1:3])
for looks in json.loads(sys.argv[3]):
    for _ in range(looks):
        now += 1
        worker.step(now)
    # The loggers' threads take what waits.
    while worker.state.spooled():
        time.sleep(0.1)
    time.sleep(0.5)
    with open("/proc/self/status") as status:
        rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    print(json.dumps([rss, len(os.listdir("/proc/self/fd"))]), flush=True)
worker.close()
"""


def main() -> None:
    """Print the figures."""
    _rest()
    _growth()
    _given_back()
    for name in RUNAWAYS:
        _runaway(name)


def _rest() -> None:
    """The packs' queries, a third of them each ten minutes, the others each hour."""
    schedule = {name: (sql, 3600 if number % 3 else 600) for number, (name, sql) in enumerate(pack().items())}
    with agent(schedule, schedule_splay_percent=10) as running:
        time.sleep(5)
        pids = running.processes()
        before, began = {role: cpu(pid) for role, pid in pids.items()}, time.monotonic()
        time.sleep(REST)
        took = time.monotonic() - began
        used = {role: (cpu(pid) - before[role]) / took * 100 for role, pid in pids.items()}
        for role, most in (("watcher", 12), ("worker", 45), ("collector", 40)):
            if role in pids:
                figures = f"unique; RSS {resident(pids[role]):.1f} MB, CPU {used[role]:.2f} %"
                verdict(f"memory of the {role} at rest", unique(pids[role]), most, figures, " MB")
        figures = f"over {took:.0f} s, {_runs(running)} runs of {len(schedule)} queries"
        verdict("CPU of all of it", sum(used.values()), 1, figures, " %")


def _runs(running: Agent) -> int:
    sql = "SELECT sum(executions) AS n FROM osquery_schedule"
    command = [sys.executable, "-m", "hostql", "--json", "--state", f"{running.folder}/state", sql]
    done = subprocess.run(command, capture_output=True, check=True)
    return int(json.loads(done.stdout)[0]["n"] or 0)


def _growth() -> None:
    tables = ("file", "kernel_info", "kernel_modules", "mounts", "os_version", "usb_devices")
    queries = {name: (sql, 1) for name, sql in pack(*tables).items()}
    with tempfile.TemporaryDirectory(prefix="hostql-bench-") as folder:
        looks = RUNS // len(queries)
        parts = [looks // 10, looks - looks // 10]
        (early, files), (late, files_late) = _worked(folder, queries, parts, "malloc")
    figures = f"{late / 1024:.1f} / {early / 1024:.1f} MB"
    verdict(f"memory after {RUNS} runs / after a tenth of them", late / early, 1.05, figures)
    verdict("open files more", files_late - files, 0, f"{files} / {files_late}", "")


def _worked(folder: str, queries: dict[str, tuple[str, int]], parts: list[int], allocator: str) -> list[list[int]]:
    """[RSS in KiB, open files] of the worker after each part of so many looks."""
    options = {"schedule_splay_percent": 0, "disable_watchdog": True, "logger_min_status": 3, "logger_min_stderr": 3}
    config = configure(folder, queries, options)
    command = [sys.executable, "-c", _WORKER, config, f"{folder}/state", json.dumps(parts)]
    variables, _ = environment(allocator)
    done = subprocess.run(command, env={**os.environ, **variables}, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _given_back() -> None:
    """RSS at rest before and after a query of half a million rows."""
    for allocator in ALLOCATORS:
        if environment(allocator)[1]:
            print(f"memory given back by {allocator}: not measured, it is not installed")
            continue
        with tempfile.TemporaryDirectory(prefix="hostql-bench-") as folder:
            ((before, _),) = _worked(folder, {"light": ("SELECT 1 AS one", 1)}, [5], allocator)
        with tempfile.TemporaryDirectory(prefix="hostql-bench-") as folder:
            ((after, _),) = _worked(folder, {"heavy": (HEAVY, 1)}, [1], allocator)
        figures = f"{after / 1024:.1f} / {before / 1024:.1f} MB"
        if allocator == "malloc":
            verdict("memory after a query of 500,000 rows / before, malloc", after / before, 1.5, figures)
        else:
            print(f"     the same with {allocator}: {after / before:.2f}x ({figures})")


def _runaway(name: str) -> None:
    schedule = {"runaway": (RUNAWAYS[name], 5), "tick": ("SELECT count(*) FROM users", 2)}
    options = {"watchdog_latency_limit": LATENCY, "watchdog_delay": 0, "schedule_splay_percent": 0}
    with agent(schedule, **options) as running:
        path, until = f"{running.folder}/state/denylist.json", time.monotonic() + 60
        denied = None
        while denied is None and time.monotonic() < until:
            time.sleep(0.5)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    denied = next(iter(json.load(file)["entries"]), None)
        if denied is None:
            print(f"a runaway, {name}: within its allowance here, not stopped ({len(running.lines('runaway'))} runs)")
            return
        time.sleep(5)
        times = [line["unixTime"] for line in running.lines("tick")]
        gap = max(later - earlier for earlier, later in zip(times, times[1:]))
        spent = float(denied["usage"].get("cpu", 0))
        figures = (
            f"{spent:.1f} s of CPU, allowed {LATENCY}; {denied['reason']}; at most {gap} s between runs of another"
        )
        verdict(f"a runaway, {name}: CPU until it was stopped / allowed", spent / LATENCY, 2, figures)
