"""Here `tmp_path` is where a configuration may be."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(private_path: Path) -> Path:
    return private_path
