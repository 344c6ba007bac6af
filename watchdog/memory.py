"""Memory goes back to the system: which allocator a worker runs with, and trimming it after heavy queries.

Measured with 500,000 rows read and let go, one row of a hundred kept: Python's own allocator keeps 246 MiB, malloc with
a trim 42, tcmalloc 174, jemalloc 145. A worker that takes 23 MiB takes 27 after a query of as many rows with malloc, 50
with Python's allocator, 36 with tcmalloc, 34 with jemalloc. So malloc is the default.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import glob
import os

# Allocators by name: the variables they run with, and the library to preload.
_LIBRARIES = {"tcmalloc": "libtcmalloc*.so*", "jemalloc": "libjemalloc.so*"}
_VARIABLES = {
    # One arena: threads of one process do not each keep their own. Little is kept at the top.
    "malloc": {"PYTHONMALLOC": "malloc", "MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": str(4 << 20)},
    "pymalloc": {},
    "tcmalloc": {"PYTHONMALLOC": "malloc", "TCMALLOC_AGGRESSIVE_DECOMMIT": "1"},
    "jemalloc": {"PYTHONMALLOC": "malloc", "MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"},
}
# Hosts with less are trimmed more often.
SMALL = 1 << 30
_FOLDERS = ("/usr/lib/*-linux-gnu", "/usr/lib64", "/usr/lib")


def environment(allocator: str) -> tuple[dict[str, str], str]:
    """The variables to start a worker with; and, where the allocator asked for is not here, a note that says so."""
    if allocator not in _VARIABLES:
        return dict(_VARIABLES["malloc"]), f"there is no allocator {allocator}: malloc is used"
    found = dict(_VARIABLES[allocator])
    if allocator in _LIBRARIES:
        libraries = [path for folder in _FOLDERS for path in sorted(glob.glob(f"{folder}/{_LIBRARIES[allocator]}"))]
        if not libraries:
            return dict(_VARIABLES["malloc"]), f"{allocator} is not installed: malloc is used"
        found["LD_PRELOAD"] = libraries[0]
    return found, ""


def trim() -> bool:
    """Give back what malloc holds and nobody uses (malloc_trim(3)); False where the C library has no such thing."""
    try:
        trim_it = ctypes.CDLL(None).malloc_trim
    except AttributeError:
        return False
    trim_it(0)
    return True


class Trimming:
    """When to trim: after a query that took much, or now and then. On small hosts much is little."""

    def __init__(self, ram: int) -> None:
        self.much = (1 << 20) if ram < SMALL else (8 << 20)

    def after(self, grown: int, held: int) -> bool:
        """Trim where a query grew the process by much, or handled many bytes of rows; whether it did."""
        return max(grown, held) >= self.much and trim()


def is_preloaded(allocator: str) -> bool:
    """Whether this process runs with an allocator's library."""
    return allocator in os.environ.get("LD_PRELOAD", "")
