"""When queries run: three simulated days, sleeps, clocks that are set, changes of the schedule."""

from __future__ import annotations

from hostql.daemon.config.model import ScheduledQuery
from hostql.daemon.schedule import Schedule, splay

START = 1_700_000_000
INTERVALS = (1, 7, 60, 61, 300, 3600, 86_400)
QUERIES = [ScheduledQuery(f"q{interval}", "SELECT 1", interval) for interval in INTERVALS]


def played(schedule: Schedule, seconds: int, start: int = START) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {query.name: [] for query in QUERIES}
    for second in range(start, start + seconds):
        for query in schedule.due(second + 0.3):
            found[query.name].append(second)
    return found


def test_seventy_two_hours():
    schedule = Schedule(START, percent=10, host="a")
    schedule.use(QUERIES, START)
    ran = played(schedule, 72 * 3600)
    for query in QUERIES:
        times = ran[query.name]
        assert abs(len(times) - 72 * 3600 // query.interval) <= 1
        assert {later - earlier for earlier, later in zip(times, times[1:])} <= {query.interval}
        offset = splay(query.name, query.interval, 10, "a")
        assert {time % query.interval for time in times} == {offset % query.interval}


def test_as_osquery_without_splay():
    schedule = Schedule(START)
    schedule.use(QUERIES, START)
    for name, times in played(schedule, 3700).items():
        assert all(time % int(name[1:]) == 0 for time in times)


def test_a_host_keeps_its_splay_and_hosts_differ():
    offsets = {host: splay("q", 3600, 50, host) for host in map(str, range(100))}
    assert all(0 <= offset < 1800 for offset in offsets.values())
    assert len(set(offsets.values())) > 80
    assert offsets["7"] == splay("q", 3600, 50, "7")


def test_a_suspended_host_catches_up_once():
    schedule = Schedule(START)
    schedule.use(QUERIES, START)
    played(schedule, 100)
    woken = START + 8 * 3600
    due = [query.name for query in schedule.due(woken)]
    assert len(due) == len(set(due)) and {"q300", "q3600"} <= set(due)
    assert [query.name for query in schedule.due(woken)] == []
    assert {query.name for query in schedule.due(woken + 1)} <= {"q1", "q7", "q60", "q61"}


def test_a_clock_set_back_makes_nobody_wait():
    schedule = Schedule(START)
    schedule.use(QUERIES, START)
    played(schedule, 1000)
    back = START - 365 * 86_400
    ran = played(schedule, 1000, back)
    assert abs(len(ran["q1"]) - 1000) <= 1 and abs(len(ran["q300"]) - 3) <= 1


def test_a_change_leaves_the_others_their_place():
    schedule = Schedule(START)
    schedule.use(QUERIES, START)
    played(schedule, 3600)
    schedule.use([ScheduledQuery("q300", "SELECT 2", 300), ScheduledQuery("new", "SELECT 3", 10)], START + 3600)
    due = {START + 3600 + n: [q.name for q in schedule.due(START + 3600 + n)] for n in range(300)}
    assert sum("q300" in names for names in due.values()) == 1
    assert sum("new" in names for names in due.values()) in (29, 30)
    assert schedule.next(START + 3900) in range(START + 3900, START + 3911)
