"""The table `known_hosts`: hosts that users have connected to by ssh (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import understood
from ..sources.homes import in_homes
from ..sources.text import BLANKS, lines, words
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILES = (".ssh/known_hosts", ".ssh/known_hosts2")
_MARKERS = ("@cert-authority", "@revoked")


def parse_known_hosts(text: str) -> Iterator[str | None]:
    r"""The lines; None for one that has not names, a kind of key and a key, after a marker where there is one.

    >>> list(parse_known_hosts("# x\nhost ssh-rsa AAAA\n@revoked * ssh-rsa AAAA\n@revoked ssh-rsa AAAA\njunk\n"))
    ['host ssh-rsa AAAA', '@revoked * ssh-rsa AAAA', None, None]
    """
    for line in lines(text):
        line = line.strip(BLANKS)
        if line and not line.startswith("#"):
            found = words(line, 4)
            marked = found[0] in _MARKERS
            yield line if len(found) > 2 + marked and (marked or found[0][0] != "@") else None


class KnownHosts(Table):
    """Lines of the known_hosts files in home directories; the names may be hashed."""

    uid = Column(BIGINT, "User whose file it is", key=True)
    key = Column(TEXT, "The line: a marker such as @revoked, names, kind of key, key")
    key_file = Column(TEXT, "File the line is in")

    typical_rows = 50
    examples = ["SELECT u.username, k.key FROM known_hosts k JOIN users u USING (uid);"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for uid, path, text in in_homes(scan, _FILES):
            for line in understood(scan, path, parse_known_hosts(text)):
                yield uid, line, path
