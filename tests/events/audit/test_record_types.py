"""Each type that a kernel or a program may write has its name, and none is taken for a loss."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import pytest
from hostql.events.publishers.audit.dispatcher import Frames
from hostql.events.publishers.audit.record_types import NAMES, name_of, number_of
from hostql.events.publishers.audit.records import EOE, Assembler

from .conftest import assembled

# Below 1100 are requests to the kernel, which nobody records; and these are the ends of blocks.
_BOUND = re.compile(r"FIRST_|LAST_")
# Records that are parts of an event.
_PARTS = {"PATH", "SOCKADDR", "CWD", "EXECVE", "SOCKETCALL", "EOE"}


@pytest.mark.parametrize("header", ["/usr/include/linux/audit.h", "/usr/include/libaudit.h"])
def test_the_installed_header_has_no_other(header: str) -> None:
    if not Path(header).exists():
        pytest.skip(f"needs {header}")
    defined = re.findall(r"^#define\s+AUDIT_(\w+)\s+([12]\d{3})\b", Path(header).read_text(), re.MULTILINE)
    types = {int(number): name for name, number in defined if int(number) >= 1100 and not _BOUND.search(name)}
    assert len(types) > 60
    # libaudit.h has another name for APPARMOR.
    assert {number: name for number, name in types.items() if name != "AA" and NAMES.get(number) != name} == {}


def test_libaudit_has_the_same_names() -> None:
    try:
        library = ctypes.CDLL("libaudit.so.1")
    except OSError as error:
        pytest.skip(f"needs libaudit: {error}")
    library.audit_msg_type_to_name.restype = ctypes.c_char_p
    theirs = {n: name.decode() for n in range(1005, 3000) if (name := library.audit_msg_type_to_name(n))}
    assert len(theirs) > 150
    assert {n: name for n, name in theirs.items() if NAMES.get(n) != name} == {}


def test_names_and_numbers() -> None:
    assert (NAMES[1337], NAMES[1420], NAMES[1423], NAMES[2404]) == (
        *("OPENAT2", "IPE_ACCESS", "LANDLOCK_ACCESS", "CRYPTO_KEY_USER"),
    )
    assert name_of(1499) == "UNKNOWN[1499]" and number_of(b"UNKNOWN[1499]") == 1499
    assert number_of(b"UNKNOWN[x]") is None


def strings(*records: tuple[str, int, str]) -> bytes:
    return b"".join(f"type={name} msg=audit(1.0:{serial}): {body}\n".encode() for name, serial, body in records)


@pytest.mark.parametrize("name", [*NAMES.values(), "UNKNOWN[1998]", "TYPE_OF_TOMORROW"])
def test_a_record_that_nobody_decodes_is_no_loss(name: str) -> None:
    if name in _PARTS:
        pytest.skip("part of an event")
    assembler = Assembler()
    Frames().feed(strings(("USER_AUTH", 7, "pid=1"), (name, 8, "a=b"), ("USER_ACCT", 9, "pid=1")), assembler, 0.0)
    assembler.expire(60.0)
    assert (assembler.malformed, assembler.lost) == (0, 0)


def test_an_event_with_another_record_in_place_of_syscall_is_no_loss() -> None:
    for kind in (1336, 1702):
        head = b"audit(1.0:8): "
        both = [(kind, head + b"uring_op=18"), (1307, head + b'cwd="/"'), (1302, head + b"item=0"), (EOE, head)]
        for records in (both, [both[0], both[-1]]):
            assembler = assembled([(1100, b"audit(1.0:7): pid=1"), *records])
            assert (assembler.seen, assembler.lost) == (2, 0)


def test_auditd_counts_its_own_records() -> None:
    assembler = assembled(
        [(1100, b"audit(1.0:571): pid=1"), (1205, b"audit(1.0:9817): op=rotate"), (1100, b"audit(1.0:572): pid=1")]
    )
    assert (assembler.seen, assembler.lost) == (3, 0)
