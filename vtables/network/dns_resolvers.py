"""The table `dns_resolvers`: resolv.conf(5) as glibc's resolver takes it."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import understood
from ..sources.hostname import configured_name
from ..sources.nss_files import text_for_libc
from ..sources.text import BLANKS, decode, lines
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILE = "/etc/resolv.conf"
# MAXNS and MAXRESOLVSORT of resolv.h: what comes after that many has no effect.
_MOST = {"nameserver": 3, "sortlist": 10}
# What is asked where the file names no server.
_DEFAULT_SERVERS = [("127.0.0.1", "32")]
# What a resolver without any options has: RES_INIT, RES_RECURSE, RES_DEFNAMES, RES_DNSRCH (resolv.h).
_DEFAULT_OPTIONS = 0x001 | 0x040 | 0x080 | 0x200
# The bit of each option that has one. A word that begins so is enough for glibc, and the first that fits counts.
_OPTIONS = {
    "rotate": 0x4000,
    "edns0": 0x100000,
    "single-request-reopen": 0x400000,
    "single-request": 0x200000,
    "no_tld_query": 0x1000000,
    "no-tld-query": 0x1000000,
    "no-reload": 0x2000000,
    "use-vc": 0x8,
    "trust-ad": 0x4000000,
    "no-aaaa": 0x8000000,
    "strict-error": 0x10000000,
}
# Room for the name of an interface and a NUL (linux/if.h).
_IFNAMSIZ = 16
_KEYWORDS = ("nameserver", "sortlist", "options", "search", "domain")


def parse_resolv(text: str) -> Iterator[tuple[str, Any] | None]:
    r"""What each line sets; None for one that says nothing to glibc. A keyword counts at the beginning of a line only.

    ("nameserver", address), ("search", domains) for `domain` too, ("options", bits), ("sortlist", (network, netmask))

    >>> list(parse_resolv("nameserver 10.0.0.2 # x\nsearch a.b c\n; x\noptions rotate\n nameserver ::1\n"))
    [('nameserver', '10.0.0.2'), ('search', ['a.b', 'c']), ('options', 16384), None]
    """
    for line in lines(text):
        keyword = next((word for word in _KEYWORDS if line.startswith((f"{word} ", f"{word}\t"))), "")
        words = _words(line[len(keyword) :])
        if not keyword or not words:
            if line[:1] not in ("#", ";") and line.strip():
                yield None
        elif keyword == "nameserver":
            address = _server(words[0])
            yield ("nameserver", address) if address else None
        elif keyword == "options":
            yield "options", _bits(words)
        elif keyword == "sortlist":
            for network in map(_network, _words(line[len(keyword) :].partition(";")[0])):
                yield network and ("sortlist", network)
        else:
            yield "search", words if keyword == "search" else words[:1]


def _bits(words: list[str]) -> int:
    bits = 0
    for word in words:
        bits |= next((bit for name, bit in _OPTIONS.items() if word.startswith(name)), 0)
    return bits


def _words(value: str) -> list[str]:
    return [word for word in value.replace("\t", " ").split(" ") if word]


def _server(word: str) -> str:
    """The address of a server as inet_aton(3) or inet_pton(3) take it, with its scope; '' for none."""
    from socket import AF_INET6, inet_ntop, inet_pton

    four = _inet_aton(word)
    if four:
        return ".".join(map(str, four))
    address, percent, scope = word.partition("%")
    try:
        raw = inet_pton(AF_INET6, address)
    except (OSError, ValueError):
        return ""
    # A scope belongs to link-local addresses (fe80::/10, ff02::/16) and is left out of others.
    local = (raw[0] == 0xFE and raw[1] & 0xC0 == 0x80) or (raw[0] == 0xFF and raw[1] & 0x0F == 2)
    # No interface has such a name; glibc then takes the address without it.
    named = scope and len(scope) < _IFNAMSIZ and not set(scope) & set("%/:")
    return inet_ntop(AF_INET6, raw) + (percent + scope if local and named else "")


def _network(word: str) -> tuple[str, str] | None:
    """(network, prefix length or mask) of an entry of a sort list; None for what is none.

    One without a mask, or with something else for it, has that of its class. A mask is an address: `/8` is 0.0.0.8.
    """
    from re import split

    network, *masks = split("[/&]", word, maxsplit=1)
    address = _inet_aton(network)
    if not address:
        return None
    mask = _inet_aton(masks[0] if masks else "") or _mask_of_class(address[0])
    return ".".join(map(str, address)), _prefix(int.from_bytes(mask, "big"))


def _inet_aton(word: str) -> bytes:
    """The four bytes of an IPv4 address in any of the forms of inet_aton(3); none for what is no such address."""
    from socket import inet_aton

    try:
        return inet_aton(word) if word.isascii() and not any(map(str.isspace, word)) else b""
    except (OSError, ValueError):
        return b""


def _mask_of_class(first: int) -> bytes:
    length = 1 if first < 128 else 2 if first < 192 else 3
    return b"\xff" * length + bytes(4 - length)


def _prefix(mask: int) -> str:
    """The length of a mask whose ones come first, else the mask itself.

    >>> _prefix(0xFFFFF000), _prefix(8)
    ('20', '0.0.0.8')
    """
    ones = f"{mask:032b}".rstrip("0")
    return ".".join(map(str, mask.to_bytes(4, "big"))) if "0" in ones else str(len(ones))


class DnsResolvers(Table):
    """Name servers, search domains and sort lists the host's resolver uses; its defaults where the file names none."""

    id = Column(INTEGER, "Place among those of its type, from 0")
    type = Column(TEXT, "nameserver, search or sortlist")
    address = Column(TEXT, "Address of the server or network; the search domain")
    netmask = Column(TEXT, "Prefix length of the address, or its mask where that is none; '' for a search domain")
    options = Column(BIGINT, "The resolver's option bits, as resolv.h has them")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 4
    examples = ["SELECT address FROM dns_resolvers WHERE type = 'nameserver';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        text = text_for_libc(scan, _FILE)
        if not text and _is_there(scan):
            return
        servers: list[tuple[str, str]] = []
        sortlist: list[tuple[str, str]] = []
        search: list[str] = []
        options = _DEFAULT_OPTIONS
        for keyword, value in understood(scan, _FILE, parse_resolv(text)):
            if keyword == "nameserver":
                servers.append((value, "128" if ":" in value else "32"))
            elif keyword == "sortlist":
                sortlist.append(value)
            elif keyword == "search":
                search = value
            else:
                options |= value
        domains = [(domain, "") for domain in search or _own_domain(scan)]
        for kind, entries in (("nameserver", servers or _DEFAULT_SERVERS), ("sortlist", sortlist), ("search", domains)):
            most = _MOST.get(kind, len(entries))
            if len(entries) > most:
                scan.note(f"the resolver uses only the first {most} {kind} entries of {_FILE}")
            for place, (address, mask) in enumerate(entries[:most]):
                yield (place, kind, address, mask, options, 0)


def _is_there(scan: Scan) -> bool:
    """Whether a file of which nothing could be read has something to say, so that no default stands for it."""
    import stat

    try:
        found = scan.host.stat(_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return found.st_size > 0 or not (stat.S_ISREG(found.st_mode) or stat.S_ISCHR(found.st_mode))


def _own_domain(scan: Scan) -> list[str]:
    """The domain in the host's own name, if any, where the resolver searches if it is told none."""
    try:
        name = decode(scan.host.read("/proc/sys/kernel/hostname"))
    except OSError:
        name = configured_name(scan)
    return [domain for domain in [name.strip(BLANKS).partition(".")[2]] if domain]
