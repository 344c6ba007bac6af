"""Every parser against junk: truncated, binary, huge, and real samples bent out of shape.

A parser gives records or leaves them out; it raises nothing but what it documents, and ends.
"""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import pytest
from hostql.tests.conftest import PUBLIC_KEY, examples
from hostql.vtables.filesystem.block_devices import parse_udev
from hostql.vtables.kernel.kernel_info import parse_command_line
from hostql.vtables.kernel.kernel_modules import parse_modules
from hostql.vtables.kernel.shared_memory import parse_shm
from hostql.vtables.network.dns_resolvers import parse_resolv
from hostql.vtables.network.etc_hosts import parse_hosts
from hostql.vtables.network.etc_protocols import parse_protocols
from hostql.vtables.network.etc_services import parse_services
from hostql.vtables.network.iptables import parse_save
from hostql.vtables.network.nftables_rules import parse_ruleset
from hostql.vtables.packages.deb_packages import parse_status
from hostql.vtables.packages.python_packages import parse_metadata
from hostql.vtables.process.process_memory_map import parse_maps
from hostql.vtables.sources import procfs
from hostql.vtables.sources.accounts import User, parse_group, parse_passwd
from hostql.vtables.sources.apt import Source, parse_deb822, parse_list
from hostql.vtables.sources.auth_messages import parse_message, parse_syslog
from hostql.vtables.sources.containers import container_of
from hostql.vtables.sources.cpuinfo import parse_cpuinfo
from hostql.vtables.sources.crontabs import parse_crontab
from hostql.vtables.sources.desktop_entry import parse_desktop
from hostql.vtables.sources.hardware_ids import Names, parse_ids
from hostql.vtables.sources.lastlog import parse_lastlog, shape_of
from hostql.vtables.sources.logind import parse_session
from hostql.vtables.sources.mounts import Mount, parse_mountinfo
from hostql.vtables.sources.netlink import attributes
from hostql.vtables.sources.os_release import parse_os_release
from hostql.vtables.sources.private_keys import parse_private_key
from hostql.vtables.sources.rtnetlink import Address, Link, Neighbour, Route
from hostql.vtables.sources.shell_history import parse_history
from hostql.vtables.sources.sock_diag import Socket, parse_inet, parse_unix
from hostql.vtables.sources.ssh_config import parse_ssh_config
from hostql.vtables.sources.sudoers import parse_sudoers
from hostql.vtables.sources.sysctl_d import parse_sysctl
from hostql.vtables.sources.text import clean, decode, integer, lines, to_os
from hostql.vtables.sources.unit_syntax import parse_unit
from hostql.vtables.sources.userdb import parse_record
from hostql.vtables.sources.utmp import Login, parse_utmp
from hostql.vtables.system.cpu_time import parse_cpu_times
from hostql.vtables.system.pressure import parse_pressure
from hostql.vtables.users.authorized_keys import parse_authorized_keys
from hostql.vtables.users.known_hosts import parse_known_hosts
from hostql.vtables.users.shadow import parse_shadow, password_status
from hypothesis import given, settings
from hypothesis import strategies as st

# A parser, a sample it reads, and what it may raise.
Parser = Callable[[Any], Any]
KEY = (
    b"-----BEGIN OPENSSH PRIVATE KEY-----\n"
    b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACA=\n"
    b"-----END OPENSSH PRIVATE KEY-----\n"
)
LASTLOG = struct.pack("<i32s256s", 1700000000, b"pts/1", b"host")
LOGIN = b"\x07\0\0\0" + (77).to_bytes(4, "little") + b"pts/0".ljust(32, b"\0") + b"ts/0" + b"ann".ljust(32, b"\0")
CHAIN = b'{"chain": {"family": "ip", "table": "t", "name": "c", "hook": "input"}}'
RULE = b'{"rule": {"family": "ip", "table": "t", "chain": "c", "handle": 2, "expr": [{"accept": null}]}}'

KEY = b"ssh-ed25519 " + PUBLIC_KEY.encode()

# Parsers of a file's text: one record a line or paragraph; the samples have no broken one.
RECORDS: list[tuple[Callable[[str], Iterable[Any]], bytes]] = [
    (parse_passwd, b"root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000:Ann,,,:/home/ann:/bin/bash\n"),
    (parse_group, b"adm:x:4:ann,bob\nroot:x:0:\n"),
    (parse_authorized_keys, b'command="echo \\" hi",no-pty %s ann@home\n%s\n' % (KEY, KEY)),
    (parse_known_hosts, b"|1|a=|b= ssh-rsa AAAA\nhost,10.0.0.1 ssh-ed25519 BBBB note\n"),
    (parse_shadow, b"ann:$6$salt$hash:19000:0:99999:7:::\nroot:*:19000:0:99999:7:::\n"),
    (parse_ssh_config, b"Port 22\nHost a\n  User Bob # x\nMatch all\n\tForwardAgent=no\n"),
    (parse_sudoers, b"Defaults env_reset\nroot ALL=(ALL) \\\n ALL\n@includedir /etc/sudoers.d\n"),
    (parse_resolv, b"nameserver 10.0.0.2\nsearch a.b c\nsortlist 10.0.0.0/8\noptions ndots:2\n"),
    (parse_hosts, b"127.0.0.1\tlocalhost here # a comment\nfe80::1%lo ip6-lo\n"),
    (parse_protocols, b"tcp 6 TCP # transmission control\nudp 17 UDP\n"),
    (parse_services, b"domain 53/udp ns # Name Service\nssh 22/tcp\n"),
    (parse_crontab, b"SHELL=/bin/sh\n5 * * * * root true now\n@reboot /bin/x\nA = b\n"),
    (parse_list, b"deb [arch=amd64 signed-by=/k] http://h/debian/ stable main contrib\ndeb-src http://h a main\n"),
    (parse_sysctl, b"# x\nnet/ipv4/ip_forward = 1\n-kernel.a=b\n-kernel.b\n"),
    (parse_os_release, b"NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID='12'\n"),
]
PARAGRAPHS: list[tuple[Callable[[str], Iterable[Any]], bytes]] = [
    (parse_deb822, b"Types: deb\nURIs: http://h\nSuites: a a-updates\nComponents: main\n\n"),
    (parse_status, b"Package: a\nVersion: 1-2\nInstalled-Size: 12\nDescription: x\n more\n\n"),
]
TEXTS: list[tuple[Parser, bytes]] = [
    *RECORDS,
    *PARAGRAPHS,
    (parse_session, b'# x\nUSER=ann\nREMOTE_HOST="a \\"b\\""\n'),
    (
        lambda text: parse_record(text, "m", "h"),
        b'{"uid": 1, "perMachine": [{"matchHostname": "h", "shell": "/x"}], "binding": {"m": {"uid": 2}}}',
    ),
    (lambda text: parse_message("sshd", text), b"Failed password for invalid user x from y from h port 5 ssh2"),
    (
        lambda text: parse_message("su", text),
        b"pam_unix(su:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=h  user=a",
    ),
    (password_status, b"!$6$a$b"),
    (parse_ids, b"8086  Intel\n\t1237  440FX\n\t\t1af4 1100  Qemu\nC 02  Network\n\t00  Ethernet\n"),
    (parse_unit, b"[Unit]\nDescription=A\\\n b\n# x\n[Timer]\nOnCalendar=daily\nOnCalendar=Mon\n"),
    (parse_desktop, b"[Desktop Entry]\nName=A\nExec=/bin/a -x\nHidden=true\n"),
    (parse_metadata, b"Name: a\nVersion: 1\nClassifier: x\n\nName: no\n"),
    (parse_command_line, b"BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet"),
    (parse_save, b"*filter\n:INPUT DROP [3:4]\n[1:2] -A INPUT -s 10.0.0.0/8 ! -p tcp -j ACCEPT\n"),
    (parse_udev, b"S:disk/by-uuid/x\nE:ID_FS_TYPE=ext4\n"),
    (container_of, b"/system.slice/docker-" + b"ab" * 32 + b".scope"),
    (integer, b"-123"),
    (to_os, rb"/tmp/caf\xe9"),
    (clean, b"caf\xc3\xa9"),
    (lambda text: lines(text, "\n\n"), b"a\n\nb\n\n\n"),
]
BYTES: list[tuple[Parser, bytes]] = [
    (decode, b"caf\xc3\xa9\0"),
    (parse_cpuinfo, b"processor\t: 0\nmodel name\t: X\n\nprocessor\t: 1\n"),
    (parse_mountinfo, b"36 35 98:0 / /a\\040b rw,noatime shared:1 - ext3 /dev/root rw,errors=continue\n"),
    (procfs.parse_fields, b"Uid:\t0\t0\t0\t0\nVmRSS:\t  12 kB\n"),
    (procfs.kib, b"12 kB"),
    (procfs.parse_cmdline, b"ls\0-l\0"),
    (procfs.parse_environ, b"A=1\0B=x=y\0junk\0"),
    (procfs.parse_cgroup, b"1:cpu:/a\n0::/user.slice\n"),
    (procfs.parse_boot_time, b"cpu 1 2\nbtime 1700000000\n"),
    (
        lambda raw: parse_syslog(raw, 1.7e9, None),
        b"Mar  1 10:00:00 h su[7]: a failure\n2026-03-01T10:00:00Z h su: Fail\n",
    ),
    (lambda raw: parse_lastlog([(0, raw)], shape_of([(0, raw)])), LASTLOG * 2),
    (parse_utmp, LOGIN.ljust(384, b"\0") * 2),
    (lambda raw: attributes(raw, 2), bytes([0, 0, 5, 0, 3, 0, 65, 0, 0, 0])),
    (lambda raw: parse_inet(raw, 6), b"\x02\x01\0\0" + bytes(68)),
    (parse_unix, b"\x01\x01\x0a\0" + bytes(12) + b"\x08\0\0\0\0abc"),
    (lambda raw: Link(raw.ljust(16, b"\0")), bytes(16) + b"\x07\0\x03\0lo\0\0"),
    (lambda raw: Address(raw.ljust(8, b"\0")), b"\x02\x08\0\0" + bytes(4) + b"\x08\0\x01\0\x7f\0\0\x01"),
    (lambda raw: Route(raw.ljust(12, b"\0")), b"\x02\x08" + bytes(10) + b"\x08\0\x01\0\x7f\0\0\x01"),
    (lambda raw: Neighbour(raw.ljust(12, b"\0")), b"\x02" + bytes(11) + b"\x08\0\x01\0\x7f\0\0\x01"),
    (parse_maps, b"7f00-7f10 r-xp 00001000 fe:00 42                 /usr/bin/a b\n"),
    (parse_modules, b"ext4 811008 1 jbd2,mbcache, Live 0xffffffffc0200000\n"),
    (parse_shm, b" key shmid perms\n 0 5 600\n"),
    (parse_cpu_times, b"cpu 9 9\ncpu0 1 2 3\n"),
    (parse_pressure, b"some avg10=0.50 avg60=0.10 avg300=0.00 total=42\n"),
    (parse_history, b"ls\n#1700000000\nid\n: 1700000001:0;pwd\n"),
    (parse_history, b": 1700000001:0;pwd\\\nid\n: 1700000002:0;d\xc3\x83\x89j\n"),
    (parse_history, b"- cmd: a\\nb\\\\c\n  when: 1700000000\n  paths:\n    - x\n"),
    (parse_history, b"\x81\x01id\n\0\0ls\n\0"),
    (parse_history, b"\xab\xcd\xff\0\0\0\1id\0\xff\0\0\0\2ls\0"),
    (parse_private_key, KEY),
    (parse_private_key, b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"),
]
# Parsers that document a ValueError.
RAISING: list[tuple[Parser, bytes]] = [
    (procfs.parse_stat, b"7 (a) b) S 1 7 7 0"),
    (lambda raw: parse_ruleset(decode(raw)), b'{"nftables": [' + CHAIN + b", " + RULE + b"]}"),
]
CASES = [
    *[(lambda raw, parse=parse: parse(decode(raw)), sample, ()) for parse, sample in TEXTS],
    *[(parse, sample, ()) for parse, sample in BYTES],
    *[(parse, sample, (ValueError,)) for parse, sample in RAISING],
]

JUNK = [
    b"",
    b"\0",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b":",
    b"=",
    b"[",
    b'"',
    b"\\",
    b"\\\n",
    b"#",
    b"-",
    b"\xff",
    b"\x1b[31m",
]
JUNK += [b"9" * 5000, b"-" + b"9" * 19, b"\xc2\xb2", b"\xe2\x80\xae", b"(" * 2000, b"[" * 100_000, b"\xed\xa0\x80"]


@st.composite
def bent(draw: st.DrawFn, sample: bytes) -> bytes:
    """The sample with pieces cut out, doubled, overwritten, or junk put in."""
    raw = sample
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        end = draw(st.integers(at, min(len(raw), at + 40)))
        piece = draw(st.one_of(st.sampled_from(JUNK), st.binary(max_size=8), st.just(raw[at:end] * 2)))
        raw = raw[:at] + piece + raw[end:]
    return raw[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else raw


def read_out(value: Any) -> Iterator[Any]:
    """Every plain value in what a parser gave."""
    if isinstance(value, dict):
        value = [*value.items()]
    if isinstance(value, (User, Source, Mount, Login, Socket, Names, Link, Address, Route, Neighbour)):
        value = [getattr(value, name) for name in value.__slots__]
    if isinstance(value, (list, tuple)) or hasattr(value, "__next__"):
        for item in value:
            yield from read_out(item)
    else:
        yield value


@settings(max_examples=examples(400), deadline=None)
@given(st.data())
def test_a_parser_gives_what_sql_can_hold_and_raises_nothing_else(data: st.DataObject) -> None:
    parse, sample, documented = data.draw(st.sampled_from(CASES))
    raw = data.draw(st.one_of(bent(sample), st.binary(max_size=600)))
    try:
        values = list(read_out(parse(raw)))
    except documented:
        return
    for value in values:
        if isinstance(value, int):
            assert -(1 << 63) <= value < 1 << 64
        elif isinstance(value, str):
            value.encode(errors="surrogateescape")


@pytest.mark.parametrize("parse, sample, documented", CASES)
def test_a_sample_cut_anywhere(parse: Parser, sample: bytes, documented: tuple[type[Exception], ...]) -> None:
    assert list(read_out(parse(sample)))
    for end in range(len(sample)):
        try:
            list(read_out(parse(sample[:end])))
        except documented:
            pass


@pytest.mark.parametrize("parse, sample", RECORDS, ids=lambda case: getattr(case, "__name__", ""))
@pytest.mark.parametrize("junk", ["\\x00\\x01\\xff", "\x1b]0;x\x07", "!", "=" * 40, "²"], ids=repr)
def test_a_broken_line_costs_that_row_alone(parse: Callable[[str], Iterable[Any]], sample: bytes, junk: str) -> None:
    whole = list(parse(decode(sample)))
    assert None not in whole
    first, _, rest = decode(sample).partition("\n")
    found = list(parse(f"{first}\n{junk}\n{rest}"))
    assert list(read_out([record for record in found if record is not None])) == list(read_out(whole))
    assert found.count(None) == 1 or (parse is parse_crontab and junk[0] == "=")


@pytest.mark.parametrize("parse, sample", PARAGRAPHS, ids=lambda case: getattr(case, "__name__", ""))
def test_a_broken_paragraph_costs_itself_alone(parse: Callable[[str], Iterable[Any]], sample: bytes) -> None:
    found = list(parse(decode(sample) + "junk\nX: y\n\n" + decode(sample)))
    assert found.count(None) == 1
    assert len(found) == 2 * len(list(parse(decode(sample)))) + 1


@pytest.mark.parametrize("parse, sample", [*RECORDS, *PARAGRAPHS], ids=lambda case: getattr(case, "__name__", ""))
def test_a_huge_file_is_read_a_record_at_a_time(parse: Callable[[str], Iterable[Any]], sample: bytes) -> None:
    text = decode(sample) * (2_000_000 // len(sample))
    tracemalloc.start()
    try:
        assert sum(1 for _ in islice(parse(text), 5000)) == 5000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # sudoers' lines that go on in the next are joined first, in a copy.
    assert peak < (3_000_000 if parse is parse_sudoers else 1_000_000)


@given(st.text(alphabet="ab\n", max_size=300), st.sampled_from(["\n", "\n\n"]))
def test_lines_are_those_of_split(text: str, end: str) -> None:
    assert "".join(lines(text, end)) == "".join(text.split(end))


@given(st.binary(max_size=100))
def test_decoded_text_has_no_nul_and_is_unicode(raw: bytes) -> None:
    text = decode(raw)
    assert "\0" not in text
    text.encode()
