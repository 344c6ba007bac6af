"""What an answer lacks is said beside it; what cannot be answered right is refused."""

from __future__ import annotations

import pytest
from hostql.vtables.constraints import OtherAffinity
from hostql.vtables.errors import QueryError
from hostql.vtables.plan import WHOLE_LISTS

from .pair import Pair


def notes(pair: Pair, sql: str) -> list[str]:
    result = pair.hostql.execute(sql)
    list(result)
    return list(result.notes)


def test_a_value_that_sqlite_cannot_hold_is_a_note(pair: Pair):
    too_large = "could not be understood (OverflowError: an integer of more than 64 bits)"
    assert notes(pair, "SELECT large FROM delayed") == [f"delayed: large {too_large} (5 times)"]
    assert notes(pair, "SELECT large FROM delayed WHERE id < 4") == []
    assert notes(pair, "SELECT text FROM delayed WHERE id = 8") == [
        "delayed: text could not be understood (TypeError: list is no type of SQL)"
    ]
    assert notes(pair, "SELECT team FROM delayed WHERE id = 4") == [
        "delayed: team could not be understood (ValueError: malformed)"
    ]


def test_a_value_that_cannot_be_read_is_a_note_where_there_is_one(pair: Pair):
    assert notes(pair, "SELECT team FROM delayed WHERE id = 2") == [
        "delayed: team could not be read (Input/output error)"
    ]
    # What is gone is no more to be had; what is denied is counted.
    assert notes(pair, "SELECT text FROM delayed WHERE id = 4") == []
    (denied,) = notes(pair, "SELECT text FROM delayed WHERE id = 1")
    assert denied.startswith("delayed: text of 1 row not readable")


@pytest.mark.parametrize("where", ["mode > 0", "mode <> 0", "mode LIKE 1", "mode BETWEEN 1 AND 2"])
def test_a_comparison_that_chooses_no_rows_is_a_note(pair: Pair, where: str):
    said = "modes: only =, IN and IS on mode choose which rows are read"
    assert notes(pair, f"SELECT item FROM modes WHERE {where}") == [said]
    assert notes(pair, f"SELECT item FROM modes WHERE mode = 1 AND {where}") == []


@pytest.mark.parametrize(
    "where", ["mode = 1", "mode IS 1", "mode IN (1, 2)", "mode IS NOT NULL", "item > 0", "mode = 1 OR mode = 2"]
)
def test_a_comparison_that_chooses_rows_is_none(pair: Pair, where: str):
    assert notes(pair, f"SELECT item, mode FROM modes WHERE {where}") == []


def test_numbers_met_too_late_among_texts_are_refused(pair: Pair):
    """SQLite compares them wrong, one after the other; and rows were given out before the first of them came."""
    listed = "x.code IN (SELECT plain FROM things)"
    sql = f"SELECT id FROM things WHERE id = 1 UNION ALL SELECT x.id FROM things x WHERE {listed}"
    if WHOLE_LISTS:
        return pair.check(sql)
    with pytest.raises(OtherAffinity) as caught:
        pair.ours(sql)
    assert "code of things" in caught.value.message and "+code" in caught.value.hint
    return pair.check(sql.replace("x.code", "+x.code"))


def test_a_parameter_of_too_many_bits_is_an_error(pair: Pair):
    with pytest.raises(QueryError, match="a parameter is an integer of more than 64 bits"):
        pair.ours("SELECT id FROM things WHERE id = ?", (1 << 63,))


def test_a_text_that_is_none_is_an_error(pair: Pair):
    with pytest.raises(QueryError, match="is not valid UTF-8"):
        pair.ours("SELECT id FROM things WHERE code = CAST(x'ff' AS TEXT)")
