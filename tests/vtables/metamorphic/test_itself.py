"""Statements that must agree with each other: partitions of a table, ways to count, ways to say the same thing."""

from __future__ import annotations

from collections import Counter

from .conftest import rounds
from .pair import THRESHOLDS, Pair
from .statements import Maker


def test_a_row_satisfies_a_predicate_or_its_negation_or_neither(pair: Pair, maker: Maker):
    for turn in rounds(150):
        table, threshold = maker.table(), THRESHOLDS[turn % len(THRESHOLDS)]
        columns = ", ".join(f'x."{column.name}"' for column in pair.columns[table])
        query, p = f"SELECT {columns} FROM {maker.relation(table)} x", maker.predicate(table, "x")
        parts: Counter[str] = Counter()
        wheres = (f"({p})", f"NOT ({p})", f"({p}) IS NULL")
        answers = [pair.answer(f"{query} WHERE {where}", threshold) for where in wheres]
        if None not in answers:
            for answer in answers:
                parts.update(map(repr, answer))
            assert parts == Counter(map(repr, pair.ours(query))), p


def test_a_join_is_partitioned(pair: Pair, maker: Maker):
    for _ in rounds(60):
        t, u = maker.table(), maker.table()
        on = f'x."{maker.column(t).name}" = y."{maker.column(u).name}"'
        for join in ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"):
            query, p = f"FROM {maker.relation(t)} x {join} {maker.relation(u)} y ON {on}", maker.predicate(u, "y")
            ((whole,),) = pair.ours(f"SELECT count(*) {query}")
            parts = [
                pair.ours(f"SELECT count(*) {query} WHERE {w}") for w in (f"({p})", f"NOT ({p})", f"({p}) IS NULL")
            ]
            assert whole == sum(part[0][0] for part in parts), f"{query} WHERE {p}"


def test_rows_that_are_filtered_are_rows_for_which_it_is_true(pair: Pair, maker: Maker):
    for turn in rounds(150):
        table, threshold = maker.table(), THRESHOLDS[turn % len(THRESHOLDS)]
        relation, p = maker.relation(table), maker.predicate(table, "x")
        filtered = pair.ours(f"SELECT count(*) FROM {relation} x WHERE {p}", threshold=threshold)
        counted = pair.ours(f"SELECT coalesce(sum(({p}) IS TRUE), 0) FROM {relation} x", threshold=threshold)
        assert filtered == counted, f"{table}: {p}"


# Each gives the ids of the things x that have a partner y in U; p and q are on x and y.
PARTNERED = (
    "SELECT x.id FROM things x WHERE {p} AND x.{c} IN (SELECT y.{d} FROM {U} y WHERE {q})",
    "SELECT x.id FROM things x WHERE {p} AND EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c} AND {q})",
    "SELECT DISTINCT x.id FROM things x JOIN {U} y ON x.{c} = y.{d} WHERE {p} AND {q}",
    "SELECT DISTINCT x.id FROM {U} y CROSS JOIN things x WHERE x.{c} = y.{d} AND {p} AND {q}",
    "WITH m AS (SELECT * FROM {U} y WHERE {q}) SELECT DISTINCT x.id FROM things x JOIN m ON x.{c} = m.{d} WHERE {p}",
    "WITH m AS MATERIALIZED (SELECT * FROM {U} y WHERE {q}) SELECT x.id FROM things x WHERE {p} AND EXISTS"
    " (SELECT 1 FROM m WHERE m.{d} = x.{c})",
    "SELECT DISTINCT x.id FROM things x LEFT JOIN {U} y ON x.{c} = y.{d} AND {q} WHERE {p} AND y.{d} IS NOT NULL",
    "SELECT DISTINCT x.id FROM {U} y RIGHT JOIN things x ON x.{c} = y.{d} AND {q} WHERE {p} AND y.{d} IS NOT NULL",
    "SELECT DISTINCT x.id FROM {U} y FULL JOIN things x ON x.{c} = y.{d} AND {q} WHERE x.id IS NOT NULL AND {p}"
    " AND y.{d} IS NOT NULL",
    "SELECT x.id FROM things x WHERE {p} AND (SELECT count(*) FROM {U} y WHERE y.{d} = x.{c} AND {q}) > 0",
    "SELECT id FROM (SELECT x.id, (SELECT max(1) FROM {U} y WHERE y.{d} = x.{c} AND {q}) AS found FROM things x"
    " WHERE {p}) WHERE found",
    "SELECT x.id FROM things x WHERE {p} GROUP BY x.id HAVING EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c} AND {q})",
    "SELECT x.id FROM things x JOIN {U} y ON x.{c} = y.{d} WHERE {p} AND {q} GROUP BY x.id",
    "SELECT DISTINCT id FROM (SELECT x.id, count(y.{d}) OVER (PARTITION BY x.id) AS n FROM things x LEFT JOIN {U} y"
    " ON x.{c} = y.{d} AND {q} WHERE {p}) WHERE n > 0",
    "SELECT x.id FROM things x WHERE {p} EXCEPT SELECT x.id FROM things x WHERE NOT EXISTS (SELECT 1 FROM {U} y WHERE"
    " y.{d} = x.{c} AND {q})",
    "SELECT x.id FROM things x WHERE {p} INTERSECT SELECT x.id FROM things x, {U} y WHERE x.{c} = y.{d} AND {q}",
    "SELECT x.id FROM things x JOIN {U} y ON x.{c} = y.{d} AND {q} WHERE {p} UNION SELECT x.id FROM things x"
    " JOIN {U} y ON y.{d} = x.{c} WHERE {q} AND {p}",
    "WITH RECURSIVE r(id, n) AS (SELECT x.id, 0 FROM things x WHERE {p} UNION SELECT r.id, 1 FROM r JOIN things x"
    " ON x.id = r.id JOIN {U} y ON x.{c} = y.{d} WHERE r.n = 0 AND {q}) SELECT id FROM r WHERE n = 1",
    "SELECT id FROM (SELECT x.id FROM things x WHERE {p} ORDER BY EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c} AND"
    " {q}) DESC LIMIT (SELECT count(*) FROM things x WHERE {p} AND EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c}"
    " AND {q})))",
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c} AND {q}) THEN x.id END AS i FROM things x"
    " WHERE {p} GROUP BY x.id HAVING i IS NOT NULL",
    "SELECT x.id FROM things x WHERE {p} AND x.id NOT IN (SELECT z.id FROM things z LEFT JOIN {U} y ON z.{c} = y.{d}"
    " AND {q} WHERE y.{d} IS NULL)",
)


def test_the_same_thing_in_other_words(pair: Pair, maker: Maker):
    for turn in rounds(25):
        u, threshold = maker.table(), THRESHOLDS[turn % len(THRESHOLDS)]
        names = {
            "U": maker.relation(u),
            "c": maker.column("things").name,
            "d": f'"{maker.column(u).name}"',
            "p": maker.predicate("things", "x", 2),
            "q": maker.predicate(u, "y", 2),
        }
        statements = [shape.format(**names) for shape in PARTNERED]
        found = {sql: pair.answer(sql, threshold) for sql in statements}
        answers = {sql: sorted(rows) for sql, rows in found.items() if rows is not None}
        first, *others = answers
        for other in others:
            if answers[other] != answers[first]:
                # IN compares with the affinity of its left side alone, = with that of both, as SQLite documents.
                assert answers[other] == sorted(pair.theirs(other)), f"{other}\nkeeping {threshold} rows"
                assert answers[first] == sorted(pair.theirs(first)), f"{first}\nkeeping {threshold} rows"
