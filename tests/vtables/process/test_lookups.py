"""Processes looked up by id: the same as in the list."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from hostql.vtables.database import Database

from ...conftest import query


@pytest.mark.parametrize(
    "table", ["processes", "process_open_files", "process_envs", "process_memory_map", "process_namespaces"]
)
def test_a_threads_id_is_no_process(db: Database, table: str):
    """/proc/TID can be opened, but is not listed."""
    ids: list[int] = []
    started, finish = threading.Event(), threading.Event()

    def wait():
        ids.append(threading.get_native_id())
        started.set()
        finish.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait()
    try:
        sql = f"SELECT DISTINCT pid FROM {table} WHERE pid IN (?, ?)"
        assert query(db, sql, (ids[0], os.getpid())) == [{"pid": os.getpid()}]
    finally:
        finish.set()
        thread.join()


def test_the_name_is_the_same_whichever_file_tells_it(db: Database):
    pid = os.getpid()
    (alone,) = query(db, "SELECT name FROM processes WHERE pid = ?", (pid,))
    (with_more,) = query(db, "SELECT name, parent FROM processes WHERE pid = ?", (pid,))
    assert alone["name"] == with_more["name"]
    assert with_more["parent"] == os.getppid()


def test_a_long_command_line_is_whole(db: Database):
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, "x" * 100_000]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"up\n"
        (row,) = query(db, "SELECT cmdline FROM processes WHERE pid = ?", (child.pid,))
        child.communicate()
    assert row["cmdline"].endswith("x" * 100_000)
