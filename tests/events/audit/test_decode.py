"""What captured records become."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostql.events.publishers.audit.sockaddr import parse_sockaddr

from ...conftest import tool
from .conftest import Row, assembled, decoded, records


def of(rows: list[Row], table: str, **wanted: object) -> list[Row]:
    return [row for row in rows if row["table"] == table and all(row[name] == wanted[name] for name in wanted)]


def only(rows: list[Row], table: str, **wanted: object) -> Row:
    (row,) = of(rows, table, **wanted)
    return row


def test_every_record_has_its_place(rows: list[Row]) -> None:
    assembler = assembled(records())
    assert (assembler.malformed, assembler.incomplete, assembler.waiting) == (0, 0, 0)
    assert {} not in rows


def test_a_program_with_awkward_arguments(rows: list[Row]) -> None:
    row = only(rows, "process_events", path="/usr/bin/ls")
    assert row["cmdline"] == '/bin/ls a b  x"y é'
    assert row["cmdline_size"] == len('/bin/ls a b  x"y é'.encode()) + 1
    assert (row["cwd"], row["mode"], row["owner_uid"], row["owner_gid"]) == ("/tmp", "0755", 0, 0)
    assert (row["uid"], row["euid"], row["gid"], row["auid"]) == (0, 0, 0, 4294967295)
    assert (row["syscall"], row["success"], row["overflows"]) == ("execve", 1, "")
    assert row["parent"] == row["ppid"] > 0
    assert row["time"] == 1795549098


def test_long_arguments_come_in_pieces(rows: list[Row]) -> None:
    row = only(rows, "process_events", path="/usr/bin/echo")
    assert row["cmdline"] == f"/bin/echo {'y' * 9000} {'é' * 5000} z"
    assert row["overflows"] == ""


def test_a_lost_piece_is_told() -> None:
    given = [(kind, raw) for kind, raw in records() if b" a2[2]=" not in raw and b' a3="z"' not in raw]
    row = only(decoded(assembled(given)), "process_events", path="/usr/bin/echo")
    assert row["overflows"] == "cmdline"
    assert row["cmdline"].startswith("/bin/echo yyyy")


def test_a_script_is_its_interpreter(rows: list[Row]) -> None:
    assert only(rows, "process_events", cmdline="/bin/sh ./x.sh")["path"] == "/usr/bin/dash"


def test_a_program_that_may_not_be_started(rows: list[Row]) -> None:
    row = only(rows, "process_events", success=0)
    assert (row["path"], row["cmdline"]) == ("/etc/passwd", "")
    assert row["exe"].startswith("/usr/bin/python3")


@pytest.mark.parametrize(
    ("action", "status", "error", "address"),
    [
        ("bind", "succeeded", 0, "127.0.0.1"),
        ("listen", "succeeded", 0, None),
        ("accept", "no_client", 11, None),
        ("connect", "in_progress", 115, "127.0.0.1"),
        ("accept", "succeeded", 0, "127.0.0.1"),
        ("connect", "failed", 111, "::1"),
    ],
)
def test_sockets(rows: list[Row], action: str, status: str, error: int, address: str | None) -> None:
    python = [row for row in of(rows, "socket_events", action=action, status=status) if "python" in row["exe"]]
    row = next(row for row in python if row["family"] != 1)
    assert (row["error"], row["success"]) == (error, int(status == "succeeded"))
    side = "local" if action == "bind" else "remote"
    assert row[f"{side}_address"] == address
    assert (row[f"{side}_port"] is None) == (address is None)


def test_unix_sockets_have_a_path(rows: list[Row]) -> None:
    assert only(rows, "socket_events", socket="@abs tract")["action"] == "bind"
    assert only(rows, "socket_events", socket="/no/such")["error"] == 2


def test_files(rows: list[Row]) -> None:
    found = [(row["operation"], row["path"], row["dest_path"]) for row in of(rows, "process_file_events")]
    assert found == [
        ("open", "/tmp/watched/f", ""),
        ("rename", "/tmp/watched/f", "/tmp/watched/g h"),
        ("chmod", "/tmp/watched/g h", ""),
        ("truncate", "/tmp/watched/g h", ""),
        ("symlink", "/tmp/watched/l", ""),
        ("link", "/tmp/watched/g h", "/tmp/watched/h"),
        ("mkdir", "/tmp/watched/d", ""),
        ("rmdir", "/tmp/watched/d", ""),
        ("unlink", "/tmp/watched/g h", ""),
        ("unlink", "/tmp/watched/l", ""),
        ("unlink", "/tmp/watched/h", ""),
    ]


def test_users(rows: list[Row]) -> None:
    assert only(rows, "user_events", type_name="USER")["message"].startswith("text=hello world")
    command = only(rows, "user_events", type_name="USER_CMD")
    assert (command["path"], command["success"]) == ("/usr/bin/sudo", 1)
    refused = only(rows, "user_events", success=0)
    assert (refused["type_name"], refused["account"], refused["uid"]) == ("USER_AUTH", "root", 65534)
    assert refused["path"] == "/usr/bin/su"
    assert refused["address"] == refused["terminal"] == ""


def message(kind: int, text: str) -> Row:
    (row,) = decoded(assembled([(kind, f"audit(1364481363.243:24287): {text}".encode())]))
    return row


def test_seccomp() -> None:
    row = message(
        1326,
        'auid=1000 uid=1000 gid=1000 ses=3 pid=42 comm="a b" exe="/usr/bin/x" sig=31 arch=c000003e syscall=59 compat=0 '
        "ip=0x7f5a code=0x80000000",
    )
    assert (row["table"], row["syscall"], row["arch"], row["code"]) == (
        *("seccomp_events", "execve", "x86_64", "KILL_PROCESS"),
    )
    assert (row["pid"], row["comm"], row["sig"], row["ip"]) == (42, "a b", 31, "0x7f5a")


def test_selinux_and_apparmor_share_a_type() -> None:
    denied = 'apparmor="DENIED" operation="open" profile="/usr/sbin/x" name="/etc/shadow" pid=7 comm="x" fsuid=0'
    row = message(1400, denied)
    assert (row["table"], row["type"], row["operation"]) == ("apparmor_events", "APPARMOR_DENIED", "open")
    assert (row["name"], row["pid"], row["fsuid"], row["info"]) == ("/etc/shadow", 7, 0, None)
    row = message(1400, 'avc:  denied  { read } for  pid=7 comm="x" name="y" tclass=file permissive=0')
    assert (row["table"], row["type"]) == ("selinux_events", "AVC")
    assert row["message"].startswith("avc:  denied")


def test_dbus_daemon_reports_for_apparmor() -> None:
    """Its pid is dbus-daemon's; the process that was denied is named in the message."""
    head = "pid=500 uid=102 auid=4294967295 ses=4294967295 msg='"
    row = message(
        1107,
        head + 'apparmor="DENIED" operation="dbus_method_call" bus="system" path="/org/x" name=":1.5" mask="send" '
        'pid=812 label="snap.x" peer_label="unconfined" exe="/usr/bin/dbus-daemon" sauid=102 hostname=? terminal=?\'',
    )
    assert (row["table"], row["type"], row["pid"]) == ("apparmor_events", "APPARMOR_DENIED", 812)
    assert (row["operation"], row["label"], row["name"]) == ("dbus_method_call", "snap.x", ":1.5")
    row = message(1107, head + 'avc:  denied  { send_msg } for apparmor="no" exe="/usr/bin/dbus-daemon"\'')
    assert row["table"] == "selinux_events"


USER = "pid=812 uid=0 auid=4294967295 ses=4294967295 msg='op=PAM:authentication acct="
SSHD = ' exe="/usr/sbin/sshd" hostname=1.2.3.4 addr=1.2.3.4 terminal=ssh res=failed'


@pytest.mark.parametrize("account", ["a'", "'", "a'pid=x", "a'res=success'uid=0", "a' msg='b", "a'\"res=1"])
def test_a_quote_in_a_user_name_hides_nothing(account: str) -> None:
    text = account.encode().hex().upper() if '"' in account or " " in account else f'"{account}"'
    row = message(1100, f"{USER}{text}{SSHD}'")
    assert (row["account"], row["pid"], row["uid"], row["success"]) == (account, 812, 0, 0)
    assert (row["path"], row["address"], row["terminal"]) == ("/usr/sbin/sshd", "1.2.3.4", "ssh")
    assert row["message"] == f"op=PAM:authentication acct={text}{SSHD}"


def test_ausearch_reads_a_quote_in_a_user_name_alike(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"type=USER_AUTH msg=audit(1700000000.001:101): {USER}\"a'pid=x\"{SSHD}'\n")
    said = tool("ausearch", "-i", "-if", str(tmp_path / "log"))
    assert "acct=a'pid=x" in said and "res=failed" in said


def test_a_record_that_was_cut_loses_no_letter() -> None:
    row = message(1100, f'{USER}"ali')
    assert (row["account"], row["message"], row["success"]) == ("ali", 'op=PAM:authentication acct="ali', None)
    assert message(1100, f'{USER}"alice" terminal=ss')["terminal"] == "ss"


def test_records_without_a_pid_are_no_loss() -> None:
    row = message(1100, "uid=0 auid=1 ses=1 msg='op=x acct=\"alice\" res=failed'")
    assert (row["account"], row["pid"], row["success"]) == ("alice", None, 0)


def test_selinux_says_in_words_which_context_is_invalid() -> None:
    row = message(1401, "op=security_compute_av invalid_context=61206222 scontext=beef")
    assert row["message"] == 'op=security_compute_av invalid_context="a b\\"" scontext=beef'


@pytest.mark.parametrize("raw", ["", "02", "0200", "02000050", "0A00005000000000"])
def test_addresses_cut_short(raw: str) -> None:
    if len(raw) < 4:
        with pytest.raises(ValueError):
            parse_sockaddr(bytes.fromhex(raw))
    else:
        assert parse_sockaddr(bytes.fromhex(raw)).address is None
