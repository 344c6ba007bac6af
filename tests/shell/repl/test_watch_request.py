"""What `.watch` is asked to do."""

from __future__ import annotations

import pytest
from hostql.shell.repl.watch.request import order_column, parse
from hostql.vtables.errors import HostqlError


@pytest.mark.parametrize(
    "argument, seconds, times, by, sql",
    [
        ("select 1", 2.0, None, [], "select 1"),
        ("5 select 1", 5.0, None, [], "select 1"),
        ("0.5s select 1", 0.5, None, [], "select 1"),
        ("500ms select 1", 0.5, None, [], "select 1"),
        ("1min select 1", 60.0, None, [], "select 1"),
        ("2 x5 select 1", 2.0, 5, [], "select 1"),
        ("x5 2 select 1", 2.0, 5, [], "select 1"),
        ("2 5 times select 1", 2.0, 5, [], "select 1"),
        ("2 by pid select 1", 2.0, None, ["pid"], "select 1"),
        ('by pid , "a ""b" 3 select 1', 3.0, None, ["pid", 'a "b'], "select 1"),
        ("2 processes", 2.0, None, [], "processes"),
        ("", 2.0, None, [], ""),
        ("3", 3.0, None, [], ""),
        ("2 with x as (select 5 times) select * from x", 2.0, None, [], "with x as (select 5 times) select * from x"),
    ],
)
def test_understood(argument, seconds, times, by, sql):
    request = parse(argument)
    assert (request.seconds, request.times, request.by, request.sql) == (seconds, times, by, sql)


@pytest.mark.parametrize("argument", ["0 select 1", "x0 select 1", "0.01 select 1", "100h select 1"])
def test_refused(argument: str):
    with pytest.raises(HostqlError):
        parse(argument)


@pytest.mark.parametrize(
    "sql, position",
    [
        ("select pid, size from t order by size desc", 1),
        ("select pid, size from t order by 2", 1),
        ("select pid, size from t order by T.PID limit 3", 0),
        ("select pid, size from t", None),
        ("select pid, size from t order by 9", None),
        ("select pid, size from t order by lower(size)", None),
        ("select * from (select 1 order by size) order by pid", 0),
        ('select pid, size from t order by "size"', 1),
        ("select pid, size from t order by pid -- order by size", 0),
        ("select pid, size, 'order by size' from t", None),
    ],
)
def test_the_column_of_order_by(sql: str, position: int | None):
    assert order_column(sql, ["pid", "size"]) == position
