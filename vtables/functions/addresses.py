"""Functions on network addresses."""

from __future__ import annotations

import hashlib
import socket
from base64 import b64encode
from functools import lru_cache
from ipaddress import ip_address, ip_network

from ..errors import QueryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network
    from typing import Any

# ICMP and ICMPv6 types that come in pairs, request and answer (Community ID v1 treats them as the two ports).
_ICMP_PAIRS = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17, 10: 9, 9: 10}
_ICMP6_PAIRS = {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130, 144: 145, 145: 144}
_ICMP, _ICMP6 = 1, 58
_WITH_PORTS = (6, 17, 132)


def inet_aton(value: Any) -> int | None:
    """A dotted IPv4 address as a number in host byte order; NULL for anything else."""
    if not isinstance(value, str):
        return None
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET, value), "big")
    except (OSError, ValueError):
        return None


def in_cidr_block(block: Any, address: Any) -> int | None:
    """1 if the address is in the CIDR block (of the same family), else 0; what is neither is an error."""
    if block is None or address is None:
        return None
    network = _network(str(block))
    try:
        parsed = ip_address(str(address))
    except ValueError:
        raise QueryError(f"not an IP address: {str(address)!r}") from None
    if parsed.version != network.version:
        raise QueryError(f"{block} and {address} are of different families")
    return int(parsed in network)


def cidr_contains(block: Any, address: Any) -> int | None:
    """As in_cidr_block, but for tables of mixed addresses: what is no address, or of the other family, gives 0.

    An IPv4 address in an IPv6 socket (::ffff:10.1.2.3) is in the blocks of both families.
    """
    if block is None or address is None:
        return None
    network = _network(str(block))
    try:
        parsed = ip_address(str(address))
    except ValueError:
        return 0
    if parsed.version == 6 and network.version == 4 and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return int(parsed.version == network.version and parsed in network)


@lru_cache(maxsize=256)
def _network(block: str) -> IPv4Network | IPv6Network:
    _, slash, bits = block.partition("/")
    try:
        if not slash or not bits.isdigit():
            raise ValueError(block)
        return ip_network(block, strict=False)
    except ValueError:
        raise QueryError(f"not a CIDR block: {block!r}", "A block is written as 10.0.0.0/8 or 2001:db8::/32.") from None


def community_id_v1(*arguments: Any) -> str | None:
    """The Community ID v1 of a flow: source, destination, their ports, protocol number, optional seed; NULL if unfit.

    https://github.com/corelight/community-id-spec
    """
    if not 5 <= len(arguments) <= 6:
        raise QueryError("community_id_v1 takes source, destination, source port, destination port, protocol[, seed]")
    source, destination, *numbers = arguments
    if not (isinstance(source, str) and isinstance(destination, str)):
        return None
    if not all(isinstance(number, int) and 0 <= number < 1 << 16 for number in numbers) or numbers[2] > 255:
        return None
    try:
        one, two = ip_address(source).packed, ip_address(destination).packed
    except ValueError:
        return None
    port_one, port_two, protocol, *seed = numbers
    one_way = False
    if protocol in (_ICMP, _ICMP6):
        answer = (_ICMP_PAIRS if protocol == _ICMP else _ICMP6_PAIRS).get(port_one)
        one_way = answer is None
        port_two = port_two if answer is None else answer
    first, second = (one, port_one), (two, port_two)
    if not one_way and second < first:
        first, second = second, first
    data = (seed[0] if seed else 0).to_bytes(2, "big") + first[0] + second[0] + bytes([protocol, 0])
    if protocol in (*_WITH_PORTS, _ICMP, _ICMP6):
        data += first[1].to_bytes(2, "big") + second[1].to_bytes(2, "big")
    return "1:" + b64encode(hashlib.sha1(data).digest()).decode()
