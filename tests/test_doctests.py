"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("vtables", "watchdog", "events", "daemon", "shell")


def modules_with_examples() -> list[str]:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py") if ">>> " in file.read_text("utf-8")]
    return sorted(".".join(["hostql", *file.relative_to(ROOT).with_suffix("").parts]) for file in files)


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples(name: str):
    outcome = doctest.testmod(import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0
