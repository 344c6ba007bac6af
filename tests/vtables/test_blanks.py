"""Files whose programs know the blanks and digits of ASCII alone: no other character of Unicode counts as one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import query
from hostql.vtables.database import Database

PASSWD = "ann:x:1000:1000::/home/ann:/bin/sh\n"
NO_BREAK, DIGIT, SEPARATOR = "\u00a0", "\u0661", "\x1f"


@pytest.mark.parametrize("blank", [NO_BREAK, "\u2003", "\u0085", SEPARATOR], ids=ascii)
@pytest.mark.parametrize(
    "path, text, sql, expected",
    [
        ("etc/hosts", "10.0.0.1 a{}b c\n", "SELECT hostnames FROM etc_hosts", "a{}b c"),
        ("etc/hosts", "10.0.0.1{}a\n", "SELECT hostnames FROM etc_hosts", None),
        ("etc/services", "q 12/tcp a{}b\n", "SELECT aliases FROM etc_services", "a{}b"),
        ("etc/crontab", "* * * * * root{}x y\n", "SELECT command FROM crontab", "root{}x y"),
        ("etc/crontab", "*{}* * * * root x\n", "SELECT command FROM crontab", None),
        ("etc/anacrontab", "1 2 n{}x y\n", "SELECT command FROM crontab", "y"),
        ("home/ann/.ssh/known_hosts", "h{}x ssh-rsa A\n", "SELECT key FROM known_hosts", "h{}x ssh-rsa A"),
        ("home/ann/.ssh/known_hosts", "h{}ssh-rsa A\n", "SELECT key FROM known_hosts", None),
        ("etc/sudoers", "ann{}x ALL=ALL\n", "SELECT header FROM sudoers", "ann{}x"),
        (
            "etc/xdg/autostart/a.desktop",
            "[Desktop Entry]\nType=Application\nExec=/bin/a x{}y\n",
            "SELECT args FROM startup_items",
            "'x{}y'",
        ),
    ],
)
def test_a_blank_of_unicode_is_none(
    tmp_path: Path, open_root: Callable[..., Database], blank: str, path: str, text: str, sql: str, expected: str | None
) -> None:
    for name, content in {"etc/passwd": PASSWD, path: text.format(blank)}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o444)
    (tmp_path / "etc/passwd").write_text(PASSWD + f"root{blank}x:x:5:5::/:\n")
    rows = query(open_root(), sql)
    assert [list(row.values()) for row in rows] == ([] if expected is None else [[expected.format(blank)]])


@pytest.mark.parametrize("number, port", [("+12", 12), ("-12", None), (DIGIT, None), ("1" + DIGIT, None), ("0x1f", 31)])
def test_a_port_is_a_number_of_c(
    tmp_path: Path, open_root: Callable[..., Database], number: str, port: int | None
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/services").write_text(f"q {number}/tcp\n")
    assert [row["port"] for row in query(open_root(), "SELECT port FROM etc_services")] == [port] * (port is not None)
