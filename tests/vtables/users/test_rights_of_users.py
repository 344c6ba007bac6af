"""What users name in files of their own is theirs or everybody's, whatever root could read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import PUBLIC_KEY, notes, query
from hostql.vtables.database import Database

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whose rights are in question")

PASSWD = "ann:x:1000:1000::/home/ann:/bin/sh\n"
SECRET = "[Desktop Entry]\nName=secret\nType=Application\nExec=secret\nhost ssh-rsa secret\n"
SECRET += f"ssh-ed25519 {PUBLIC_KEY} secret\n* * * * * secret\n"
TABLES = {
    "ssh_configs": ".ssh/config",
    "known_hosts": ".ssh/known_hosts",
    "authorized_keys": ".ssh/authorized_keys",
    "startup_items": ".config/autostart/a.desktop",
    "crontab": "../../var/spool/cron/ann",
}
# (mode of the file, mode of the folder above, its group) and whether its content is shown as ann's.
RIGHTS = [
    (0o600, 0o755, 0, False),
    (0o644, 0o755, 0, True),
    (0o644, 0o700, 0, False),
    (0o640, 0o755, 0, False),
    # What a group may read is not everybody's.
    (0o640, 0o755, 1000, False),
    (0o604, 0o755, 0, True),
]


@pytest.fixture
def lay(tmp_path: Path) -> Callable[[int, int, int], None]:
    """Lays files that lead to a secret with those rights."""

    def laid(mode: int, above: int, group: int) -> None:
        for path, text in {"passwd": PASSWD, "group": "staff:x:50:ann\n", "secret/file": SECRET}.items():
            (tmp_path / "etc" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "etc" / path).write_text(text)
        for name in TABLES.values():
            link = tmp_path / "home/ann" / name
            (tmp_path / "home/ann").mkdir(parents=True, exist_ok=True)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to("/etc/secret/file")
        os.chown(tmp_path / "etc/secret/file", 0, group)
        (tmp_path / "etc/secret/file").chmod(mode)
        (tmp_path / "etc/secret").chmod(above)

    return laid


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("mode, above, group, readable", RIGHTS)
def test_a_link_shows_what_everybody_may_read(
    lay: Callable[[int, int, int], None],
    open_root: Callable[..., Database],
    table: str,
    mode: int,
    above: int,
    group: int,
    readable: bool,
) -> None:
    lay(mode, above, group)
    assert ("secret" in str(query(open_root(), f"SELECT * FROM {table}"))) == readable
    assert (
        any(
            "it leads to a file of another user (uid 0)" in note
            for note in notes(open_root(), f"SELECT * FROM {table}")
        )
        != readable
    )


def test_an_include_shows_what_everybody_may_read(
    lay: Callable[[int, int, int], None], open_root: Callable[..., Database], tmp_path: Path
) -> None:
    lay(0o600, 0o755, 0)
    config = tmp_path / "home/ann/.ssh/config"
    config.unlink()
    config.write_text("User x\nInclude /etc/secret/fi*\nPort 5\n")
    rows = query(open_root(), "SELECT option FROM ssh_configs")
    assert [row["option"] for row in rows] == ["user x", "include /etc/secret/fi*", "port 5"]
    assert notes(open_root(), "SELECT * FROM ssh_configs") == [
        "ssh_configs: cannot read /etc/secret/file: it leads to a file of another user (uid 0)"
    ]
