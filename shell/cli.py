"""The command line."""

from __future__ import annotations

import sys


def run(argv: list[str]) -> int:
    from ..vtables.database import Database

    with Database() as db:
        for result in db.run(argv[0]):
            for row in result:
                print(*row, sep="\t")
            for note in result.notes:
                print("note:", note, file=sys.stderr)
    return 0
