"""The table `authorized_keys`: keys that may log in (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.accounts import users_of
from ..sources.configuration import understood
from ..sources.homes import in_homes
from ..sources.text import BLANKS, lines, words
from ..sources.userdb import privileged, user_records
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")
# sshd itself takes no longer line (SSH_MAX_PUBKEY_BYTES of OpenSSH is a fifth of it).
_LONGEST = 1 << 16
_KINDS = ("ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-", "rsa-")


def parse_authorized_keys(text: str) -> Iterator[tuple[str, str, str, str] | None]:
    r"""(algorithm, key, options, comment) of each line; None for one without a key.

    >>> list(parse_authorized_keys('command="echo hi",no-pty ssh-rsa AAAA ann@home\n# x\n'))
    [('ssh-rsa', 'AAAA', 'command="echo hi",no-pty', 'ann@home')]
    """
    for line in lines(text):
        line = line.strip(BLANKS)
        if not line or line.startswith("#"):
            continue
        options, rest = ("", line) if _is_kind(words(line, 1)[0]) else _cut_options(line[:_LONGEST])
        found = words(rest, 2)
        if len(found) > 1 and _is_kind(found[0]):
            yield found[0], found[1], options, found[2] if len(found) > 2 else ""
        else:
            yield None


def _is_kind(word: str) -> bool:
    """Whether a word names a kind of key, such as ssh-ed25519 or sk-ssh-ed25519@openssh.com."""
    return word.startswith(_KINDS) and word.replace("-", "").replace("@", "").replace(".", "").isalnum()


def _cut_options(line: str) -> tuple[str, str]:
    r"""The options end at the first blank outside of double quotes; a backslash protects a quote, and nothing else.

    >>> _cut_options(r'command="a \" b",x\ ssh-rsa AAAA')
    ('command="a \\" b",x\\', 'ssh-rsa AAAA')
    """
    import re

    found = re.match(r'(?:\\"|\\(?!")|"(?:\\"|\\(?!")|[^"\\])*"|[^\s"\\])*(?=[ \t])', line, re.ASCII)
    return (found[0], line[found.end() :].lstrip(BLANKS)) if found else (line, "")


class AuthorizedKeys(Table):
    """Public keys that may log in as a local user, from the file in each home directory and from user records.

    sshd asks for the keys of records where it is set up so: AuthorizedKeysCommand userdbctl, as systemd ships it.
    """

    uid = Column(BIGINT, "User that may be logged in as", key=True)
    algorithm = Column(TEXT, "Kind of key, such as ssh-ed25519")
    key = Column(TEXT, "The public key, in base64")
    options = Column(TEXT, "Options before the key; '' for none")
    comment = Column(TEXT, "Comment after the key")
    key_file = Column(TEXT, "File or service the key is in")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 20
    examples = ["SELECT u.username, k.algorithm, k.comment FROM authorized_keys k JOIN users u USING (uid);"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for uid, path, text in in_homes(scan, _FILES):
            for key in understood(scan, path, parse_authorized_keys(text)):
                yield (uid, *key, path, 0)
        records = user_records(scan)
        # A name stands for its first account: keys of a record let one log in as that, though it is not the record's.
        uids = {user.username: user.uid for user in reversed(users_of(scan))} if records else {}
        for record in records:
            found = privileged(scan, record)
            keys = "" if found is None else "\n".join(found.secrets("sshAuthorizedKeys"))
            for key in understood(scan, record.source, parse_authorized_keys(keys)):
                yield (uids[record.name], *key, found.source if found else "", 0)
