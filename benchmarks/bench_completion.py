"""Completion: time of one at each place of a statement with 150 tables, and what the tables cost to import."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..shell.repl.completion import Words, suggest
from ..shell.repl.completion.functions import documented, table_functions
from ..shell.repl.completion.words import TableWord
from ..vtables.catalog import Catalog
from .measure import verdict

TABLES = 150
ROUNDS = 5
# Typed character by character; each keystroke is a completion.
TYPED = (
    "select p.pid, p.name, s.remote_address from processes p join process_open_sockets s on p.pid = s.pid "
    "where p.state = 'S' and s.remote_port in (443, 80) and p.path like '/usr/%' order by p.start_time desc limit 10;",
    "with busy(pid, files) as (select pid, count(*) as n from process_open_files group by pid having n > 10) "
    "select u.username, sum(files) total from busy join processes using (pid) join users u on u.uid = processes.uid "
    "where exists (select 1 from listening_ports l where l.pid = busy.pid and l.port = 22) group by 1;",
    "select name, hash.sha256 from processes join hash on hash.path = processes.path where on_disk = 1;",
    "select na",
    "select * from file where directory = '/etc' and mtime > unixepoch() - 3600",
)
# The places where all tables or all their columns are candidates.
WIDEST = ("select ", "select n", "select e", "select * from ", "select * from e", "select * from processes p join ")


def main() -> None:
    """Print the median and the 99th percentile of the completions, the widest places, and the cost of importing."""
    started = time.perf_counter()
    words = _words()
    imported = (time.perf_counter() - started) * 1000
    started = time.perf_counter()
    for table in words.tables.values():
        _ = table.domains
    words.popular()
    related = (time.perf_counter() - started) * 1000
    print(f"{len(words.tables)} tables, behind the prompt: {imported:.0f} ms to import, {related:.1f} ms to relate")
    taken = sorted(_keystrokes(words))
    count = f"{len(taken)} keystrokes, the longest {taken[-1]:.1f} ms"
    verdict("completion, p50", taken[len(taken) // 2], 5, count, " ms")
    verdict("completion, p99", taken[len(taken) * 99 // 100], 20, count, " ms")
    for text in WIDEST:
        times = sorted(_time(text, "", words) for _ in range(4 * ROUNDS))
        print(f"     {text + '|':<40} {times[len(times) // 2]:.2f} ms, {len(suggest(text, '', words)[1])} candidates")
    for length in (25_000, 100_000):
        text = "select * from processes where " + "pid = 1 or " * (length // 11)
        print(f"     {length:,} characters before the cursor: {_time(text, '', words):.0f} ms")


def _words() -> Words:
    """The catalogue's tables, and copies of them up to 150 under other names."""
    catalog = Catalog()
    own = [catalog.load(name) for name in catalog]
    tables = [TableWord(table.name, (table.__doc__ or "").split("\n", 1)[0], table.columns) for table in own]
    for number in range(TABLES - len(tables)):
        table = own[number % len(own)]
        tables.append(TableWord(f"{table.name}_{number}", "another table", table.columns))
    return Words(tables, list(documented().values()), table_functions=table_functions())


def _keystrokes(words: Words) -> Iterator[float]:
    """Milliseconds of each completion, while the statements are typed, and while one's select list is filled in."""
    typed = [(text[:at], "") for text in TYPED for at in range(1, len(text) + 1)]
    after = " from processes p join users u using (uid) where u.username = 'root'"
    typed += [("select p.name"[:at], after) for at in range(len("select "), len("select p.name") + 1)]
    for _ in range(ROUNDS):
        for before, following in typed:
            yield _time(before, following, words)


def _time(before: str, after: str, words: Words) -> float:
    started = time.perf_counter()
    suggest(before, after, words)
    return (time.perf_counter() - started) * 1000
