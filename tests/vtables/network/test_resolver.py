"""resolv.conf as glibc's own resolver takes it: its state after res_ninit(3), in a namespace with that file."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import notes, query, with_etc
from hostql.vtables.database import Database

# Prints, for each file that the first argument names line by line, what the resolver's state is.
STATE = r"""
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <unistd.h>
int main(void) {
    static struct __res_state s;
    char text[64];
    sethostname("host.own.example", 16);
    if (res_ninit(&s)) return 1;
    printf("options %lu\n", s.options);
    for (int i = 0; i < s.nscount; i++) {
        struct sockaddr_in6 *six = s._u._ext.nsaddrs[i];
        if (s.nsaddr_list[i].sin_family == AF_INET) inet_ntop(AF_INET, &s.nsaddr_list[i].sin_addr, text, sizeof text);
        else inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
        printf("nameserver %s\n", text);
    }
    for (int i = 0; i < s.nsort; i++) {
        inet_ntop(AF_INET, &s.sort_list[i].addr, text, sizeof text);
        printf("sortlist %s ", text);
        inet_ntop(AF_INET, &s.sort_list[i].mask, text, sizeof text);
        printf("%s\n", text);
    }
    for (int i = 0; s.dnsrch[i]; i++) printf("search %s\n", s.dnsrch[i]);
    return 0;
}
"""
FILES = [
    "",
    "nameserver 10.0.0.2\n nameserver 10.0.0.3\n\tnameserver 10.0.0.4\nnameserver\t10.0.0.5\nnameserver10.0.0.6\n",
    "nameserver 1.1.1.1 # c\nnameserver 1.2.3.4#c\nnameserver 1.2.3.5;c\nnameserver 10.1\nnameserver 0x7f.1 x\n",
    "nameserver ::1;x\nnameserver fd00::1%lo\nnameserver ::ffff:1.2.3.4\nnameserver 010.0.0.1\nnameserver 9.9.9.9\n",
    "nameserver 1.1.1.1\r\nnameserver ::1\r\nnameserver 256.1.1.1\nnameserver 16909060\nnameserver 1.2.3.4.\n",
    "nameserver junk\nnameserver\nNameserver 1.1.1.1\n\ufeffnameserver 1.1.1.1",
    "search a b\ndomain c d\n",
    "domain c\nsearch a # office ;x b;c\nsearch\nsearch \t\n; search d\n#search e\n",
    "search a\n search b\nsearch: c\nsearchx d\nsearch\te\tf  g\r\n",
    "domain a\\\nb\noptions rotate\noptions\tedns0 ndots:3 # trust-ad\n options use-vc\n",
    "options rotatex no-tld-queryfoo single-request-reopen rotate;use-vc xno-reload no-check-names,no-aaaa inet6\n",
    "options,rotate\noptions single-request no_tld_query no-aaaa no-reload use-vc trust-ad\n",
    "sortlist 10.0.0.0/8 130.155.160.0/255.255.240.0 130.155.0.0 10.0.0.1 junk 10.0.0.0/ 9.0.0.0/junk\n",
    "sortlist 1.0.0.0&255.0.0.0 192.168.1.0 224.0.0.1;2.2.2.2\nsortlist 191.1.0.1/255.0.255.0 # 10.1\n",
    "sortlist " + " ".join(f"10.0.0.{number}" for number in range(12)) + "\n",
]


def invented(seed: int) -> str:
    """Lines of pieces that mean something in some place; no sort lists, since glibc never ends on some."""
    rng = random.Random(seed)
    keywords = ["nameserver", "search", "domain", "options", "search", "options", " nameserver", "#", ";", "lookup", ""]
    words = [
        "1.2.3.4",
        "::1",
        "10.1",
        "a.b",
        "#",
        ";",
        "#x",
        "x;y",
        "rotate",
        "edns0",
        "no-aaaa",
        "ndots:2",
        "fe80::1",
        "0x1",
        "1.1.1.1.",
    ]
    made = []
    for _ in range(rng.randint(1, 8)):
        blanks = [rng.choice([" ", "\t", "  ", " \t "]) for _ in range(5)]
        made.append(
            rng.choice(keywords)
            + "".join(b + rng.choice(words) for b in blanks[: rng.randint(0, 5)])
            + rng.choice(["", "", " ", "\r"])
        )
    return "\n".join(made) + rng.choice(["", "\n"])


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, in a directory of its own."""
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    import subprocess

    folder = tmp_path_factory.mktemp("resolver")
    (folder / "state.c").write_text(STATE)
    subprocess.run(["cc", "-o", folder / "state", folder / "state.c", "-lresolv"], check=True)
    return folder / "state"


def test_the_state_is_that_of_glibc(state: Path, tmp_path: Path, open_root: Callable[..., Database]) -> None:
    files = [*FILES, *(invented(seed) for seed in range(120))]
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("host.own.example\n")
    for number, text in enumerate(files):
        (tmp_path / f"{number}").write_text(text)
    loop = f"for n in $(seq 0 {len(files) - 1}); do cat {tmp_path}/$n > /etc/resolv.conf; {state}; echo end; done"
    printed = with_etc({"resolv.conf": b""}, "unshare", "--uts", "sh", "-c", loop).decode()
    for text, theirs in zip(files, printed.split("end\n")):
        (tmp_path / "etc/resolv.conf").write_text(text)
        assert ours(open_root()) == theirs.split("\n")[:-1], text
    assert printed.count("end\n") == len(files)


def ours(db: Database) -> list[str]:
    """The rows as the program prints them: of search domains it knows six."""
    rows: list[dict[str, Any]] = query(db, "SELECT type, address, netmask, options, id FROM dns_resolvers")
    shown = [f"options {rows[0]['options']}"]
    for row in rows:
        if row["type"] == "sortlist":
            shown.append(f"sortlist {row['address']} {mask(row['netmask'])}")
        elif row["type"] == "nameserver" or row["id"] < 6:
            shown.append(f"{row['type']} {row['address'].partition('%')[0]}")
    return shown


def mask(shown: str) -> str:
    if "." in shown:
        return shown
    return ".".join(map(str, (0xFFFFFFFF << 32 - int(shown) & 0xFFFFFFFF).to_bytes(4, "big")))


def test_scopes_belong_to_local_addresses(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_text(
        "nameserver fe80::1%eth0\nnameserver fd00::1%eth0\nnameserver ff02::1%2\n"
    )
    rows = query(open_root(), "SELECT address FROM dns_resolvers")
    assert [row["address"] for row in rows] == ["fe80::1%eth0", "fd00::1", "ff02::1%2"]


def test_what_has_no_effect_is_noted(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    (tmp_path / "etc").mkdir()
    servers = "".join(f"nameserver 10.0.0.{number}\n" for number in range(4))
    (tmp_path / "etc/resolv.conf").write_text(
        f"{servers} nameserver 10.9.9.9\nsortlist fe80::/10 1.0.0.0\nfamily inet4\n"
    )
    assert notes(open_root(), "SELECT * FROM dns_resolvers") == [
        "dns_resolvers: a line of /etc/resolv.conf makes no sense (3 times)",
        "dns_resolvers: the resolver uses only the first 3 nameserver entries of /etc/resolv.conf",
    ]


def test_defaults_stand_for_a_missing_file_alone(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    sql = "SELECT type, address FROM dns_resolvers"
    assert query(open_root(), sql) == [{"type": "nameserver", "address": "127.0.0.1"}]
    assert notes(open_root(), sql) == ["dns_resolvers: there is no /etc/resolv.conf"]
    (tmp_path / "etc/resolv.conf").mkdir(parents=True)
    assert query(open_root(), sql) == []
    assert len(notes(open_root(), sql)) == 1


def test_a_scope_that_no_interface_can_have_is_left_out(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_text("nameserver fe80::1%%lo\nnameserver fe80::2%lo\n")
    rows = query(open_root(), "SELECT address FROM dns_resolvers WHERE type = 'nameserver'")
    assert [row["address"] for row in rows] == ["fe80::1", "fe80::2%lo"]


def test_a_comment_is_no_name_of_the_host(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    """hostname(5)"""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("# web v1.0\n\nweb.example.com\n")
    rows = query(open_root(), "SELECT address FROM dns_resolvers WHERE type = 'search'")
    assert rows == [{"address": "example.com"}]
    assert query(open_root(), "SELECT hostname FROM system_info") == [{"hostname": "web.example.com"}]
