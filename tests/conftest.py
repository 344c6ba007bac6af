"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hostql.vtables.database import Database
from hostql.vtables.settings import Settings
from hostql.vtables.sources.host import Host

NOBODY = 65534


@pytest.fixture
def db() -> Iterator[Database]:
    """A database over the live host."""
    with Database() as database:
        yield database


@pytest.fixture
def open_root(tmp_path: Any) -> Iterator[Callable[..., Database]]:
    """open_root(settings) -> a database whose host is the (empty) tmp_path."""
    opened: list[Database] = []

    def open_it(settings: Settings | None = None) -> Database:
        opened.append(Database(host=Host(str(tmp_path)), settings=settings))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


def query(database: Database, sql: str, params: Any = ()) -> list[dict[str, Any]]:
    """All rows as dictionaries."""
    result = database.execute(sql, params)
    return [dict(zip(result.columns, row)) for row in result]


def notes(database: Database, sql: str, params: Any = ()) -> list[str]:
    """The notes of a statement run to its end."""
    result = database.execute(sql, params)
    list(result)
    return list(result.notes)


def as_nobody(action: Callable[[], Any]) -> Any:
    """What `action` returns (anything picklable) in a child process that has become an ordinary user.

    Skips where the tests are not root.
    """
    import pickle
    import traceback

    if os.geteuid() != 0:
        pytest.skip("needs root, to become an ordinary user")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            answer = (True, action())
        except BaseException:
            answer = (False, traceback.format_exc())
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(answer, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        worked, value = pickle.load(pipe)
    os.waitpid(child, 0)
    assert worked, value
    return value
