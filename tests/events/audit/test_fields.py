"""What the fields of a record say, decided by their names; ausearch is asked, too."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hostql.events.publishers.audit.records import ENCODED, fields, text_of

from ...conftest import as_nobody, tool
from .test_decode import message

# Fields of records that become rows, and what ausearch calls the same.
_USER = "acct cmd cwd exe grp hostname addr terminal tty unit user grantors op id".split()
_APPARMOR = "profile name comm info operation requested_mask denied_mask error ouid".split()


@pytest.mark.parametrize("kind, names", [("USER_CMD", _USER), ("APPARMOR_DENIED", _APPARMOR)])
def test_ausearch_decodes_the_same_fields(tmp_path: Path, kind: str, names: list[str]) -> None:
    body = " ".join(f"{name}=616263" for name in names)
    line = {
        "USER_CMD": f"pid=1 uid=0 auid=0 ses=1 msg='{body} res=success'",
        "APPARMOR_DENIED": f'apparmor="DENIED" pid=1 {body}',
    }[kind]
    (tmp_path / "log").write_text(f"type={kind} msg=audit(1700000000.001:101): {line}\n")
    said = tool("ausearch", "-i", "-if", str(tmp_path / "log"))
    theirs = dict(re.findall(r"([\w-]+)=([^\s'=]+)", said))
    ours = {name: text_of(fields(b"audit(1.0:1): " + body.encode()), name) for name in names}
    decoded = {name for name in names if theirs[name] == "abc"}
    assert {name for name in names if ours[name] == "abc"} == decoded
    assert "acct" in decoded or "profile" in decoded


def test_digits_are_digits() -> None:
    row = message(1112, "pid=812 uid=0 auid=1000 ses=4 msg='op=login id=1000 exe=\"/x\" hostname=beef addr=? res=1'")
    assert (row["account"], row["address"], row["terminal"]) == ("1000", "beef", "")
    row = message(1326, "auid=0 uid=0 gid=0 ses=3 pid=4242 comm=612062 exe=2F78 sig=31 arch=c000003e syscall=1 ip=1234")
    assert (row["pid"], row["comm"], row["exe"], row["ip"]) == (4242, "a b", "/x", "1234")
    row = message(1503, 'apparmor="DENIED" operation="open" error=13 profile=2F612062 name=C3A9 capname=dead pid=7')
    assert (row["error"], row["profile"], row["name"], row["capname"]) == ("13", "/a b", "é", "dead")
    row = message(1100, "pid=1 uid=0 auid=0 msg='op=x acct=root exe=/usr/bin/su terminal=616263 res=success'")
    assert (row["account"], row["exe"], row["terminal"]) == ("root", "/usr/bin/su", "616263")


def test_numbers_are_never_encoded() -> None:
    assert not ENCODED & set(
        "id uid auid pid ppid ses res op hostname addr terminal tty error ip a0 arch syscall".split()
    )


CRYPTO = (
    "type=CRYPTO_KEY_USER msg=audit(1.0:101): pid=812 uid=0 auid=4294967295 ses=1 msg='op=destroy kind=server "
    'fp=SHA256:aa direction=? spid=813 suid=0 exe="/usr/sbin/sshd" hostname=? addr=? terminal=? res=success\'\n'
    'type=USER_AUTH msg=audit(1.0:102): pid=812 uid=0 auid=1 ses=1 msg=\'op=x acct="alice" exe="/x" res=success\'\n'
    "type=NEW_TYPE msg=audit(1.0:103): a=b\n"
    "no record\n"
)


def test_what_nobody_decodes_is_seen() -> None:
    """An ordinary user's, so that no rule is added to the host's audit."""
    from hostql.events.options import Options
    from hostql.events.publishers.audit.publisher import Audit

    def counted() -> tuple[list[Any], tuple[int, int]]:
        reading, writing = os.pipe()
        os.dup2(reading, 0)
        os.write(writing, CRYPTO.encode())
        added: list[Any] = []

        class Kept:
            def add(self, table: str, columns: Any, rows: Any) -> None:
                added.extend((table, len(rows)) for _ in rows[:1])

            def gap(self, text: str, lost: int) -> None: ...

        audit = Audit()
        audit.open(frozenset(("user_events",)), Options(audit="-"))
        audit.drain(Kept())  # type: ignore[arg-type]
        counters = audit.counters()
        audit.close()
        return added, (counters.seen, counters.lost)

    assert as_nobody(counted) == ([("user_events", 1)], (4, 1))


def test_ausearch_reads_the_types_that_are_seen(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(CRYPTO.splitlines()[0] + "\n")
    tool("ausearch", "--version")
    done = subprocess.run(["ausearch", "-m", "CRYPTO_KEY_USER", "-if", str(log)], capture_output=True, check=False)
    assert (done.returncode, done.stdout.count(b"CRYPTO_KEY_USER")) == (0, 1)
