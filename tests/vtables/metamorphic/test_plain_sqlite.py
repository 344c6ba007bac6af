"""Any statement gives what it gives over plain SQLite tables with the same rows, however few rows a scan keeps."""

from __future__ import annotations

import pytest

from .conftest import rounds
from .pair import NEEDS, Pair
from .statements import SHAPES, Maker


@pytest.mark.parametrize("family", SHAPES)
def test_shapes_of_statements(pair: Pair, maker: Maker, family: str):
    for _ in rounds(6):
        for shape in SHAPES[family]:
            pair.check(maker.statement(shape), refusable=True)


def test_predicates_on_each_table(pair: Pair, maker: Maker):
    for table in pair.columns:
        for _ in rounds(25):
            sql = f"SELECT count(*), count(x.{maker.column(table).name!r}) FROM {maker.relation(table)} x"
            pair.check(f"{sql} WHERE {maker.predicate(table, 'x', 8)}", thresholds=(2,), refusable=True)


def test_bound_parameters(pair: Pair, maker: Maker):
    for _ in rounds(60):
        table = maker.table()
        column, other = maker.column(table), maker.column(table)
        params = [maker.value(table, column), maker.value(table, other)]
        for operator in ("=", "IS", "<", ">=", "LIKE"):
            if operator == "LIKE" and column.name in ("path", "directory"):
                continue
            where = f'x."{column.name}" {operator} ?1 OR x."{other.name}" IN (?2, ?1)'
            pair.check(f"SELECT count(*) FROM {maker.relation(table)} x WHERE {where}", params, thresholds=(1,))


@pytest.mark.parametrize(
    "sql",
    [
        # A required column that comes from elsewhere.
        "SELECT column1, item FROM (VALUES ('/a'), ('/b'), ('/none'), (NULL), (5)) JOIN places ON place = column1",
        "SELECT column1, item FROM (VALUES ('/a'), ('/b'), (NULL)) LEFT JOIN places ON place = column1 AND item > 1",
        "SELECT column1, y.item FROM (VALUES ('/a'), ('/b'), (NULL)) JOIN places y ON y.place IS column1",
        "SELECT column1, (SELECT count(*) FROM places y WHERE y.place = column1) FROM (VALUES ('/a'), ('5'), (5))",
        "SELECT column1 FROM (VALUES ('A'), ('É'), ('é')) WHERE EXISTS (SELECT 1 FROM places WHERE nick = column1)",
        "SELECT item FROM places WHERE place IN (SELECT '/' || column1 FROM (VALUES ('a'), ('b'), ('a'), (NULL)))",
        "SELECT item FROM places WHERE place IN ('/a', 5, NULL, x'2f61') OR nick IN ('BIG', 7)",
        "SELECT item FROM places WHERE place = '/a' OR place = '/b' AND item IS NULL OR nick = 'five'",
        "SELECT item FROM places WHERE place LIKE '/%' AND note LIKE 'X'",
        "SELECT item FROM places WHERE place LIKE 5 OR place GLOB '/[ab]'",
        "SELECT item FROM places WHERE place LIKE x'2f61'",
        "SELECT item FROM places WHERE place IS '/a' AND nick = 'a'",
        "SELECT item FROM places WHERE place = NULL OR nick IS +NULL",
        "SELECT item FROM places WHERE (place, item) = ('/a', 2) OR (nick, item) IN (VALUES ('B', 3), ('five', 5))",
        "SELECT a.item, b.item FROM places a JOIN places b ON b.place = a.place WHERE a.nick = 'B'",
        "SELECT a.item FROM places a WHERE a.place = '/a' UNION ALL SELECT item FROM places WHERE nick = 'a'",
        # A column that decides which rows there are.
        "SELECT item, text FROM modes WHERE mode = 1",
        "SELECT item, text FROM modes WHERE mode IS 1 AND text IS NULL",
        "SELECT item, text FROM modes WHERE mode IN (1, '2', 2.0, NULL)",
        "SELECT item, text FROM modes WHERE mode = '2' OR mode = 1 AND item = 3",
        "SELECT column1, text FROM (VALUES (0), (1), (2), (3), (NULL), ('1')) LEFT JOIN modes ON mode = column1",
        "SELECT x.item, y.text FROM modes x JOIN modes y ON y.mode = x.item WHERE x.mode = 0",
        "SELECT x.item, (SELECT count(*) FROM modes y WHERE y.mode = x.item) FROM modes x WHERE x.mode IN (0, 2)",
        "SELECT item, mode FROM modes WHERE mode = 1 OR text = 'a' AND mode IN (0, 2) OR mode IS 2",
        "SELECT text FROM modes WHERE (item, mode) IN (VALUES (1, 1), (2, 2), (2, 0))",
        # A list that comes after the first rows.
        "SELECT x.id, y.id FROM things x, things y WHERE (x.id = y.id AND x.id > 0) OR"
        " (y.data IN (SELECT column1 FROM (VALUES (10), ('1'))) AND x.id = y.id)",
        # More columns than SQLite tells apart.
        "SELECT c0, c62, c63, c64, c69 FROM wide WHERE c68 = 1",
        "SELECT a.c69, b.c1 FROM wide a JOIN wide b ON b.c0 = a.c68 AND b.c67 = a.c66 WHERE a.c65 IS NULL",
        "SELECT * FROM wide WHERE c69 > c2 OR c0 = 3",
        "SELECT sum(c64) FROM wide GROUP BY c63 HAVING max(c66) > 2",
    ],
)
def test_what_is_easily_got_wrong(pair: Pair, sql: str):
    pair.check(sql)


def test_all_rows_are_seen_where_each_is_named(pair: Pair):
    for table, needs in NEEDS.items():
        pair.check(f"SELECT count(*) FROM {table} WHERE {needs}")
