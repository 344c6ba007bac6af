"""Real tables against plain SQLite tables that hold the same rows: predicates, joins, and every shape of statement.

The host is a fixed folder, so that both sides see one moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hostql.tests.conftest import examples
from hostql.vtables.database import Database
from hostql.vtables.functions import COLLATIONS
from hostql.vtables.functions.versions import collate
from hostql.vtables.sources.host import Host
from hostql.vtables.table import TEXT, quote
from hypothesis import given, settings
from hypothesis import strategies as st

# It takes long, and is the same on every Python.
pytestmark = pytest.mark.slow

FILES = {
    "etc/passwd": (
        "root:x:0:0:root:/root:/bin/bash\n"
        "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
        "Ann:x:1000:1000:Ann, é:/home/Ann:/bin/bash\n"
        "ann:x:1001:1000::/home/ann:/bin/sh\n"
        "toor:x:0:0:root:/root:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        "big:x:4294967294:4294967294::/:\n"
    ),
    "etc/group": "root:x:0:\nadm:x:4:Ann,ann\nusers:x:100:ann,gone\nAnn:x:1000:\nnogroup:x:65534:\n",
    "etc/services": (
        "ssh 22/tcp\nssh 22/udp\nhttp 80/tcp www # WorldWideWeb\nhttps 443/tcp\nHTTP 8080/tcp\ndomain 53/udp\n"
    ),
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost\n10.0.0.7 db DB.example\n10.0.0.8 web\n",
    "etc/protocols": "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\n",
    "var/lib/dpkg/status": "\n".join(
        f"Package: {name}\nStatus: install ok installed\nPriority: {priority}\nSection: libs\n"
        f"Installed-Size: {size}\nMaintainer: A <a@example.org>\nArchitecture: {arch}\nSource: {source}\n"
        f"Version: {version}\nDescription: something\n"
        for name, version, size, arch, priority, source in (
            ("libc6", "2.36-9+deb12u9", 12989, "amd64", "optional", "glibc"),
            ("libc6", "2.36-9+deb12u10", 12989, "i386", "optional", "glibc"),
            ("bash", "5.2.15-2+b7", 7163, "amd64", "required", "bash"),
            ("zlib1g", "1:1.2.13.dfsg-1", 168, "amd64", "required", "zlib"),
            ("tzdata", "2024a-0+deb12u1", 3245, "all", "required", "tzdata"),
            ("a-1", "1.0~rc1", 0, "all", "extra", "a"),
            ("a-2", "1.0", 1, "all", "extra", "a"),
        )
    ),
}
TABLES = ("users", "groups", "user_groups", "etc_services", "etc_hosts", "etc_protocols", "deb_packages", "file")
# Rows of `file`: a query must say which, so each branch of a predicate names some.
FOLDERS = ("/tree", "/tree/a", "/tree/b")


class Pair:
    """The tables of a folder behind hostql, and plain ones with the same rows, declared alike."""

    def __init__(self, root: Path) -> None:
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for number, name in enumerate(("a/x", "a/X", "a/é", "b/x", "b/.hidden", "b/y.log", "top")):
            path = root / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("." * (number % 3))
        self.hostql = Database(host=Host(str(root)))
        self.plain = apsw.Connection(":memory:")
        for name, flavour in COLLATIONS.items():
            self.plain.create_collation(name, lambda one, two, flavour=flavour: collate(one, two, flavour))
        self.columns: dict[str, list[str]] = {}
        self.values: dict[str, list[str]] = {}
        for name in TABLES:
            self._copy(name)

    def _copy(self, name: str) -> None:
        table = self.hostql.catalog.load(name)
        shown = [column for column in table.columns if not column.hidden]
        self.plain.execute(re.sub(r" HIDDEN\b", "", table.declaration()))
        names = ", ".join(quote(column.name) for column in shown)
        where = f" WHERE directory IN {FOLDERS}" if name == "file" else ""
        rows = list(self.hostql.execute(f"SELECT {names} FROM {name}{where}"))
        assert len(rows) > 3, name
        self.plain.executemany(f"INSERT INTO {name} ({names}) VALUES ({', '.join('?' * len(shown))})", rows)
        # Columns whose values differ, so that a predicate decides something; times of the tree are of no use.
        kept = [
            column
            for place, column in enumerate(shown)
            if len({row[place] for row in rows}) > 1 and not column.name.endswith("time")
        ]
        self.columns[name] = [column.name for column in kept]
        literals = {"NULL", "''", "'%'", "0", "-1", "1e3"}
        for place, column in enumerate(shown):
            if column in kept:
                for value in {row[place] for row in rows}:
                    text = apsw.format_sql_value(value)
                    literals.add(text)
                    if column.type == TEXT and value is not None:
                        literals.update(apsw.format_sql_value(v) for v in (value.upper(), value[:2] + "%", value + " "))
                    elif value is not None:
                        literals.update((f"'{value}'", f"{value}.0", f"{value} + 1"))
        self.values[name] = sorted(literals)

    def check(self, sql: str) -> None:
        """Both sides give the same rows, in whatever order."""
        ours, theirs = sorted(map(repr, self.hostql.execute(sql))), sorted(map(repr, self.plain.execute(sql)))
        assert ours == theirs, sql


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("root"))
    yield made
    made.hostql.close()


def terms(pair: Pair, table: str, alias: str = "") -> st.SearchStrategy[str]:
    """Predicates on one table."""
    column = st.sampled_from([alias + name for name in pair.columns[table]])
    value = st.sampled_from(pair.values[table])
    # LIKE on a path says where to look, and `%` is then one level.
    liked = st.sampled_from([alias + name for name in pair.columns[table] if name not in ("path", "directory")])
    text = st.sampled_from([v for v in pair.values[table] if v.startswith("'")])
    # SQLite looks nothing up in an OR of which a branch has a COLLATE or an empty list; `file` then says what it needs.
    least, collated = (1, []) if table == "file" else (0, ["COLLATE NOCASE = 'ANN'"])
    term = st.one_of(
        st.tuples(column, st.sampled_from(["=", "==", "<>", "<", "<=", ">", ">=", "IS", "IS NOT"]), value).map(
            " ".join
        ),
        st.tuples(column, st.lists(value, min_size=least, max_size=3)).map(lambda t: f"{t[0]} IN ({', '.join(t[1])})"),
        st.tuples(column, st.lists(value, min_size=least, max_size=2)).map(
            lambda t: f"{t[0]} NOT IN ({', '.join(t[1])})"
        ),
        st.tuples(liked, st.sampled_from(["LIKE", "NOT LIKE", "GLOB"]), text).map(" ".join),
        st.tuples(column, value, value).map(lambda t: f"{t[0]} BETWEEN {t[1]} AND {t[2]}"),
        st.tuples(column, st.sampled_from(["IS NULL", "IS NOT NULL", *collated])).map(" ".join),
        st.tuples(column, column).map(" = ".join),
    )
    predicate = st.recursive(
        term,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["AND", "OR", "OR"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            inner.map(lambda p: f"NOT ({p})"),
        ),
        max_leaves=5,
    )
    if table != "file":
        return predicate
    named = st.one_of(
        st.sampled_from(FOLDERS).map(lambda folder: f"{alias}directory = '{folder}'"),
        st.just(f"{alias}directory IN {FOLDERS}"),
        st.sampled_from(["/tree/a/x", "/tree/a/é", "/tree/top", "/tree/none"]).map(lambda p: f"{alias}path = '{p}'"),
        st.just(f"{alias}path IN ('/tree/a/x', '/tree/b/x', '/tree/b/.hidden')"),
    )
    branch = st.tuples(named, predicate).map(lambda t: f"({t[0]} AND {t[1]})")
    return st.lists(branch, min_size=1, max_size=3).map(" OR ".join)


@pytest.mark.parametrize("table", TABLES)
@settings(max_examples=examples(150), deadline=None)
@given(data=st.data())
def test_a_predicate_gives_the_same_rows(pair: Pair, table: str, data: st.DataObject):
    names = ", ".join(map(quote, pair.columns[table]))
    pair.check(f"SELECT {names} FROM {table} WHERE {data.draw(terms(pair, table))}")


# Two tables and columns that make sense together.
JOINS = (
    ("users", "gid", "groups", "gid"),
    ("users", "uid", "user_groups", "uid"),
    ("user_groups", "gid", "groups", "gid"),
    ("users", "username", "groups", "groupname"),
    ("users", "shell", "users", "shell"),
    ("etc_services", "name", "etc_services", "name"),
    ("etc_services", "protocol", "etc_protocols", "name"),
    ("deb_packages", "source", "deb_packages", "name"),
    ("deb_packages", "size", "users", "gid"),
    ("etc_hosts", "address", "users", "username"),
)
SHAPES = (
    "SELECT count(*), min({a}), max({b}) FROM {t} x JOIN {u} y ON x.{c} = y.{d} WHERE {p}",
    "SELECT {a}, {b} FROM {t} x JOIN {u} y ON x.{c} = y.{d} WHERE {p} AND {q}",
    "SELECT {a}, {b} FROM {t} x, {u} y WHERE (x.{c} = y.{d} AND {p}) OR ({q} AND x.{c} = y.{d})",
    "SELECT {a}, {b} FROM {t} x LEFT JOIN {u} y ON x.{c} = y.{d} AND {q} WHERE {p}",
    "SELECT {a} FROM {t} x LEFT JOIN {u} y ON x.{c} = y.{d} WHERE y.{d} IS NULL",
    "SELECT {a} FROM {t} x WHERE x.{c} IN (SELECT y.{d} FROM {u} y WHERE {q})",
    "SELECT {a} FROM {t} x WHERE x.{c} NOT IN (SELECT y.{d} FROM {u} y WHERE {q} AND y.{d} IS NOT NULL) AND {p}",
    "SELECT {a} FROM {t} x WHERE EXISTS (SELECT 1 FROM {u} y WHERE y.{d} = x.{c} AND {q})",
    "SELECT {a} FROM {t} x WHERE NOT EXISTS (SELECT 1 FROM {u} y WHERE y.{d} = x.{c}) OR {p}",
    "SELECT {a}, (SELECT count(*) FROM {u} y WHERE y.{d} = x.{c} AND {q}) FROM {t} x WHERE {p}",
    "SELECT {a}, (SELECT max({b}) FROM {u} y WHERE y.{d} = x.{c}) FROM {t} x",
    "SELECT x.{c} FROM {t} x WHERE {p} UNION SELECT y.{d} FROM {u} y WHERE {q}",
    "SELECT x.{c} FROM {t} x WHERE {p} UNION ALL SELECT y.{d} FROM {u} y WHERE {q}",
    "SELECT x.{c} FROM {t} x INTERSECT SELECT y.{d} FROM {u} y WHERE {q}",
    "SELECT x.{c} FROM {t} x EXCEPT SELECT y.{d} FROM {u} y WHERE {q}",
    "WITH m AS (SELECT * FROM {t} x WHERE {p}) SELECT m.{c}, n.{c} FROM m JOIN m n ON m.{c} = n.{c}",
    "WITH m AS MATERIALIZED (SELECT * FROM {t} x WHERE {p}) SELECT count(*) FROM m JOIN {u} y ON m.{c} = y.{d}",
    "SELECT {a}, count(*) OVER (PARTITION BY x.{c}), sum(1) OVER (ORDER BY x.{c}) FROM {t} x WHERE {p}",
    "SELECT x.{c}, count(*), count(DISTINCT {a}) FROM {t} x WHERE {p} GROUP BY x.{c} HAVING count(*) > 0",
    "SELECT DISTINCT x.{c} FROM {t} x JOIN {u} y USING ({c}) WHERE {p}",
    "SELECT count(*) FROM {t} x WHERE {p} AND x.{c} > (SELECT min(y.{d}) FROM {u} y WHERE {q})",
    "SELECT count(*) FROM (SELECT * FROM {t} x WHERE {p} ORDER BY {a} LIMIT 3) s JOIN {u} y ON s.{c} = y.{d}",
    "SELECT a.{c} FROM {t} a JOIN {t} x ON a.{c} = x.{c} LEFT JOIN {u} y ON y.{d} = a.{c} WHERE {p}",
)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_shape_of_statement_gives_the_same_rows(pair: Pair, shape: str, data: st.DataObject):
    t, c, u, d = data.draw(st.sampled_from(JOINS))
    if "USING" in shape:
        t, c, u, d = data.draw(st.sampled_from([join for join in JOINS if join[1] == join[3]]))
    a = "x." + data.draw(st.sampled_from(pair.columns[t]))
    b = "y." + data.draw(st.sampled_from(pair.columns[u]))
    p, q = data.draw(terms(pair, t, "x.")), data.draw(terms(pair, u, "y."))
    pair.check(shape.format(t=t, u=u, c=c, d=d, a=a, b=b, p=p, q=q))


@settings(max_examples=examples(60), deadline=None)
@given(data=st.data())
def test_a_join_that_names_the_files_gives_the_same_rows(pair: Pair, data: st.DataObject):
    """The required column comes from the other table, by a join or a subquery."""
    paths = "(SELECT column1 AS named FROM (VALUES ('/tree/a/x'), ('/tree/b/x'), ('/tree/none'), (NULL), (7)))"
    shape = data.draw(
        st.sampled_from(
            (
                "SELECT named, x.path, x.size FROM {paths} JOIN file x ON x.path = named",
                "SELECT named, x.path FROM {paths} LEFT JOIN file x ON x.path = named AND x.size > 0",
                "SELECT x.path, x.size FROM file x WHERE x.path IN (SELECT named FROM {paths})",
                "SELECT x.path FROM file x WHERE x.path IN (SELECT named FROM {paths}) OR x.directory = '/tree/b'",
                "SELECT named, (SELECT x.size FROM file x WHERE x.path = named) FROM {paths}",
                "SELECT named FROM {paths} WHERE EXISTS (SELECT 1 FROM file x WHERE x.path = named AND x.size > 0)",
                "SELECT y.path, x.path FROM file x JOIN file y ON y.directory = x.directory WHERE x.path = '/tree/a/x'",
            )
        )
    )
    pair.check(shape.format(paths=paths))


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_temporary_tables_and_views_give_the_same_rows(pair: Pair, kind: str):
    for database in (pair.hostql, pair.plain):
        list(database.execute(f"CREATE TEMP {kind} few AS SELECT uid, gid, username FROM users WHERE uid < 2000"))
    pair.check("SELECT f.username, g.groupname FROM few f LEFT JOIN groups g USING (gid) WHERE f.uid IN (0, 1000)")
    pair.check("SELECT username FROM few WHERE gid IN (SELECT gid FROM groups) OR uid = 1")
    for database in (pair.hostql, pair.plain):
        list(database.execute(f"DROP {kind} few"))
