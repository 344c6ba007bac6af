"""The prompt with two more tables, whose pace a test decides: `python slow.py FOLDER`.

`slow` gives row after row (its columns `n` and `text`), and waits after each that FOLDER/gate names ("3" waits after
row 3) until that file is removed. `many` has rows without end.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from hostql.shell.cli import run
from hostql.vtables.database import Database
from hostql.vtables.scan import Scan
from hostql.vtables.table import INTEGER, TEXT, Column, Table

FOLDER = sys.argv.pop(1)


class Many(Table):
    """Rows without end."""

    n = Column(INTEGER, "The number")
    text = Column(TEXT, "Its name")

    def rows(self, scan: Scan) -> Iterator[Any]:
        n = 0
        while True:
            n += 1
            yield (n, f"row {n}")


class Slow(Many):
    """Rows without end, with waits."""

    def rows(self, scan: Scan) -> Iterator[Any]:
        gate = os.path.join(FOLDER, "gate")
        for row in super().rows(scan):
            yield row
            while os.path.exists(gate) and open(gate).read() == str(row[0]):
                time.sleep(0.01)


def opened(*arguments: Any, **named: Any) -> None:
    begin(*arguments, **named)
    database = arguments[0]
    database.add("many", Many)
    database.add("slow", Slow)


begin = Database.__init__
Database.__init__ = opened
sys.exit(run(sys.argv[1:]))
