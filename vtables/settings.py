"""Settings that change how tables answer, for everybody who opens a `Database`."""

from __future__ import annotations


class Settings:
    """How tables read the host.

    remote_mounts  walk into network and FUSE mounts too (they can hang); off by default, with a note.
    """

    __slots__ = ("remote_mounts",)

    def __init__(self, *, remote_mounts: bool = False) -> None:
        self.remote_mounts = remote_mounts
