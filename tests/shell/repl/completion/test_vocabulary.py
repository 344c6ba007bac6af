"""The words of a real session: its tables, what was attached and made, what results showed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hostql.shell.repl.completion.completer import SqlCompleter
from hostql.shell.repl.completion.functions import documented
from hostql.shell.repl.completion.values import enumerated
from hostql.shell.repl.completion.vocabulary import Vocabulary
from hostql.vtables.catalog import Catalog
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryError
from hostql.vtables.sources.host import Host
from hostql.vtables.table import INTEGER, TEXT
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.document import Document


@pytest.fixture
def session() -> Iterator[SimpleNamespace]:
    """What completion needs of a session: its database, parameters and last result."""
    with Database() as database:
        yield SimpleNamespace(database=database, params={}, last=None)


def run(session: SimpleNamespace, sql: str) -> None:
    """Run a statement as a session does: the result is its last."""
    result = session.database.execute(sql)
    columns = result.columns
    session.last = SimpleNamespace(sql=sql, columns=columns, rows=list(result))


def completions(vocabulary: Vocabulary, text: str) -> list[Completion]:
    before, _, after = text.partition("|")
    document = Document(before + after, len(before))
    return list(SqlCompleter(vocabulary).get_completions(document, CompleteEvent(completion_requested=True)))


def texts(vocabulary: Vocabulary, text: str) -> list[str]:
    return [completion.text for completion in completions(vocabulary, text)]


def test_one_table_is_loaded_when_it_is_needed(session):
    vocabulary = Vocabulary(session)
    assert texts(vocabulary, "select p.| from processes p")[0] == "pid"
    assert not vocabulary.words.tables["users"].known
    vocabulary.load()
    assert vocabulary.words.tables["users"].known
    assert "username" in texts(vocabulary, "select usern|")


def test_every_column_of_the_catalogue_can_be_completed(session):
    vocabulary = Vocabulary(session)
    for name in session.database.catalog:
        columns = [c.name for c in session.database.catalog.load(name).columns if not c.hidden]
        found = {text.strip('"') for text in texts(vocabulary, f"select t.| from {name} t")}
        assert set(columns) <= found


def test_a_table_that_cannot_be_loaded_is_left_out(session, monkeypatch):
    monkeypatch.setitem(session.database.catalog._foreign, "nowhere", "hostql_no_such_package:Nowhere")
    vocabulary = Vocabulary(session)
    vocabulary.load()
    assert "nowhere" not in texts(vocabulary, "select * from |")
    assert texts(vocabulary, "select n.| from nowhere n") == []


def test_attached_and_temporary_tables(session, tmp_path: Path):
    saved = tmp_path / "saved.db"
    with sqlite3.connect(saved) as connection:
        connection.execute('create table "old sockets" (pid integer primary key, "seen at" integer)')
        connection.execute('create view ports as select pid from "old sockets"')
    connection.close()
    vocabulary = Vocabulary(session)
    assert "kept" not in texts(vocabulary, "select * from ke|")
    run(session, f"attach '{saved}' as before")
    run(session, "create temp table kept as select pid, name from processes limit 0")
    run(session, "create temp view mine as select username, uid from users")
    found = texts(vocabulary, "select * from |")
    assert {"kept", "mine", '"old sockets"', "ports", "before."} <= set(found)
    assert texts(vocabulary, "select * from before.|") == ['"old sockets"', "ports"]
    assert texts(vocabulary, 'select s.| from before."old sockets" s')[:2] == ["pid", '"seen at"']
    assert texts(vocabulary, "select k.| from kept k")[:2] == ["pid", "name"]
    assert set(texts(vocabulary, "select m.| from mine m")) == {"username", "uid", "*"}
    run(session, "drop table kept")
    run(session, "detach before")
    found = texts(vocabulary, "select * from |")
    assert "kept" not in found and "ports" not in found and "mine" in found


def test_a_view_that_lost_its_table_is_survived(session, tmp_path: Path):
    saved = tmp_path / "saved.db"
    with sqlite3.connect(saved) as connection:
        connection.execute("create view lost as select gone from nowhere")
    connection.close()
    vocabulary = Vocabulary(session)
    run(session, f"attach '{saved}' as old")
    assert "lost" in texts(vocabulary, "select * from |")


def test_values_that_a_result_showed(session):
    vocabulary = Vocabulary(session)
    run(session, "select u.username as who, u.*, uid + 1 from users u where uid = 0")
    assert texts(vocabulary, "select * from users where username = |")[0] == "'root'"
    assert texts(vocabulary, "select * from users where uid = |")[0] == "0"
    assert "'root'" not in texts(vocabulary, "select * from processes where name = |")


def test_values_that_would_drive_a_terminal_are_not_offered(session):
    vocabulary = Vocabulary(session)
    run(session, "select 1")
    rows = [("\x1b[31m",), ("two\nlines",), ("\u202eback",), ("ok",)]
    session.last = SimpleNamespace(sql="select name from processes", columns=("name",), rows=rows)
    values = [text for text in texts(vocabulary, "select * from processes where name = |") if text[0] == "'"]
    assert values == ["'ok'"]


def test_names_are_shown_harmless(session):
    vocabulary = Vocabulary(session)
    run(session, 'create temp table "a\x1b[31mb" (x)')
    found = next(c for c in completions(vocabulary, "select * from |") if "\x1b" in c.text)
    assert "\x1b" not in found.display_text and "\\x1b" in found.display_text


def test_what_statements_named_comes_first_among_equals(session):
    vocabulary = Vocabulary(session)
    vocabulary.load()
    before = texts(vocabulary, "select * from process_o|")
    run(session, "select count(*) from process_open_sockets where pid = 0")
    assert before[0] != "process_open_sockets"
    assert texts(vocabulary, "select * from process_o|")[0] == "process_open_sockets"


def test_completion_reads_no_table(session):
    vocabulary = Vocabulary(session)
    vocabulary.load()
    scanned: list[str] = []

    class Watched:
        def __getattr__(self, name: str) -> None:
            scanned.append(name)
            raise OSError(name)

    session.database.host = Watched()
    for text in ("select * from processes where name = |", "select * from file where path = |", "select * from |"):
        texts(vocabulary, text)
    assert scanned == [] and not session.database.statement.recordings
    with pytest.raises(QueryError):
        list(session.database.execute("select * from etc_hosts"))
    assert scanned


def test_paths_are_those_of_the_root(session, tmp_path):
    """A string of SQL is a path of the scanned host; what .read opens lies here."""
    (tmp_path / "root/etc/only-there").mkdir(parents=True)
    (tmp_path / "root/out").symlink_to(tmp_path)
    session.database.host = Host(str(tmp_path / "root"))
    vocabulary = Vocabulary(session)
    assert texts(vocabulary, "select * from file where path = '/etc/only|") == ["'/etc/only-there/"]
    assert texts(vocabulary, "select * from file where path = '/ou|") == ["'/out'"]
    assert texts(vocabulary, f".read {tmp_path}/ro|") == [f"{tmp_path}/root/"]


def test_while_typing_it_works_on_another_thread(session):
    vocabulary = Vocabulary(session)

    async def found() -> list[Completion]:
        completer = SqlCompleter(vocabulary)
        event = CompleteEvent(text_inserted=True)
        return [c async for c in completer.get_completions_async(Document("select * from kernel_inf"), event)]

    first = asyncio.run(found())[0]
    assert (first.text, first.start_position) == ("kernel_info", -10)
    assert ("class:fuzzymatch.inside.character", "kernel_inf") in list(first.display)


def test_every_documented_function_exists(session):
    have = {name for (name,) in session.database.connection.execute("SELECT name FROM pragma_function_list")}
    missing = set(documented()) - have
    assert not missing or session.database.connection.execute("SELECT sqlite_version() < '3.51'").fetchone()[0]


@pytest.mark.parametrize(
    "table, column, values",
    [
        ("processes", "state", ["R", "S", "D", "Z", "T", "I"]),
        ("processes", "on_disk", [1, 0]),
        ("process_open_sockets", "family", [2, 10, 1, 17]),
        ("listening_ports", "protocol", [6, 17, 136, 0]),
        ("file", "type", ["regular", "directory", "symlink", "fifo", "socket", "character", "block"]),
        ("shadow", "password_status", ["locked", "empty", "active"]),
        ("last", "type", [7, 8, 2, 1]),
        ("processes", "name", []),
        ("process_memory_map", "permissions", []),
    ],
)
def test_values_a_column_documents(table: str, column: str, values: list[object]):
    declared = Catalog().load(table).column(column)
    assert [value for value, _ in enumerated(declared.type, declared.doc)] == values


def test_sentences_are_no_values():
    assert enumerated(TEXT, "Path of the file; [heap] and the like; '' for anonymous memory") == ()
    assert enumerated(TEXT, "Name of the user") == ()
    assert enumerated(INTEGER, "Number of its threads, 1 or more") == ()
