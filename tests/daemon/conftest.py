"""Here `tmp_path` is where a configuration may be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def tmp_path(private_path: Path) -> Path:
    return private_path


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(content: Any, name: str = "hostql.conf") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        path.chmod(0o600)
        return str(path)

    tmp_path.chmod(0o700)
    return written
