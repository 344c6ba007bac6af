"""Settings that change how tables answer, for everybody who opens a `Database`."""

from __future__ import annotations

# Where an agent keeps its state, unless told otherwise.
STATE = "/var/lib/hostql"
# Bytes of a file that are read at most for its digests, unless told otherwise.
READ_MAX = 1 << 30


class Settings:
    """How tables read the host.

    remote_mounts     walk into network and FUSE mounts too (they can hang); off by default, with a note.
    osquery_patterns  read LIKE on paths as osquery does (sources/osquery_patterns.py); off by default.
    read_max          bytes up to which `hash` reads a file; a larger one has no digest, and a note says so.
    state             the folder in which an agent keeps what the tables about it are read from.
    """

    __slots__ = ("osquery_patterns", "read_max", "remote_mounts", "state")

    def __init__(
        self,
        *,
        remote_mounts: bool = False,
        osquery_patterns: bool = False,
        read_max: int = READ_MAX,
        state: str = STATE,
    ) -> None:
        self.osquery_patterns = osquery_patterns
        self.read_max = read_max
        self.remote_mounts = remote_mounts
        self.state = state
