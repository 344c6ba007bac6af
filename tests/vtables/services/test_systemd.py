"""`systemd_units` and `systemd_timers`: by D-Bus, from a service that answers as systemd does, and by files."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import notes, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.sources.unit_times import is_calendar, is_span

CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
UNITS = [
    ("cron.service", "Runs jobs", "loaded", "active", "running", "", "/units/cron", 0, "", "/"),
    ("gone.service", "gone.service", "not-found", "inactive", "dead", "", "/units/gone", 0, "", "/"),
    ("daily.timer", "Every day", "loaded", "active", "waiting", "", "/units/daily", 7, "start", "/jobs/7"),
    ("-.mount", "Root", "loaded", "active", "mounted", "", "/units/root", 0, "", "/"),
]
UNIT = "org.freedesktop.systemd1.Unit"
PROPERTIES = {
    ("/units/cron", UNIT, "UnitFileState"): "enabled",
    ("/units/cron", UNIT, "FragmentPath"): "/usr/lib/systemd/system/cron.service",
    ("/units/cron", "org.freedesktop.systemd1.Service", "User"): "daemon",
    ("/units/root", UNIT, "SourcePath"): "/etc/fstab",
}
INFINITY = (1 << 64) - 1


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A message bus of its own, where hostql looks for the system's."""
    if not shutil.which("dbus-daemon"):
        pytest.skip("needs dbus-daemon")
    place = tmp_path / "bus"
    (tmp_path / "bus.conf").write_text(CONFIGURATION.format(path=place))
    command = ["dbus-daemon", f"--config-file={tmp_path}/bus.conf", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={place}")
        yield str(place)
        daemon.terminate()


class Systemd(threading.Thread):
    """A service on the bus that lists units and tells their properties; records what it was asked."""

    def __init__(self, place: str, properties: dict[Any, Any], types: dict[str, str]) -> None:
        from jeepney.bus_messages import message_bus
        from jeepney.io.blocking import open_dbus_connection

        super().__init__(daemon=True)
        self.asked: list[str] = []
        self._properties = properties
        self._types = types
        self._connection = open_dbus_connection(f"unix:path={place}")
        assert self._connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.systemd1")).body == (1,)

    def run(self) -> None:
        from jeepney import HeaderFields, MessageType, new_error, new_method_return

        while True:
            try:
                message = self._connection.receive()
            except OSError:
                return
            if message.header.message_type is not MessageType.method_call:
                continue
            member = message.header.fields[HeaderFields.member]
            self.asked.append(member)
            if member == "Stop":
                self._connection.close()
                return
            if member == "ListUnits":
                reply = new_method_return(message, "a(ssssssouso)", (UNITS,))
            else:
                key = (message.header.fields[HeaderFields.path], *message.body)
                if key in self._properties:
                    reply = new_method_return(message, "v", ((self._types.get(key[2], "s"), self._properties[key]),))
                else:
                    reply = new_error(message, "org.freedesktop.DBus.Error.UnknownProperty", "s", ("no such",))
            self._connection.send(reply)

    def stop(self, place: str) -> None:
        from jeepney import DBusAddress, new_method_call
        from jeepney.io.blocking import open_dbus_connection

        with open_dbus_connection(f"unix:path={place}") as connection:
            connection.send(new_method_call(DBusAddress("/", "org.freedesktop.systemd1", "a.b"), "Stop"))
            self.join(timeout=30)
        assert not self.is_alive()


@pytest.fixture
def systemd(bus: str) -> Iterator[Callable[..., Systemd]]:
    started = []

    def start(properties: dict[Any, Any] | None = None, types: dict[str, str] | None = None) -> Systemd:
        started.append(Systemd(bus, properties or PROPERTIES, types or {}))
        started[0].start()
        return started[0]

    yield start
    for service in started:
        service.stop(bus)


def test_units_are_those_that_systemd_lists(db: Database, systemd: Callable[..., Systemd]) -> None:
    systemd()
    rows = query(db, "SELECT * FROM systemd_units WHERE object_path <> ''")
    assert [(row["id"], row["load_state"], row["active_state"], row["sub_state"]) for row in rows] == [
        (fields[0], *fields[2:5]) for fields in UNITS
    ]
    by_id = {row["id"]: row for row in rows}
    cron = by_id["cron.service"]
    assert (cron["unit_file_state"], cron["user"], cron["description"]) == ("enabled", "daemon", "Runs jobs")
    assert cron["fragment_path"] == "/usr/lib/systemd/system/cron.service"
    assert by_id["-.mount"]["source_path"] == "/etc/fstab"
    assert (by_id["daily.timer"]["job_id"], by_id["daily.timer"]["job_type"]) == (7, "start")
    # What systemd does not tell of a unit is '', as in osquery.
    assert by_id["gone.service"]["fragment_path"] == ""


def test_properties_are_asked_of_the_rows_that_show_them(db: Database, systemd: Callable[..., Systemd]) -> None:
    service = systemd()
    assert query(db, "SELECT sub_state FROM systemd_units WHERE id = 'cron.service'") == [{"sub_state": "running"}]
    assert "Get" not in service.asked
    query(db, "SELECT user FROM systemd_units WHERE id = 'cron.service'")
    assert service.asked.count("Get") == 1


def test_units_that_are_not_loaded_are_listed_by_their_files(db: Database, systemd: Callable[..., Systemd]) -> None:
    by_files = {row["id"]: row["unit_file_state"] for row in query(db, "SELECT * FROM systemd_units")}
    systemd()
    rows = query(db, "SELECT * FROM systemd_units WHERE object_path = ''")
    assert {row["id"]: row["unit_file_state"] for row in rows} == {
        id: state for id, state in by_files.items() if id not in [fields[0] for fields in UNITS]
    }
    assert {(row["load_state"], row["active_state"], row["sub_state"]) for row in rows} <= {("", "inactive", "dead")}


def test_a_bus_without_systemd_is_noted(db: Database, bus: str) -> None:
    said = notes(db, "SELECT id, active_state FROM systemd_units")
    assert any("systemd cannot be asked" in note for note in said)
    assert any("whether they run is not known" in note for note in said)


def test_something_else_at_the_place_of_the_bus_is_noted(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bus").write_text("")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    assert any("systemd cannot be asked" in note for note in notes(db, "SELECT id FROM systemd_units"))


TIMER = "org.freedesktop.systemd1.Timer"


@pytest.mark.parametrize(
    "realtime, monotonic, last, expected",
    [
        (1_900_000_000_000_000, INFINITY, 1_700_000_000_000_000, (1_900_000_000, 1_700_000_000)),
        (0, INFINITY, 0, (None, None)),
        (INFINITY, 0, INFINITY, (None, None)),
    ],
)
def test_when_a_timer_comes(
    systemd: Callable[..., Systemd], a_timer: Database, realtime: int, monotonic: int, last: int, expected: Any
) -> None:
    values = {"NextElapseUSecRealtime": realtime, "NextElapseUSecMonotonic": monotonic, "LastTriggerUSec": last}
    systemd({("/units/daily", TIMER, name): value for name, value in values.items()}, dict.fromkeys(values, "t"))
    (row,) = query(a_timer, "SELECT * FROM systemd_timers WHERE id = 'daily.timer'")
    assert (row["next_elapse"], row["last_trigger"]) == expected
    assert (row["active_state"], row["calendar"], row["unit"]) == ("active", "daily", "daily.service")


def test_an_interval_is_counted_from_the_boot(systemd: Callable[..., Systemd], a_timer: Database) -> None:
    """In an hour, by the clock of the boot: sooner than the calendar."""
    values = {
        "NextElapseUSecRealtime": 4_000_000_000_000_000,
        "NextElapseUSecMonotonic": time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000 + 3_600_000_000,
    }
    systemd({("/units/daily", TIMER, name): value for name, value in values.items()}, dict.fromkeys(values, "t"))
    before = int(time.time())
    (row,) = query(a_timer, "SELECT next_elapse FROM systemd_timers WHERE id = 'daily.timer'")
    assert before + 3599 <= row["next_elapse"] <= int(time.time()) + 3600


@pytest.fixture
def a_timer(db: Database) -> Iterator[Database]:
    """The unit file of a timer, where this host keeps what an administrator adds at run time."""
    folder = Path("/run/systemd/system")
    if not IS_ROOT:
        pytest.skip("needs root, to add a unit file")
    # The folder is the host's: others who test here wait.
    with open("/run/lock/hostql-timer-test.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "daily.timer"
        file.write_text("[Timer]\nOnCalendar=daily\n")
        yield db
        file.unlink()
        for each in made:
            each.rmdir()


# By files.

FILES = {
    "usr/lib/systemd/system/plain.service": "[Unit]\nDescription=Plain\n[Service]\nUser=ann\nExecStart=/bin/true\n",
    "usr/lib/systemd/system/off.service": "[Install]\nWantedBy=multi-user.target\n",
    "usr/lib/systemd/system/on.service": "[Install]\nWantedBy=multi-user.target\nAlias=other.service\n",
    "usr/lib/systemd/system/named.service": "[Install]\nAlias=display.service\n",
    "usr/lib/systemd/system/also.service": "[Install]\nAlso=also.socket\n",
    "usr/lib/systemd/system/also.socket": "[Socket]\nListenStream=/run/also\n[Install]\nWantedBy=sockets.target\n",
    "usr/lib/systemd/system/tty@.service": "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
    "usr/lib/systemd/system/many@.service": "[Install]\nWantedBy=getty.target\nDefaultInstance=one\n",
    "usr/lib/systemd/system/hidden.service": "[Install]\nWantedBy=multi-user.target\n",
    "usr/lib/systemd/system/brief.service": "[Install]\nRequiredBy=multi-user.target\n",
    "usr/lib/systemd/system/always.service": "[Unit]\nDescription=Always\n",
    "usr/lib/systemd/system/run.timer": "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
    "etc/systemd/system/run.timer.d/m.conf": "[Timer]\nOnCalendar=\nOnCalendar=weekly\nOnBootSec=5m\nPersistent=1\n",
    "opt/foreign.service": "[Install]\nWantedBy=multi-user.target\n",
    "etc/systemd/system/empty.service": "",
}
COMMANDS = [
    ["enable", "on.service", "named.service", "tty@tty1.service", "many@two.service", "also.socket", "run.timer"],
    ["enable", "--runtime", "brief.service"],
    ["mask", "hidden.service"],
    ["link", "/opt/foreign.service"],
]


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """A root in which systemctl enabled, masked and linked units."""
    if not shutil.which("systemctl"):
        pytest.skip("needs systemctl")
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "usr/lib/systemd/system/multi-user.target.wants").mkdir()
    (tmp_path / "usr/lib/systemd/system/multi-user.target.wants/always.service").symlink_to("../always.service")
    for command in COMMANDS:
        done = subprocess.run(["systemctl", f"--root={tmp_path}", *command], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    return tmp_path


def test_states_of_unit_files_are_those_of_systemctl(open_root: Callable[..., Database], units: Path) -> None:
    command = ["systemctl", f"--root={units}", "list-unit-files", "--no-legend", "--no-pager"]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    theirs = {line.split()[0]: line.split()[1] for line in printed.splitlines()}
    rows = query(open_root(), "SELECT id, unit_file_state FROM systemd_units")
    assert {row["id"]: row["unit_file_state"] for row in rows} == theirs
    assert {"enabled", "enabled-runtime", "disabled", "static", "masked", "alias", "indirect", "linked"} <= {
        *theirs.values()
    }


def test_states_of_this_hosts_unit_files_are_those_of_systemctl(db: Database) -> None:
    if not shutil.which("systemctl"):
        pytest.skip("needs systemctl")
    command = ["systemctl", "--root=/", "list-unit-files", "--no-legend", "--no-pager"]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    theirs = {line.split()[0]: line.split()[1] for line in printed.splitlines()}
    rows = query(db, "SELECT id, unit_file_state FROM systemd_units WHERE unit_file_state <> ''")
    ours = {row["id"]: row["unit_file_state"] for row in rows}
    assert {id: ours.get(id) for id in theirs} == theirs


def test_what_unit_files_say(open_root: Callable[..., Database], units: Path) -> None:
    rows = query(open_root(), "SELECT id, description, user, load_state, active_state FROM systemd_units")
    by_id = {row.pop("id"): [*row.values()] for row in rows}
    assert by_id["plain.service"] == ["Plain", "ann", "loaded", ""]
    assert by_id["hidden.service"] == ["", "", "masked", ""]


def test_a_timer_with_a_drop_in_and_a_stamp(open_root: Callable[..., Database], units: Path) -> None:
    stamp = units / "var/lib/systemd/timers/stamp-run.timer"
    stamp.parent.mkdir(parents=True)
    stamp.write_text("")
    os.utime(stamp, (1_700_000_000, 1_700_000_000))
    (row,) = query(open_root(), "SELECT * FROM systemd_timers")
    row.pop("fragment_path")
    assert row == {
        "id": "run.timer",
        "unit": "run.service",
        "calendar": "weekly",
        "intervals": "OnBootSec=5m",
        "persistent": 1,
        "state": "enabled",
        "next_elapse": None,
        "last_trigger": 1_700_000_000,
        "active_state": "",
    }


def test_calendars_of_this_hosts_timers_are_understood_by_systemd_analyze(db: Database) -> None:
    """Each is an expression, whole: systemd-analyze takes it as it stands."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    rows = query(db, "SELECT calendar FROM systemd_timers WHERE calendar <> '' AND calendar NOT LIKE '%,%'")
    if not rows:
        pytest.skip("no timers here")
    command = ["systemd-analyze", "calendar", *{row["calendar"] for row in rows}]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


# What stands in a unit, and its description: as systemd 257 takes it (systemd --test --system).
TEXTS = [
    ("[Unit]\nDescription=a \\\n  b\n", "a    b"),
    ("[Unit]\nDescription=a\\\n# x\n  b\n", "a   b"),
    ("[Unit]\nDescription=a\\\n# x\\\n;y\n  b\n", "a   b"),
    ("[Unit]\n# x\\\nDescription=a\n", "a"),
    ("\ufeff[Unit]\nDescription=a\n", "a"),
    ("[Unit]\nDescription=a\\\\\nX=b\n", "a\\\\"),
    ("[Unit]\nDescription=a\\\n\nDocumentation=b\n", "a"),
    ("[Unit]\nDescription=a\\ \nb\n", "a\\"),
    (" [Unit]\n  Description = a  \n", "a"),
    ("[Unit]\nDescription=a # b\n", "a # b"),
    ('[Unit]\nDescription="a b"\n', '"a b"'),
    ("[X-Foo]\nDescription=a\n", ""),
    ("[Unit]\nDescription=a\n[Foo]\nDescription=b\n", "a"),
    ("[Unit]\nDescription=a\nDescription=\n", ""),
    ("[Unit]\r\nDescription=a\\\r\nb\r\n", "a b"),
    ("Description=a\n[Unit]\n", ""),
    ("[Unit]\ndescription=a\n", ""),
    ("\\\n[Unit]\nDescription=a\n", "a"),
    ("[Unit]\nDescription=a\\\n[Service]\nUser=daemon\n", "a [Service]"),
    ("[Unit]\nDescription\n=x\nDescription=a=b\n", "a=b"),
    ("[Unit]\nDescription=%n %N %p %P %i %j %J %f %%\n", "a-b.service a-b a-b a/b  b b /a/b %"),
]


@pytest.mark.parametrize("text, description", TEXTS)
def test_a_unit_is_read_by_the_syntax_of_systemd(
    tmp_path: Path, open_root: Callable[..., Database], text: str, description: str
) -> None:
    lay(tmp_path, {"etc/systemd/system/a-b.service": text})
    assert query(open_root(), "SELECT description FROM systemd_units") == [{"description": description}]


@pytest.mark.parametrize("text", ["[Unit\nDescription=a\n", "[Unit]x\nDescription=a\n[Unit]\nDescription=b\n"])
def test_a_unit_that_systemd_cannot_load(tmp_path: Path, open_root: Callable[..., Database], text: str) -> None:
    lay(tmp_path, {"etc/systemd/system/a.service": text})
    rows = query(open_root(), "SELECT load_state, description FROM systemd_units")
    assert rows == [{"load_state": "error", "description": ""}]


LIB, ETC = "usr/lib/systemd/system", "etc/systemd/system"


def lay(root: Path, files: dict[str, str]) -> None:
    """Files; a text that begins with -> is a link."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("->"):
            (root / name).symlink_to(text[2:])
        else:
            (root / name).write_text(text)


def says(word: str) -> str:
    return f"[Unit]\nDescription={word}\n"


# The unit, drop-ins by their words, and the word that wins: as systemd 257 takes it.
DROP_INS = [
    ("a-b.service", {f"{ETC}/a-b.service.d/1.conf": "own"}, "own"),
    ("a-b.service", {f"{LIB}/service.d/1.conf": "type"}, "type"),
    ("a-b.service", {f"{ETC}/a-.service.d/1.conf": "prefix"}, "prefix"),
    ("t@i.service", {f"{ETC}/t@.service.d/1.conf": "template"}, "template"),
    ("t@i.service", {f"{ETC}/t@.service.d/1.conf": "template", f"{ETC}/t@i.service.d/1.conf": "own"}, "own"),
    ("a-b@i-j.service", {f"{ETC}/a-@.service.d/1.conf": "prefix"}, "prefix"),
    ("a-b@i-j.service", {f"{ETC}/a-@i-j.service.d/1.conf": "prefix"}, "prefix"),
    ("a-b@i-j.service", {f"{ETC}/a-b@i-.service.d/1.conf": "instance"}, "main"),
    ("a-b@i-j.service", {f"{ETC}/a-@i-j.service.d/1.conf": "both", f"{ETC}/a-@.service.d/1.conf": "template"}, "both"),
    ("a-b@i-j.service", {f"{ETC}/a-@i-j.service.d/1.conf": "both", f"{ETC}/a-.service.d/1.conf": "prefix"}, "prefix"),
    # The name of the file decides the order, whichever the folder.
    ("a-b.service", {f"{LIB}/service.d/2.conf": "type", f"{ETC}/a-b.service.d/1.conf": "own"}, "type"),
    # Of one name, that of the unit counts before its prefix's, in the folder that comes first, and the type's last.
    ("a-b.service", {f"{LIB}/a-b.service.d/1.conf": "own", f"{ETC}/service.d/1.conf": "type"}, "own"),
    ("a-b.service", {f"{LIB}/a-b.service.d/1.conf": "own", f"{ETC}/a-.service.d/1.conf": "prefix"}, "prefix"),
    ("a-b.service", {f"{ETC}/a-b.service.d/1.conf": "own", f"{ETC}/a-.service.d/1.conf": "prefix"}, "own"),
    ("a-b.service", {"run/systemd/system/a-b.service.d/1.conf": "run", f"{LIB}/a-b.service.d/1.conf": "lib"}, "run"),
    ("a-b.service", {"etc/systemd/system.control/a-b.service.d/1.conf": "own"}, "own"),
    ("a-b.service", {"etc/systemd/system.attached/a-b.service.d/1.conf": "own"}, "own"),
    ("a-b.service", {f"{LIB}/a-b.service.d/1.conf": "own", f"{ETC}/a-b.service.d/1.conf": "->/dev/null"}, "main"),
    ("a-b.service", {f"{ETC}/a-b.service.d/.1.conf": "own", f"{ETC}/a-b.service.d/1.txt": "own"}, "main"),
    ("a-b.service", {f"{ETC}/alias.service.d/1.conf": "alias", f"{ETC}/alias.service": "->a-b.service"}, "alias"),
    ("alias.service", {f"{ETC}/a-b.service.d/1.conf": "own", f"{ETC}/alias.service": "->a-b.service"}, "own"),
]


@pytest.mark.parametrize("id, drop_ins, word", DROP_INS)
def test_drop_ins_count_in_the_order_of_systemd(
    tmp_path: Path, open_root: Callable[..., Database], id: str, drop_ins: dict[str, str], word: str
) -> None:
    main = {f"{LIB}/a-b@.service": says("main"), f"{ETC}/a-b@i-j.service": says("main")}
    lay(tmp_path, main)
    main = {f"{LIB}/a-b.service": says("main"), f"{LIB}/t@.service": says("main"), f"{ETC}/t@i.service": says("main")}
    lay(tmp_path, main)
    lay(tmp_path, {name: text if text.startswith("->") else says(text) for name, text in drop_ins.items()})
    rows = query(open_root(), "SELECT description FROM systemd_units WHERE id = ?", (id,))
    assert rows == [{"description": word}]


def test_a_drop_in_has_its_own_sections(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    files = {
        f"{LIB}/a.service": "[Unit]\nDescription=main\n# the end \\",
        f"{ETC}/a.service.d/1.conf": "Description=x\n",
    }
    lay(tmp_path, {**files, f"{ETC}/a.service.d/2.conf": "[Service]\nUser=ann\n"})
    rows = query(open_root(), "SELECT description, user FROM systemd_units")
    assert rows == [{"description": "main", "user": "ann"}]


def test_an_alias_is_what_its_name_leads_to(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    """Not the file that the link names, where another folder has the unit, too."""
    files = {f"{LIB}/a.service": says("shipped"), f"{ETC}/a.service": says("own")}
    lay(tmp_path, {**files, f"{ETC}/b.service": f"->/{LIB}/a.service", f"{ETC}/c.service": "->b.service"})
    rows = query(open_root(), "SELECT id, description FROM systemd_units")
    assert {row["id"]: row["description"] for row in rows} == dict.fromkeys(
        ["a.service", "b.service", "c.service"], "own"
    )


@pytest.mark.parametrize(
    "text, expected",
    [
        ("OnCalendar=daily\nOnBootSec=5m\nOnCalendar=\nOnUnitActiveSec=1h\n", ("", "OnUnitActiveSec=1h")),
        ("OnCalendar=daily\nOnActiveSec=\nOnCalendar=Mon\nOnCalendar=Tue\n", ("Mon,Tue", "")),
        ("# x \\\nOnCalendar=daily\n", ("daily", "")),
    ],
)
def test_an_empty_time_clears_all_of_a_timer(
    tmp_path: Path, open_root: Callable[..., Database], text: str, expected: tuple[str, str]
) -> None:
    lay(tmp_path, {f"{ETC}/a.timer": f"[Timer]\n{text}"})
    (row,) = query(open_root(), "SELECT calendar, intervals FROM systemd_timers")
    assert (row["calendar"], row["intervals"]) == expected


@pytest.mark.parametrize(
    "text, column, value",
    [
        ("OnCalendar=daily\nUnit=a b\nUnit=good.service\nUnit=other.service\n", "unit", "good.service"),
        ("OnCalendar=daily\nUnit=\nUnit=nosuffix\n", "unit", "a@weekly.service"),
        ("OnCalendar=bogus\nOnCalendar=daily\nOnCalendar=25:00\n", "calendar", "daily"),
        ("OnBootSec=bad\nOnBootSec=5min\n", "intervals", "OnBootSec=5min"),
        ("OnCalendar=%i\n", "calendar", "weekly"),
        ("OnCalendar=daily\nPersistent=yes\nPersistent=\nPersistent=maybe\n", "persistent", 1),
    ],
)
def test_what_systemd_ignores_of_a_timer(
    tmp_path: Path, open_root: Callable[..., Database], text: str, column: str, value: object
) -> None:
    lay(tmp_path, {f"{LIB}/a@.timer": f"[Timer]\n{text}", f"{ETC}/a@weekly.timer": f"->/{LIB}/a@.timer"})
    assert query(open_root(), f"SELECT {column} AS it FROM systemd_timers WHERE id = 'a@weekly.timer'") == [
        {"it": value}
    ]


TIMES = {
    "calendar": "daily|Mon..Fri 10:00|Mon, 10:00|*:0/15|*:1/0|24:00|23:59:60|4|*-*~3|13-1|1-32|20-1-1|2200-1-1|Mon..|"
    "Wed *-1|2003-02..04-05|@1500000000|bi-annually|*:5..3|10:|Mon *-*-* 0:0:0 Europe/Berlin|1:1:1.1234567|bogus|mond",
    "timespan": "5min|5 min 20s|1|1.5h|1.|.5s|bad|infinity|5x|-5|1M|1m|3S|10us|1 2 3|3sec4|1e3",
}


@pytest.mark.parametrize("verb, text", [(verb, text) for verb, texts in TIMES.items() for text in texts.split("|")])
def test_times_are_those_that_systemd_takes(verb: str, text: str) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    done = subprocess.run(["systemd-analyze", verb, "--", text], capture_output=True, check=False)
    assert (is_calendar if verb == "calendar" else is_span)(text) == (done.returncode == 0)


EXEC = "ExecStart=/bin/true\n"


# As systemd 257 has them in its own test mode.
@pytest.mark.parametrize(
    "name, text, state, user",
    [
        ("a.service", f"[Service]\n{EXEC}DynamicUser=yes\n", "loaded", "a"),
        ("a.b.service", f"[Service]\n{EXEC}DynamicUser=yes\n", "loaded", None),
        ("a.service", f"[Service]\n{EXEC}DynamicUser=yes\nUser=ann\n", "loaded", "ann"),
        ("a.socket", "[Socket]\nListenStream=/x\nUser=ann\n", "loaded", "ann"),
        ("a.socket", "[Socket]\nUser=ann\n[Service]\nUser=bob\n", "bad-setting", "ann"),
        ("m.mount", "[Mount]\nWhat=/x\nWhere=/m\nUser=ann\n[Service]\nUser=bob\n", "loaded", "ann"),
        ("a.service", "[Service]\nUser=ann\n", "bad-setting", "ann"),
        ("a.service", "[Service]\nExecStop=/bin/true\n", "bad-setting", ""),
        ("a.service", "[Service]\nExecStop=/bin/true\nRemainAfterExit=yes\n", "loaded", ""),
        ("a.service", f"[Service]\n{EXEC}{EXEC}", "bad-setting", ""),
        ("a.service", f"[Service]\n{EXEC}{EXEC}Type=oneshot\n", "loaded", ""),
        ("a.service", f"[Service]\n{EXEC}User=%i\n", "bad-setting", ""),
        ("a.timer", "[Timer]\nOnCalendar=bogus\n", "bad-setting", ""),
    ],
)
def test_how_a_unit_would_be_loaded(
    tmp_path: Path, open_root: Callable[..., Database], name: str, text: str, state: str, user: str | None
) -> None:
    lay(tmp_path, {f"{LIB}/{name}": text})
    assert query(open_root(), "SELECT load_state, user FROM systemd_units") == [{"load_state": state, "user": user}]


def test_a_broken_drop_in_costs_itself(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    lay(tmp_path, {f"{LIB}/a.service": f"[Service]\n{EXEC}", f"{ETC}/a.service.d/1.conf": "[Service\nUser=no\n"})
    lay(tmp_path, {f"{ETC}/a.service.d/2.conf": "[Unit]\nDescription=%n of %u\n", f"{LIB}/folder.service/x": ""})
    rows = query(open_root(), "SELECT id, load_state, description FROM systemd_units")
    assert [tuple(row.values()) for row in rows] == [
        ("a.service", "loaded", "a.service of root"),
        ("folder.service", "not-found", ""),
    ]


# More of what systemctl tells apart.
MORE = {
    f"{ETC}/empty.service": "",
    f"{ETC}/blank.service": " \n",
    f"{ETC}/masked.service": "->/dev/null",
    f"{ETC}/to-masked.service": "->masked.service",
    f"{ETC}/gone.service": "->/nowhere/gone.service",
    f"{ETC}/to-gone.service": "->not-there.service",
    f"{LIB}/real.service": says("x"),
    f"{ETC}/other-name.service": f"->/{LIB}/real.service",
    f"{LIB}/shipped-name.service": "->plain.service",
    f"{LIB}/plain.service": says("x"),
    "etc/systemd/system.attached/attached.service": says("x"),
    "run/systemd/system.attached/attached-run.service": says("x"),
    "run/systemd/generator/generated.service": says("x"),
    "run/systemd/transient/transient.service": says("x"),
    f"{LIB}/no unit.service": says("x"),
    f"{LIB}/.hidden.service": says("x"),
}


def test_states_of_odd_unit_files_are_those_of_systemctl(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    if not shutil.which("systemctl"):
        pytest.skip("needs systemctl")
    lay(tmp_path, MORE)
    command = ["systemctl", f"--root={tmp_path}", "list-unit-files", "--no-legend", "--no-pager"]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    rows = query(open_root(), "SELECT id, unit_file_state FROM systemd_units")
    theirs = {line.split()[0]: line.split()[1] for line in printed.splitlines()}
    assert {row["id"]: row["unit_file_state"] for row in rows} == theirs
