"""Every SQL function with any values: it gives a value SQLite holds, or an error in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hostql.tests.conftest import examples
from hostql.vtables.database import Database
from hostql.vtables.errors import HostqlError
from hostql.vtables.functions import BINDINGS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VALUES = st.one_of(
    st.none(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(),
    st.text(max_size=12),
    st.binary(max_size=12),
    st.sampled_from(
        [
            *("10.0.0.0/8", "::/0", "1.2.3.4", "::1", "1.10", "1:2-3~x", "[0-9", "(a+)+", "\0", "²", "9" * 5000),
            *("1." * 3000, "a" * 5000, "aGVsbG8=", 1e308, -0.0, 1 << 62, -(1 << 63), "DPKG", b"\xff\0"),
        ]
    ),
)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database() as opened:
        yield opened


@settings(max_examples=examples(600), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([binding[:2] for binding in BINDINGS]), st.lists(VALUES, min_size=7, max_size=7), st.integers(0, 7)
)
def test_any_values(database: Database, function: tuple[str, int], values: list[Any], several: int) -> None:
    name, number = function
    values = values[: several if number < 0 else number]
    try:
        ((value,),) = database.execute(f"SELECT {name}({', '.join('?' * len(values))})", values)
    except HostqlError as error:
        assert "Error:" not in error.message, error.message
    else:
        assert value is None or isinstance(value, (int, float, str, bytes))


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.one_of(VALUES, st.text(alphabet="0123456789.-~:a", max_size=8)), min_size=2, max_size=6))
def test_collations_order_anything(database: Database, values: list[Any]) -> None:
    marks = ", ".join(["(?)"] * len(values))
    for collation in ("VERSION", "VERSION_DPKG"):
        rows = list(
            database.execute(f"SELECT column1 FROM (VALUES {marks}) ORDER BY column1 COLLATE {collation}", values)
        )
        assert len(rows) == len(values)
