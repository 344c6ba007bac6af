"""What a watch remembers from round to round."""

from __future__ import annotations

from hostql.shell.repl.watch.rounds import HISTORY, LINGER, Rounds


def kinds(rounds: Rounds) -> list[tuple[str, object]]:
    return [(line.kind, line.row[0]) for line in rounds.lines]


def test_the_first_round_has_nothing_to_differ_from():
    rounds = Rounds(("pid", "name"), identity=[0])
    rounds.add([(1, "a"), (2, "b")])
    assert kinds(rounds) == [("same", 1), ("same", 2)]
    assert rounds.now["new"] == 0


def test_rows_of_a_watch_that_began_empty_are_new():
    rounds = Rounds(("pid", "name"), identity=[0])
    rounds.add([])
    rounds.add([(1, "a")])
    assert kinds(rounds) == [("new", 1)]


def test_a_row_that_is_gone_lingers():
    rounds = Rounds(("pid", "name"), identity=[0])
    rounds.add([(1, "a"), (2, "b")])
    seen = []
    for _ in range(LINGER + 1):
        rounds.add([(1, "a")])
        seen.append(kinds(rounds))
    assert seen == [[("same", 1), ("gone", 2)]] * LINGER + [[("same", 1)]]
    assert rounds.totals["gone"] == 1


def test_a_row_that_comes_back_is_new():
    rounds = Rounds(("pid", "name"), identity=[0])
    for rows in ([(1, "a")], [], [(1, "a")]):
        rounds.add(rows)
    assert [line.kind for line in rounds.lines] == ["new", "gone"]
    assert rounds.now == {"same": 0, "new": 1, "gone": 0, "changed": 0}
    assert rounds.totals["new"] == rounds.totals["gone"] == 1


def test_histories_follow_their_rows():
    rounds = Rounds(("pid", "size"), identity=[0])
    for i in range(HISTORY + 3):
        order = [(1, i), (2, -i)]
        rounds.add(order if i % 2 else order[::-1])
    by_pid = {line.row[0]: list(line.history[1]) for line in rounds.lines}
    assert by_pid[1] == list(range(3, HISTORY + 3))
    assert by_pid[2] == [-i for i in range(3, HISTORY + 3)]


def test_trends_are_what_the_query_orders_by_then_what_changes_most():
    rounds = Rounds(("pid", "still", "busy", "calm"), identity=[0], first=1)
    assert rounds.trends == []
    for i in range(4):
        rounds.add([(1, 7, i, i // 2)])
    assert rounds.trends == [1, 2]
    assert rounds.changing == [2, 3]


def test_the_users_key_wins():
    rounds = Rounds(("pid", "name"), identity=[0], by=[1])
    rounds.add([(1, "a")])
    rounds.add([(2, "a")])
    assert [(line.kind, line.cells) for line in rounds.lines] == [("changed", {0: 1})]
