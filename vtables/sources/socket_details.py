"""What the kernel tells of a socket beside its ends: connection figures, memory, the peer of a unix socket.

The layouts grow with the kernel: what a struct of an older one does not reach yet is None.
"""

from __future__ import annotations

import _socket as socket  # as in netlink.py: `socket` itself costs 5 ms
import struct

from .netlink import attributes
from .sock_diag import Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# linux/inet_diag.h, linux/unix_diag.h
_INET_INFO, _INET_CONGESTION, _INET_MEMORY, _INET_MARK = 2, 4, 7, 15
_UNIX_PEER, _UNIX_QUEUES, _UNIX_MEMORY, _UNIX_UID = 2, 4, 5, 7
# struct tcp_info of linux/tcp.h: each figure used here with its offset, in the order of the struct.
_TCP_INFO: tuple[tuple[str, int, str], ...] = (
    ("retransmitting", 2, "B"),
    ("retransmit_timeout", 8, "I"),
    ("send_mss", 16, "I"),
    ("unacknowledged", 24, "I"),
    ("lost", 32, "I"),
    ("last_sent", 44, "I"),
    ("last_received", 52, "I"),
    ("path_mtu", 60, "I"),
    ("rtt", 68, "I"),
    ("rtt_variance", 72, "I"),
    ("slow_start_threshold", 76, "I"),
    ("congestion_window", 80, "I"),
    ("retransmits", 100, "I"),
    ("pacing_rate", 104, "Q"),
    ("bytes_acked", 120, "Q"),
    ("bytes_received", 128, "Q"),
    ("segments_sent", 136, "I"),
    ("segments_received", 140, "I"),
    ("not_sent", 144, "I"),
    ("min_rtt", 148, "I"),
    ("delivery_rate", 160, "Q"),
    ("bytes_sent", 200, "Q"),
    ("bytes_retransmitted", 208, "Q"),
)
# What stands for "none so far" or "no limit" in those fields.
_NONE = {
    "slow_start_threshold": 0x7FFFFFFF,
    "min_rtt": 0xFFFFFFFF,
    "pacing_rate": 0xFFFFFFFFFFFFFFFF,
    "delivery_rate": 0,
    "rtt": 0,
}
# In the order of SK_MEMINFO_* of linux/sock_diag.h.
_RECEIVE_BUFFER, _SEND_BUFFER, _DROPS = 1, 3, 8

TCP_FIGURES = tuple([name for name, _, _ in _TCP_INFO])


def parse_tcp_info(raw: bytes) -> dict[str, int | None]:
    """The figures of a struct tcp_info by name; None for what it does not hold, or holds no value for.

    >>> figures = parse_tcp_info(bytes(68) + struct.pack("=I", 1500))
    >>> figures["rtt"], figures["lost"], figures["bytes_sent"]
    (1500, 0, None)
    """
    found: dict[str, int | None] = {}
    for name, offset, kind in _TCP_INFO:
        if offset + struct.calcsize(kind) > len(raw):
            found[name] = None
            continue
        value = struct.unpack_from("=" + kind, raw, offset)[0]
        found[name] = None if _NONE.get(name) == value else value
    return found


class Details:
    """The details of one socket; a name that its kind of socket does not have is None."""

    __slots__ = (
        "congestion_control",
        "drops",
        "mark",
        "peer",
        "receive_buffer",
        "send_buffer",
        "tcp",
        "uid",
        "waiting",
    )

    def __init__(self, of: Socket) -> None:
        self.congestion_control: str | None = None
        self.drops = self.mark = self.peer = self.receive_buffer = self.send_buffer = None
        self.uid: int | None = of.uid
        self.waiting: tuple[int | None, int | None] = (of.receive_queue, of.send_queue)
        self.tcp: dict[str, Any] = {}
        found = attributes(of.details, 0)
        if of.family == socket.AF_UNIX:
            self.peer = _u32(found.get(_UNIX_PEER))
            self.uid = _u32(found.get(_UNIX_UID))
            queues = found.get(_UNIX_QUEUES, b"")
            self.waiting = (_u32(queues), _u32(queues[4:]))
            self._memory(found.get(_UNIX_MEMORY, b""))
            return
        self.mark = _u32(found.get(_INET_MARK))
        self._memory(found.get(_INET_MEMORY, b""))
        if _INET_CONGESTION in found:
            self.congestion_control = found[_INET_CONGESTION].rstrip(b"\0").decode("ascii", "replace")
        if of.state != "LISTEN":
            # A listening socket has a struct too, but no connection to measure.
            self.tcp = parse_tcp_info(found.get(_INET_INFO, b""))

    def _memory(self, raw: bytes) -> None:
        self.receive_buffer = _u32(raw[_RECEIVE_BUFFER * 4 :])
        self.send_buffer = _u32(raw[_SEND_BUFFER * 4 :])
        self.drops = _u32(raw[_DROPS * 4 :])


def _u32(raw: bytes | None) -> Any:
    return struct.unpack_from("=I", raw)[0] if raw is not None and len(raw) >= 4 else None
