"""The table `sudoers`: who may become whom (sudoers(5)), the included files too."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.configuration import names_in, text_of, understood
from ..sources.text import from_os, lines
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_TOP = "/etc/sudoers"
# As deep as sudo follows files that include others.
_DEEPEST = 128


def parse_sudoers(text: str) -> Iterator[tuple[str, str] | None]:
    r"""(header, the rest) of each line; lines that end in a backslash go on in the next. None for a word alone.

    >>> list(parse_sudoers("# x\nDefaults env_reset\nroot ALL=(ALL) \\\n ALL\n@includedir /etc/sudoers.d\n"))
    [('Defaults', 'env_reset'), ('root', 'ALL=(ALL)  ALL'), ('@includedir', '/etc/sudoers.d')]
    """
    for line in lines(text.replace("\\\n", "")):
        line = line.strip()
        if line and (not line.startswith("#") or line.startswith("#include") or line[1:2].isdigit()):
            header, *details = line.split(None, 1)
            yield (header, details[0]) if details else None


class Sudoers(Table):
    """Rules and settings of sudo, in the order sudo reads them; needs root."""

    source = Column(TEXT, "File the line is in")
    header = Column(TEXT, "First word: a user, %group, alias, Defaults or an include")
    rule_details = Column(TEXT, "The rest of the line")

    typical_rows = 20
    examples = ["SELECT header, rule_details FROM sudoers WHERE header NOT LIKE 'Defaults%';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        yield from _file(scan, _TOP, 0, set())


def _file(scan: Scan, path: str, depth: int, seen: set[str]) -> Iterator[tuple[str, str, str]]:
    if path in seen or depth > _DEEPEST:
        scan.note("a file that is included again, or too deeply, is not followed", path)
        return
    seen.add(path)
    for header, details in understood(scan, path, parse_sudoers(text_of(scan, path, expected=depth > 0))):
        yield from_os(path), header, details
        target = details.strip('"')
        if not target.startswith("/"):
            target = f"{os.path.dirname(path)}/{target}"
        if header in ("@include", "#include"):
            yield from _file(scan, target, depth + 1, seen)
        elif header in ("@includedir", "#includedir"):
            for name in names_in(scan, target):
                # sudo leaves these out itself, so that editors' backups do not count.
                if "." not in name and not name.endswith("~"):
                    yield from _file(scan, f"{target}/{name}", depth + 1, seen)
