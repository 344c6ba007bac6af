"""The ways to audit's records: multicast and unicast netlink here, auditd's dispatcher in `dispatcher.py`."""

from __future__ import annotations

import errno
import os
import struct

from ...publisher import Unavailable
from .netlink import HEADER, READLOG, Control, listen, refused
from .records import UNREAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .netlink import Status
    from .records import Assembler

# Where auditd's af_unix plugin listens unless it is told otherwise.
DISPATCHER = "/run/audispd_events"

_TYPE = struct.Struct("=4xH").unpack_from
# The longest record (MAX_AUDIT_MESSAGE_LENGTH of libaudit) with its header.
_LONGEST = 8970 + HEADER


class Source:
    """One way to the records.

    what             what it is, in words
    unicast          whether the kernel waits for us to read
    without_control  whether it is of use where audit's rules may not be changed
    overruns         times that records were dropped because we were slow
    broke            set when the flow ended by itself
    """

    what = ""
    unicast = False
    without_control = False
    overruns = 0
    broke = False

    def start(self) -> None:
        """Rules are in place: records may come."""

    def fileno(self) -> int:
        raise NotImplementedError

    def read(self, assembler: Assembler, now: float, limit: int) -> int:
        """Hand what is there to the assembler, `limit` records at most; gives how many there were."""
        raise NotImplementedError

    def resume(self, status: Status | None) -> bool:
        """Take the flow up again where another program or a restart ended it; True when that was done now."""
        return False

    def close(self) -> None:
        raise NotImplementedError


class Multicast(Source):
    """Listening to the group AUDIT_NLGRP_READLOG: beside auditd or without it, and never anybody's brake."""

    what = "audit's multicast"
    groups = READLOG

    def __init__(self) -> None:
        self._link = listen(self.groups, UNREAD)

    def fileno(self) -> int:
        return self._link.fileno()

    def read(self, assembler: Assembler, now: float, limit: int) -> int:
        receive, add, kind_of = self._link.recv, assembler.add, _TYPE
        count = 0
        while count < limit:
            try:
                data = receive(_LONGEST)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.overruns += 1
                continue
            count += 1
            # The length in the header may be short of the datagram's (unicast), which is right.
            if len(data) > HEADER:
                kind = kind_of(data)[0]
                if kind >= 1000:
                    add(kind, data, now, HEADER)
        return count

    def close(self) -> None:
        self._link.close()


class Unicast(Multicast):
    """Being the audit daemon. There is one: where auditd is, this cannot be."""

    what = "the place of the audit daemon"
    groups = 0
    unicast = True

    def start(self) -> None:
        try:
            self._register()
        except FileExistsError:
            raise Unavailable(
                "there is an audit daemon already, and only one may be", "stop auditd, or use audit=multicast"
            ) from None
        except OSError as error:
            raise refused(error) from None

    def resume(self, status: Status | None) -> bool:
        if status is None or status.pid == os.getpid():
            return False
        self._register()
        return True

    def _register(self) -> None:
        Control(self._link).set(pid=os.getpid())
        self._link.setblocking(False)

    def close(self) -> None:
        try:
            Control(self._link).set(pid=0)
        except OSError:
            # Not ours (any more).
            pass
        self._link.close()


def open_source(way: str) -> Source:
    """The way to the records that `Options.audit` names. Raises Unavailable."""
    if way == "multicast":
        return Multicast()
    if way == "unicast":
        return Unicast()
    from .dispatcher import SocketDispatcher, StandardInput

    if way == "-":
        return StandardInput()
    if way != "auto":
        return SocketDispatcher(way)
    try:
        return Multicast()
    except Unavailable as unavailable:
        if not os.path.exists(DISPATCHER):
            raise unavailable from None
    return SocketDispatcher(DISPATCHER)
