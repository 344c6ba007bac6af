"""Here `tmp_path` is where a configuration may be, and one test at a time looks at the whole kernel."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.tests.conftest import WHOLE
from hostql.tests.host import IS_ROOT

LOCK = "/run/hostql-kernel-test.lock"


@pytest.fixture
def tmp_path(private_path: Path) -> Path:
    return private_path


@pytest.fixture(autouse=True)
def kernel(request: pytest.FixtureRequest) -> Iterator[None]:
    """What tests of the whole kernel see is theirs alone, also beside another run of the tests on this host."""
    if request.path.stem not in WHOLE or not IS_ROOT:
        yield
        return
    with open(LOCK, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
