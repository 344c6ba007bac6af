"""Records of every table that audit feeds, from the socket of auditd to a query of the buffer."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from hostql.events.buffer import Buffer
from hostql.events.catalog import catalog
from hostql.events.collector import Collector
from hostql.events.options import Options
from hostql.events.publishers.audit.publisher import Audit

from ...conftest import as_nobody
from .conftest import CAPTURED

_HEAD = "msg=audit(1700000000.00{0}:99{0}):"
# Types that the captured records lack.
OTHERS = "".join(
    f"type={kind} {_HEAD.format(number)} {text}\n"
    for number, (kind, text) in enumerate(
        [
            (
                "AVC",
                'apparmor="DENIED" operation="open" class="file" profile="p" name="/etc/x" pid=5 comm="c" '
                'requested_mask="r" denied_mask="r" fsuid=0 ouid=0',
            ),
            ("AVC", 'apparmor="STATUS" operation="profile_load" profile="unconfined" name="p"'),
            ("AVC", 'avc:  denied  { read } for  pid=7 comm="x" name="y" tclass=file permissive=0'),
            ("SECCOMP", 'auid=1 uid=1 gid=1 ses=3 pid=42 comm="a" exe="/x" sig=31 arch=c000003e syscall=59 ip=0x7f'),
            ("USER_AUTH", "uid=0 auid=1 ses=1 msg='op=x acct=\"alice\" res=failed'"),
        ]
    )
)
TABLES = {name: catalog().load(name) for name in Audit.tables}


def test_every_table_is_filled_and_queried() -> None:
    """An ordinary user's, so that no rule is added to the host's audit."""
    counts, lost = as_nobody(_collected)
    assert set(counts) == set(Audit.tables) and all(counts.values()), counts
    assert (counts["apparmor_events"], lost) == (2, 0)


def _collected() -> tuple[dict[str, int], int]:
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    os.set_blocking(writing, False)
    with tempfile.TemporaryDirectory() as folder:
        options = Options(audit="-", file_paths={"watched": ["/tmp/watched/%%"]})
        tables = list(TABLES.values())
        machinery = [catalog().load(name) for name in ("event_publishers", "event_exclusions", "osquery_events")]
        collector = Collector(Buffer(folder + "/events.db", [*tables, *machinery]), tables, [Audit], options)
        collector.start()
        data = CAPTURED.read_bytes() + OTHERS.encode()
        for at in range(0, len(data), 60_000):
            assert os.write(writing, data[at : at + 60_000])
            collector.step()
        collector.close()
        return _counts(folder + "/events.db")


def _counts(path: str) -> tuple[dict[str, int], int]:
    import apsw

    connection = apsw.Connection(path)
    counts: dict[str, Any] = {name: connection.execute(f"SELECT count(*) FROM {name}").get for name in TABLES}
    return counts, connection.execute("SELECT sum(lost) FROM event_publishers").get
