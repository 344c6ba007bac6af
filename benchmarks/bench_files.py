"""A tree of 200,000 files against find, digests of large files against sha256sum: whole processes."""

from __future__ import annotations

from . import loads
from .installed import hostql
from .measure import compare, peak, verdict

FILES = 200_000
COLUMNS = "path, size, mtime"
FORMAT = "%p\\t%s\\t%T@\\n"


def main() -> None:
    """Print the figures."""
    with loads.tree(FILES) as top:
        query = f"select {COLUMNS} from file where path like '{top}/%%'"
        compare(f"file, {FILES} of them / find -printf", hostql(query), ["find", top, "-printf", FORMAT], 2, rounds=5)
        whole, tenth = (peak(hostql(text)) for text in (query, query.replace("/%%", "/group1/%%")))
    verdict("memory of that walk / of a twentieth", whole / tenth, 1.1, f"{whole / 1e6:.1f} / {tenth / 1e6:.1f} MB")
    with loads.large_files(4, 128) as top:
        ours = hostql(f"select path, sha256 from hash where directory = '{top}'")
        theirs = ["sha256sum", *(f"{top}/large{i}" for i in range(4))]
        compare("hash of 512 MB / sha256sum", ours, theirs, 1.1, rounds=5)
