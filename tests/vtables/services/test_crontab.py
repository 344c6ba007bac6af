"""`crontab` and `startup_items` in a root of their own, and against this host's own cron folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import as_nobody, notes, query
from hostql.vtables.database import Database
from hostql.vtables.sources.host import Host

SYSTEM = """\
SHELL=/bin/sh
PATH = /usr/bin:/bin
MAILTO=""
# m h dom mon dow user command
17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly
*/5 0-3,22 1,15 jan-mar mon root echo "100%" > /dev/null # kept
@reboot root /usr/local/bin/at-boot --now
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "etc/crontab": SYSTEM,
        "etc/cron.d/job": "0 4 * * * daemon /bin/nightly\nnot a job\n",
        "etc/cron.d/.placeholder": "1 1 * * * root no\n",
        "var/spool/cron/crontabs/ann": "@daily /home/ann/daily\n  30 6 * * 1-5   /home/ann/work\n",
        "var/spool/cron/bob": "0 0 * * * /home/bob/rhel\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_jobs_of_all_files(root: Path, open_root: Callable[..., Database]) -> None:
    rows = query(open_root(), "SELECT * FROM crontab")
    assert [tuple(row.values()) for row in rows] == [
        ("", "17", "*", "*", "*", "*", "root    cd / && run-parts --report /etc/cron.hourly", "/etc/crontab"),
        ("", "*/5", "0-3,22", "1,15", "jan-mar", "mon", 'root echo "100%" > /dev/null # kept', "/etc/crontab"),
        ("@reboot", "", "", "", "", "", "root /usr/local/bin/at-boot --now", "/etc/crontab"),
        ("", "0", "4", "*", "*", "*", "daemon /bin/nightly", "/etc/cron.d/job"),
        ("", "0", "0", "*", "*", "*", "/home/bob/rhel", "/var/spool/cron/bob"),
        ("@daily", "", "", "", "", "", "/home/ann/daily", "/var/spool/cron/crontabs/ann"),
        ("", "30", "6", "*", "*", "1-5", "/home/ann/work", "/var/spool/cron/crontabs/ann"),
    ]


def test_a_line_that_is_no_job_is_noted(root: Path, open_root: Callable[..., Database]) -> None:
    (note,) = notes(open_root(), "SELECT * FROM crontab")
    assert "/etc/cron.d/job makes no sense" in note


def test_crontabs_that_may_not_be_read_are_noted(root: Path) -> None:
    (root / "var/spool/cron/crontabs").chmod(0o700)
    for folder in root.parents:
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    root.chmod(0o755)

    def ask() -> tuple[int, list[str]]:
        with Database(host=Host(str(root))) as database:
            sql = "SELECT * FROM crontab"
            return len(query(database, sql)), notes(database, sql)

    count, said = as_nobody(ask)
    assert count == 5
    assert any("not readable" in note for note in said)


def test_scripts_and_sessions_that_start(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    files = {
        "etc/passwd": "ann:x:1000:1000::/home/ann:/bin/sh\n",
        "etc/init.d/on": "#!/bin/sh\n",
        "etc/init.d/off": "#!/bin/sh\n",
        "etc/xdg/autostart/a.desktop": "[Desktop Entry]\nName=A\nExec=/usr/bin/a --quiet x\n",
        "home/ann/.config/autostart/b.desktop": "[Desktop Entry]\nName=B\nExec=b\nHidden=true\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    (tmp_path / "etc/rc2.d").mkdir()
    (tmp_path / "etc/rc2.d/S01on").symlink_to("../init.d/on")
    rows = query(open_root(), "SELECT name, path, args, source, status, username FROM startup_items")
    assert [tuple(row.values()) for row in rows] == [
        ("off", "/etc/init.d/off", "", "/etc/init.d/", "disabled", ""),
        ("on", "/etc/init.d/on", "", "/etc/init.d/", "enabled", ""),
        ("A", "/usr/bin/a", "--quiet x", "/etc/xdg/autostart/", "enabled", ""),
        ("B", "b", "", "/home/ann/.config/autostart/", "disabled", "ann"),
    ]
