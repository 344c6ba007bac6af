"""Notes: grouped, counted, one line for what has the same reason."""

from __future__ import annotations

from hostql.vtables.notes import Notes


def test_columns_that_could_not_be_read_of_as_many_rows_are_one_note() -> None:
    notes = Notes()
    for row in (1, 2):
        notes.value_denied("processes", "path", row)
        notes.value_denied("processes", "cwd", row)
    notes.value_denied("processes", "cwd", 2)
    notes.value_denied("processes", "root", 1)
    assert bool(notes)
    first, second = notes
    assert first.startswith("processes: path, cwd of 2 rows not readable as uid ")
    assert second.startswith("processes: root of 1 row not readable as uid ")
