"""What newcomers type, and what is understood."""

from __future__ import annotations

import pytest
from hostql.shell.repl.friendly import meant
from hostql.vtables.catalog import Catalog

CATALOG = Catalog()


@pytest.mark.parametrize(
    "typed, understood",
    [
        ("help", ".help"),
        ("HELP;", ".help"),
        ("?", ".help"),
        ("help processes", ".help processes"),
        ("quit", ".quit"),
        ("exit;", ".quit"),
        ("exit()", ".quit"),
        (":q", ".quit"),
        (r"\q", ".quit"),
        ("show tables;", ".tables"),
        (r"\dt", ".tables"),
        (r"\d", ".tables"),
        ("show tables like '%sock%'", ".tables %sock%"),
        ("describe processes;", ".describe processes"),
        ("desc processes", ".describe processes"),
        (r"\d processes", ".describe processes"),
        (r"\d+ processes", ".describe processes"),
        ("show columns from users", ".describe users"),
        ("show create table users", ".schema users"),
        ("processes", "SELECT * FROM processes;"),
        ("Processes ;", "SELECT * FROM processes;"),
        ("time", "SELECT * FROM time;"),
        ("history", ".history"),
        (r"\x", ".mode line"),
        (r"\i script.sql", ".read script.sql"),
        ("!ls -l", ".shell ls -l"),
        ("explain select 1;", ".explain select 1"),
        ("explain query plan select 1;", "explain query plan select 1;"),
        ("select 1;", "select 1;"),
        ("select help", "select help"),
        (".tables", ".tables"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_meant(typed: str, understood: str) -> None:
    assert meant(typed, CATALOG) == understood
