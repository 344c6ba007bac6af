"""Settings that change how tables answer, for everybody who opens a `Database`."""

from __future__ import annotations

# Where an agent keeps its state, unless told otherwise.
STATE = "/var/lib/hostql"


class Settings:
    """How tables read the host.

    remote_mounts     walk into network and FUSE mounts too (they can hang); off by default, with a note.
    osquery_patterns  read LIKE on paths as osquery does (sources/osquery_patterns.py); off by default.
    state             the folder in which an agent keeps what the tables about it are read from.
    """

    __slots__ = ("osquery_patterns", "remote_mounts", "state")

    def __init__(self, *, remote_mounts: bool = False, osquery_patterns: bool = False, state: str = STATE) -> None:
        self.osquery_patterns = osquery_patterns
        self.remote_mounts = remote_mounts
        self.state = state
