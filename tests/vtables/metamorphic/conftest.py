"""One pair of databases for all tests here, and how many statements to try."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from .pair import Pair
from .statements import Maker

DEEP = bool(os.environ.get("HOSTQL_FUZZ"))


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("metamorphic"))
    yield made
    made.close()


@pytest.fixture
def maker(pair: Pair) -> Maker:
    """The same statements each time; with HOSTQL_FUZZ=1 others, from a seed that is printed (or given by
    HOSTQL_FUZZ_SEED)."""
    seed = int(os.environ.get("HOSTQL_FUZZ_SEED") or (time.time_ns() % 1_000_000_007 if DEEP else 1))
    print(f"HOSTQL_FUZZ_SEED={seed}")
    return Maker(pair, seed)


def rounds(quick: int) -> range:
    """How often to repeat what is tried at random."""
    return range(quick * 100 if DEEP else quick)
