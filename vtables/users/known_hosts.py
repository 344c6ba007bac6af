"""The table `known_hosts`: hosts that users have connected to by ssh (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.homes import in_homes
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class KnownHosts(Table):
    """Lines of the known_hosts files in home directories; the names may be hashed."""

    uid = Column(BIGINT, "User whose file it is", key=True)
    key = Column(TEXT, "The line: names, kind of key, key")
    key_file = Column(TEXT, "File the line is in")

    typical_rows = 50
    examples = ["SELECT u.username, k.key FROM known_hosts k JOIN users u USING (uid);"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for uid, path, text in in_homes(scan, (".ssh/known_hosts",)):
            for line in text.split("\n"):
                if line.strip() and not line.startswith("#"):
                    yield uid, line.strip(), path
