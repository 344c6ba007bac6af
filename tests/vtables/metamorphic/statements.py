"""Statements at random, from a seed: predicates of every operator and type, and the shapes that SQL can give them."""

from __future__ import annotations

from random import Random
from typing import Any

import apsw
from hostql.vtables.table import TEXT, Column, quote

from .pair import NEEDS, Pair

COMPARISONS = ("=", "=", "==", "<>", "<", "<=", ">", ">=", "IS", "IS NOT", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")
JOINS = ("=", "=", "=", "IS", "<", ">=")
ANYTHING: tuple[Any, ...] = (
    *(None, 0, 1, -1, 2, 10, 1 << 53, (1 << 53) + 1, (1 << 63) - 1, -(1 << 63)),
    *(1.0, -0.0, 0.1, 2.5, 1e20, 1e-7, float("inf"), float("-inf"), 9007199254740992.0, 9.223372036854775807e18),
    *("", "1", "01", "1.0", " 1", "1e0", "1 ", "+1", "0x1", "abc", "ANN", "bob", "É", "9007199254740993", "1e20"),
    *("99999999999999999999", "0.30000000000000004", "1_0", "%", "-0", "5", "nan", "inf"),
    *(b"", b"1", b"abc", b"\x00\x01"),
)
PATTERNS = ("%", "", "_", "a%", "A%", "%b", "a_b", "a\\%b", "%\\_%", "\\%", "1%", "%é%", "ann%", 1, 1.0, b"a%", None)
GLOBS = ("*", "a*", "[aA]*", "?", "*b", "1*", "", 1, None)


def literal(value: Any) -> str:
    """The value in SQL."""
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "9e999" if value > 0 else "-9e999"
    return apsw.format_sql_value(value)


class Maker:
    """Makes statements over the tables of a pair; the same seed, the same statements."""

    def __init__(self, pair: Pair, seed: int) -> None:
        self.pair = pair
        self.random = Random(seed)
        self.values = {
            (table, column.name): [row[place] for row in pair.theirs(f"SELECT * FROM {table}")]
            for table, columns in pair.columns.items()
            for place, column in enumerate(columns)
        }

    def table(self) -> str:
        """The name of a table; those made for it more often."""
        return self.random.choice(("things", "things", "things", "delayed", *self.pair.columns))

    def relation(self, table: str) -> str:
        """The table as it can stand in FROM: one that needs a constraint has it within."""
        if table not in NEEDS:
            return table
        return (
            f"(SELECT {', '.join(quote(c.name) for c in self.pair.columns[table])} FROM {table} WHERE {NEEDS[table]})"
        )

    def column(self, table: str) -> Column:
        """One of the table's columns."""
        return self.random.choice(self.pair.columns[table])

    def value(self, table: str, column: Column) -> Any:
        """A value of the column, something alike, or anything."""
        kind = self.random.random()
        value = self.random.choice(self.values[table, column.name])
        if kind < 0.25 or value is None:
            return self.random.choice(ANYTHING)
        if kind < 0.4:
            if isinstance(value, str):
                return self.random.choice((value.upper(), value + " ", value.encode(), value[:1]))
            return str(value) if not isinstance(value, bytes) else value.decode("latin-1")
        if kind < 0.45 and isinstance(value, int):
            return float(value)
        return value

    def term(self, table: str, alias: str) -> str:
        """A comparison of one of the table's columns."""
        pick, column = self.random.choice, self.column(table)
        name = f'{alias}."{column.name}"'
        value = literal(self.value(table, column))
        other = self.column(table)
        kinds = ["compare"] * 5 + [
            "in",
            "in",
            "in select",
            "between",
            "null",
            "row",
            "collate",
            "other",
            "function",
            "is",
        ]
        if column.type == TEXT and not (table == "file" and column.name in ("path", "directory")):
            kinds += ["like", "like", "escape", "glob"]
        kind = pick(kinds)
        negated = pick(("", "", "NOT "))
        if kind == "compare":
            return pick((f"{name} {pick(COMPARISONS)} {value}", f"{value} {pick(COMPARISONS)} {name}"))
        if kind == "in":
            many = [literal(self.value(table, column)) for _ in range(self.random.randrange(4))]
            return f"{name} {negated}IN ({', '.join(many)})"
        if kind == "in select":
            values = ", ".join(f"({literal(self.value(table, column))})" for _ in range(self.random.randrange(1, 4)))
            return f"{name} {negated}IN (SELECT column1 FROM (VALUES {values}))"
        if kind == "between":
            return f"{name} {negated}BETWEEN {value} AND {literal(self.value(table, column))}"
        if kind == "null":
            return f"{name} {pick(('IS NULL', 'IS NOT NULL', 'ISNULL', 'NOTNULL'))}"
        if kind == "row":
            second = literal(self.value(table, other))
            row, values = f'({name}, {alias}."{other.name}")', f"({value}, {second})"
            return pick(
                (
                    f"{row} {pick(('=', '<', '>=', '>', '<=', '<>', 'IS'))} {values}",
                    f"{row} IN (VALUES {values}, (1, 1))",
                )
            )
        if kind == "collate":
            collation = pick(("NOCASE", "BINARY", "RTRIM"))
            return pick(
                (
                    f"{name} COLLATE {collation} {pick(COMPARISONS)} {value}",
                    f"{name} {pick(COMPARISONS)} {value} COLLATE {collation}",
                    f"{name} COLLATE {collation} IN ({value}, 'ann', 1)",
                )
            )
        if kind == "other":
            return f'{name} {pick(COMPARISONS)} {alias}."{other.name}"'
        if kind == "function":
            return pick(
                (
                    f"+{name} = {value}",
                    f"CAST({name} AS {pick(('TEXT', 'INTEGER', 'REAL', 'NUMERIC', 'BLOB'))}) = {value}",
                    f"{name} = CAST({value} AS {pick(('TEXT', 'INTEGER', 'REAL', 'NUMERIC', 'BLOB'))})",
                    f"typeof({name}) = '{pick(('null', 'text', 'integer', 'real', 'blob'))}'",
                    f"coalesce({name}, {value}) = {value}",
                    f"length({name}) > 1",
                    f"CASE WHEN {name} = {value} THEN 1 WHEN {name} IS NULL THEN NULL ELSE 0 END",
                )
            )
        if kind == "is":
            return f"({name} = {value}) IS {negated}{pick(('TRUE', 'FALSE', 'NULL'))}"
        if kind == "glob":
            return f"{name} {negated}GLOB {literal(pick(GLOBS))}"
        escape = " ESCAPE '\\'" if kind == "escape" else ""
        return f"{name} {negated}LIKE {literal(pick(PATTERNS))}{escape}"

    def predicate(self, table: str, alias: str, most: int = 4) -> str:
        """Terms joined by AND, OR and NOT."""
        if most <= 1 or self.random.random() < 0.35:
            return self.term(table, alias)
        left = self.random.randrange(1, most)
        one, two = self.predicate(table, alias, left), self.predicate(table, alias, most - left)
        word = self.random.choice(("AND", "OR", "OR"))
        return f"{self.random.choice(('', '', 'NOT '))}({one} {word} {two})"

    def statement(self, shape: str) -> str:
        """The shape, its names filled in."""
        t, u = self.table(), self.table()
        c, d, a, b, e = self.column(t), self.column(u), self.column(t), self.column(u), self.column(t)
        return shape.format(
            T=self.relation(t),
            U=self.relation(u),
            c=f'"{c.name}"',
            d=f'"{d.name}"',
            e=f'"{e.name}"',
            a=f'x."{a.name}"',
            b=f'y."{b.name}"',
            op=self.random.choice(JOINS),
            p=self.predicate(t, "x"),
            q=self.predicate(u, "y"),
            p2=self.predicate(t, "z"),
            few=self.random.randrange(5),
        )


# x is a row of T, y of U; p and q are predicates on them.
JOINED = (
    "SELECT {a}, {b} FROM {T} x JOIN {U} y ON x.{c} {op} y.{d} WHERE {p}",
    "SELECT {a}, {b} FROM {T} x JOIN {U} y ON x.{c} {op} y.{d} WHERE {p} AND {q}",
    "SELECT {a}, {b} FROM {T} x, {U} y WHERE (x.{c} = y.{d} AND {p}) OR ({q} AND x.{c} = y.{d})",
    "SELECT {a}, {b} FROM {T} x, {U} y WHERE x.{c} = y.{d} OR {q}",
    "SELECT {a}, {b} FROM {T} x CROSS JOIN {U} y WHERE {q}",
    "SELECT {a}, {b} FROM {T} x LEFT JOIN {U} y ON x.{c} {op} y.{d} AND {q} WHERE {p}",
    "SELECT {a}, {b} FROM {T} x LEFT JOIN {U} y ON x.{c} {op} y.{d} WHERE {q}",
    "SELECT {a}, {b} FROM {T} x RIGHT JOIN {U} y ON x.{c} {op} y.{d}",
    "SELECT {a}, {b} FROM {T} x RIGHT JOIN {U} y ON x.{c} {op} y.{d} AND {p} WHERE {q}",
    "SELECT {a}, {b} FROM {T} x FULL JOIN {U} y ON x.{c} {op} y.{d} AND {q}",
    "SELECT {a}, {b} FROM {T} x FULL JOIN {U} y ON x.{c} {op} y.{d} WHERE {p}",
    "SELECT count(*), count({a}), count({b}) FROM {T} x FULL JOIN {U} y ON x.{c} = y.{d} OR {p}",
    "SELECT {a} FROM {T} x LEFT JOIN {U} y ON x.{c} = y.{d} WHERE y.{d} IS NULL",
    "SELECT {a}, z.{c} FROM {T} x JOIN {T} z ON x.{c} {op} z.{c} LEFT JOIN {U} y ON y.{d} = z.{e} WHERE {p}",
    "SELECT {a}, {b} FROM {T} x JOIN {U} y ON (x.{c}, 1) = (y.{d}, 1) WHERE {p}",
    "SELECT count(*) FROM {T} x NATURAL JOIN {T} z WHERE {p}",
    "SELECT x.{c}, {a} FROM {T} x JOIN {T} z USING ({c}) WHERE {p} AND {p2}",
)
NESTED = (
    "SELECT {a} FROM {T} x WHERE x.{c} IN (SELECT y.{d} FROM {U} y WHERE {q})",
    "SELECT {a} FROM {T} x WHERE x.{c} IN (SELECT y.{d} FROM {U} y WHERE {q}) OR {p}",
    "SELECT {a} FROM {T} x WHERE x.{c} NOT IN (SELECT y.{d} FROM {U} y WHERE {q}) AND {p}",
    "SELECT {a} FROM {T} x WHERE (x.{c}, x.{e}) IN (SELECT y.{d}, z.{e} FROM {U} y, {T} z WHERE {q} AND {p2})",
    "SELECT {a} FROM {T} x WHERE EXISTS (SELECT 1 FROM {U} y WHERE y.{d} {op} x.{c} AND {q})",
    "SELECT {a} FROM {T} x WHERE NOT EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c}) OR {p}",
    "SELECT {a}, EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c} AND {q}) FROM {T} x WHERE {p}",
    "SELECT {a}, (SELECT count(*) FROM {U} y WHERE y.{d} {op} x.{c} AND {q}) FROM {T} x WHERE {p}",
    "SELECT {a}, (SELECT max({b}) FROM {U} y WHERE y.{d} = x.{c}) FROM {T} x",
    "SELECT {a}, (SELECT count(*) FROM {U} y WHERE {q}) FROM {T} x WHERE {p}",
    "SELECT count(*) FROM {T} x WHERE {p} AND x.{c} > (SELECT min(y.{d}) FROM {U} y WHERE {q})",
    "SELECT count(*) FROM {T} x WHERE x.{c} {op} (SELECT z.{c} FROM {T} z WHERE {p2} ORDER BY 1 LIMIT 1)",
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c}) THEN 1 END, count(*) FROM {T} x GROUP BY 1",
    "SELECT {a} FROM {T} x ORDER BY EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c} AND {q}), 1 LIMIT {few}",
    "SELECT {a}, (SELECT count(*) FROM {T} z WHERE z.{c} = x.{c} AND z.{e} < (SELECT max({b}) FROM {U} y WHERE {q}))"
    " FROM {T} x",
    "SELECT (SELECT (SELECT count(*) FROM {U} y WHERE y.{d} = z.{e}) FROM {T} z WHERE z.{c} = x.{c} ORDER BY 1 LIMIT 1)"
    " FROM {T} x WHERE {p}",
    "SELECT count(*) FROM {T} x LEFT JOIN {U} y ON EXISTS (SELECT 1 FROM {T} z WHERE z.{c} = x.{c} AND {p2})",
)
GROUPED = (
    "SELECT count(*), min({a}), max({b}) FROM {T} x JOIN {U} y ON x.{c} = y.{d} WHERE {p}",
    "SELECT x.{c}, count(*), count(DISTINCT {a}) FROM {T} x WHERE {p} GROUP BY x.{c} HAVING count(*) > 1",
    "SELECT x.{c}, EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c} AND {q}) FROM {T} x GROUP BY x.{c}",
    "SELECT x.{c}, (SELECT count(*) FROM {U} y WHERE y.{d} = x.{c}) FROM {T} x WHERE {p} GROUP BY 1, 2",
    "SELECT x.{c}, count(*) FROM {T} x GROUP BY x.{c} HAVING EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c} AND {q})",
    "SELECT x.{c} FROM {T} x GROUP BY x.{c} HAVING count(*) >= (SELECT count(*) FROM {U} y WHERE y.{d} = x.{c})",
    "SELECT count(*) FROM {T} x GROUP BY x.{c} ORDER BY EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c}), 1 LIMIT 3",
    "SELECT count(*) FILTER (WHERE {p}), count(*) FROM {T} x GROUP BY x.{c}",
    "SELECT count(EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c}) AND {p}), x.{e} FROM {T} x GROUP BY x.{e}",
    "SELECT sum((SELECT count(*) FROM {U} y WHERE y.{d} = x.{c})) FROM {T} x GROUP BY x.{e}",
    "SELECT max(n) FROM (SELECT count(*) AS n FROM {T} x WHERE {p} GROUP BY x.{c})",
    "SELECT DISTINCT x.{c} FROM {T} x LEFT JOIN {U} y ON y.{d} = x.{c} WHERE {p}",
    "SELECT DISTINCT x.{c}, EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c}) FROM {T} x",
)
WINDOWED = (
    "SELECT {a}, count(*) OVER (PARTITION BY x.{c}), sum(1) OVER (ORDER BY x.{c}) FROM {T} x WHERE {p}",
    "SELECT {a}, rank() OVER (PARTITION BY x.{e} ORDER BY x.{c}) FROM {T} x",
    "SELECT rank() OVER (ORDER BY (SELECT count(*) FROM {U} y WHERE y.{d} = x.{c} AND {q})) FROM {T} x WHERE {p}",
    "SELECT count(*) OVER (PARTITION BY EXISTS (SELECT 1 FROM {U} y WHERE y.{d} = x.{c})), {a} FROM {T} x",
    "SELECT {a}, sum((SELECT count(*) FROM {U} y WHERE y.{d} = x.{c})) OVER (PARTITION BY x.{e}) FROM {T} x",
    "SELECT x.{c}, sum(count(*)) OVER (), (SELECT count(*) FROM {U} y WHERE y.{d} = x.{c}) FROM {T} x GROUP BY x.{c}",
    "SELECT {a} FROM {T} x WHERE x.{c} IN (SELECT y.{d} FROM (SELECT y.*, count(*) OVER (PARTITION BY y.{d}) AS n FROM"
    " {U} y WHERE {q}) y WHERE n > 1)",
)
COMPOUND = (
    "SELECT x.{c} FROM {T} x WHERE {p} UNION SELECT y.{d} FROM {U} y WHERE {q}",
    "SELECT x.{c} FROM {T} x WHERE {p} UNION ALL SELECT y.{d} FROM {U} y WHERE {q} ORDER BY 1 LIMIT {few} OFFSET 1",
    "SELECT x.{c} FROM {T} x WHERE {p} UNION ALL SELECT z.{c} FROM {T} z WHERE {p2}",
    "SELECT x.{c} FROM {T} x INTERSECT SELECT y.{d} FROM {U} y WHERE {q}",
    "SELECT x.{c} FROM {T} x WHERE {p} EXCEPT SELECT y.{d} FROM {U} y",
    "SELECT count(*) FROM (SELECT x.{c} FROM {T} x UNION ALL SELECT y.{d} FROM {U} y) v JOIN {U} y ON {q}",
    "SELECT {a} FROM {T} x WHERE x.{c} IN (SELECT y.{d} FROM {U} y WHERE {q} UNION SELECT z.{e} FROM {T} z)",
)
NAMED = (
    "WITH m AS (SELECT * FROM {T} x WHERE {p}) SELECT m.{c}, n.{c} FROM m JOIN m n ON m.{c} = n.{c}",
    "WITH m AS MATERIALIZED (SELECT * FROM {T} x WHERE {p}) SELECT count(*) FROM m JOIN {U} y ON m.{c} = y.{d}",
    "WITH m AS NOT MATERIALIZED (SELECT * FROM {T} x WHERE {p}) SELECT count(*) FROM m, m n WHERE m.{c} {op} n.{e}",
    "WITH RECURSIVE r(v, n) AS (SELECT x.{c}, 0 FROM {T} x WHERE {p} UNION ALL SELECT y.{d}, n + 1 FROM r JOIN {U} y"
    " ON y.{d} = r.v WHERE n < 2) SELECT v, n FROM r",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT i, (SELECT count(*) FROM {T} x"
    " WHERE x.{c} >= i AND {p}) FROM n",
    "WITH g(v) AS (VALUES (1), (2), (NULL), ('1'), ('ann')) SELECT v, EXISTS (SELECT 1 FROM {T} x WHERE x.{c} = g.v"
    " AND {p}) FROM g GROUP BY v",
    "WITH g(v) AS (VALUES (1), (2), (NULL), ('1'), ('ann')) SELECT v, {a} FROM g LEFT JOIN {T} x ON x.{c} = g.v",
    "WITH g(v) AS (VALUES (1), (0.1), (NULL), ('01'), (x'31')) SELECT v, {a} FROM {T} x JOIN g ON x.{c} IS v WHERE {p}",
)
LIMITED = (
    "SELECT {a}, x.{c} FROM {T} x WHERE {p} ORDER BY 1, 2 LIMIT {few}",
    "SELECT {a}, x.{c} FROM {T} x WHERE {p} ORDER BY 2 DESC, 1 LIMIT {few} OFFSET 2",
    "SELECT {a}, x.{c} FROM {T} x WHERE {p} ORDER BY 1 NULLS LAST, 2 LIMIT -1 OFFSET {few}",
    "SELECT count(*) FROM (SELECT * FROM {T} x WHERE {p} LIMIT {few})",
    "SELECT count(*) FROM (SELECT x.{c} FROM {T} x WHERE (x.{c}, x.{e}) > (1, 1) LIMIT {few})",
    "SELECT {a} FROM {T} x WHERE {p}",
    "SELECT * FROM {T} x WHERE {p}",
)
SHAPES = {
    "joined": JOINED,
    "nested": NESTED,
    "grouped": GROUPED,
    "windowed": WINDOWED,
    "compound": COMPOUND,
    "named": NAMED,
    "limited": LIMITED,
}
