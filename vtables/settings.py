"""Settings that change how tables answer, for everybody who opens a `Database`."""

from __future__ import annotations


class Settings:
    """How tables read the host.

    osquery_patterns  LIKE on `file.path` and its like follows osquery's expansion instead of hostql's.
    remote_mounts     walk into network and FUSE mounts too (they can hang); off by default, with a note.
    """

    __slots__ = ("osquery_patterns", "remote_mounts")

    def __init__(self, *, osquery_patterns: bool = False, remote_mounts: bool = False) -> None:
        self.osquery_patterns = osquery_patterns
        self.remote_mounts = remote_mounts
