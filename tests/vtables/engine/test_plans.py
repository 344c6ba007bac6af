"""How statements are planned: which table is read first, what is looked up, and by what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hostql.vtables.constraints import OtherAffinity, values
from hostql.vtables.database import Database
from hostql.vtables.plan import WHOLE_LISTS, Plan, Term
from hostql.vtables.scan import Scan
from hostql.vtables.table import INTEGER, TEXT, Column, Table


class Kind(Table):
    """A thousand rows, with every kind of column."""

    id = Column(INTEGER, "Identity", key=True)
    group = Column(INTEGER, "A key that many rows share", key=True)
    size = Column(INTEGER, "A range", range=True)
    label = Column(TEXT, "A pattern", like=True)
    plain = Column(INTEGER, "Nothing")
    kind = Column(TEXT, "Decides which rows there are", additional=True)

    identity = ("id",)
    typical_rows = 1000
    examples = ["SELECT id FROM one;"]

    def rows(self, scan: Scan) -> Iterator[Any]:
        return iter(())


class Needy(Table):
    """Files, which have to be named."""

    path = Column(TEXT, "Path", required=True, like=True)

    typical_rows = 10
    examples = ["SELECT path FROM needy WHERE path = 'x';"]

    def rows(self, scan: Scan) -> list[tuple[str]]:
        return [(path,) for path in scan.equals("path") or ()]


class Few(Kind):
    """As many as fit a hand."""

    typical_rows = 5


@pytest.fixture
def db() -> Iterator[Database]:
    with Database() as database:
        for name, kind in {"one": Kind, "two": Kind, "few": Few, "needy": Needy}.items():
            database.add(name, type(name, (kind,), {"name": name}))
        yield database


def scans(db: Database, sql: str) -> list[str]:
    """What is scanned, and by which constraints, from the outermost to the innermost."""
    plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + sql)]
    return [line.partition("INDEX ")[2].partition(":")[2] for line in plan if "VIRTUAL TABLE" in line]


LISTED = "IN" if WHOLE_LISTS else "=*"


@pytest.mark.parametrize(
    "sql, expected",
    [
        # What is constrained more goes first, whichever is written first.
        ("SELECT 1 FROM one, two WHERE one.id = two.id AND two.size > 5", ["two:size>", "one:id="]),
        ("SELECT 1 FROM two, one WHERE one.id = two.id AND one.size <= 5", ["one:size<=", "two:id="]),
        (
            "SELECT 1 FROM one, two WHERE one.id = two.id AND two.size > 5 AND two.size <= 7 AND one.size > 5",
            ["two:size> size<=", "one:id= size>"],
        ),
        ("SELECT 1 FROM one, two WHERE one.id = two.id AND two.label LIKE 'a%'", ["two:labelLIKE", "one:id="]),
        (
            "SELECT 1 FROM one, two WHERE one.id = two.id AND two.label GLOB 'a*' AND one.size > 5",
            ["two:labelGLOB", "one:id= size>"],
        ),
        ('SELECT 1 FROM one, two WHERE two."group" = 5', ["two:group=", "one:"]),
        ('SELECT 1 FROM one, two WHERE two."group" = 5 AND one.id = 5', ["one:id=", "two:group="]),
        ("SELECT 1 FROM one, two WHERE two.id IN (5, 6) AND one.id = 5", ["one:id=", f"two:id{LISTED}"]),
        ("SELECT 1 FROM one, two WHERE two.plain = 5", ["one:", "two:"]),
        # The smaller one first, where the other can be looked up.
        ("SELECT 1 FROM one, few WHERE one.id = few.id", ["few:", "one:id="]),
        ("SELECT 1 FROM one, few WHERE one.plain = few.plain", ["few:", "one:plain~="]),
        ("SELECT 1 FROM one, two WHERE one.plain = two.id", ["one:", "two:id="]),
        ("SELECT 1 FROM one, two WHERE one.plain IS two.id", ["one:", "two:id IS"]),
        # An equality that nothing looks up needs no index where there is a key, and none for a constant.
        ("SELECT 1 FROM one CROSS JOIN two WHERE two.id = one.id AND two.plain = one.plain", ["one:", "two:id="]),
        ("SELECT 1 FROM one WHERE plain = 5 AND label = 'x'", ["one:"]),
        ("SELECT 1 FROM one WHERE id = 5 COLLATE NOCASE", ["one:"]),
        ("SELECT 1 FROM one WHERE label < 'x' AND id < 5", ["one:"]),
        # What has to be named comes from the other table; only where nothing names it, from a pattern.
        ("SELECT 1 FROM needy, one WHERE needy.path = one.label", ["one:", "needy:path="]),
        ("SELECT 1 FROM needy, one WHERE needy.path = one.label AND path LIKE '/%'", ["one:", "needy:path= pathLIKE"]),
        ("SELECT 1 FROM needy WHERE path LIKE '/%' AND path GLOB '/*'", ["needy:pathGLOB pathLIKE"]),
        # Which rows there are.
        ("SELECT 1 FROM one, two WHERE one.kind = two.label", ["two:", "one:kind="]),
        ("SELECT 1 FROM one WHERE kind = 'a' OR kind = 'b' AND id = 5", ["one:kind=", "one:kind= id="]),
        ("SELECT kind FROM one", ["one:"]),
    ],
)
def test_what_is_scanned_first(db: Database, sql: str, expected: list[str]):
    assert scans(db, sql) == expected


def test_rows_may_be_a_list(db: Database):
    assert list(db.execute("SELECT path FROM needy WHERE path IN ('a', 'b') ORDER BY 1 DESC")) == [("b",), ("a",)]


def test_a_table_is_as_large_as_it_was_last_found(db: Database):
    sql = "SELECT 1 FROM one, few WHERE one.id = few.id"
    assert scans(db, sql) == ["few:", "one:id="]
    # It has no rows at all.
    list(db.execute("SELECT * FROM one"))
    assert scans(db, sql) == ["one:", "few:id="]


def test_a_value_of_another_type_takes_no_other_constraint_with_it(db: Database):
    """Once rows were given out, what only SQLite can compare is left out of the look-up, and nothing else."""
    statement = db.execute("SELECT 1").statement
    terms = [Term(Kind.columns[3], 3, "=", True), Term(Kind.columns[0], 0, "=", True)]
    plan = Plan(Kind, terms, set(), (), ())
    pushed, indexed = values(plan, (5, 7), "one", statement, str)
    assert pushed == {terms[1]: {7}} and not indexed
    statement.begun = False
    with pytest.raises(OtherAffinity):
        values(plan, (5, 7), "one", statement, str)
