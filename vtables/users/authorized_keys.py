"""The table `authorized_keys`: keys that may log in (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.accounts import users_of
from ..sources.configuration import status_of, understood, why_refused
from ..sources.homes import homes, text_for
from ..sources.public_keys import KINDS, is_public_key
from ..sources.sshd_config import KeyLookup, key_file
from ..sources.text import BLANKS, from_os, lines, words
from ..sources.userdb import privileged, user_records
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..sources.accounts import User


# sshd itself takes no longer line (SSH_MAX_PUBKEY_BYTES of OpenSSH is a fifth of it).
_LONGEST = 1 << 16
_USERDBCTL = "userdbctl"


def parse_authorized_keys(text: str) -> Iterator[tuple[str, str, str, str] | None]:
    r"""(algorithm, key, options, comment) of each line; None for one without a key that ssh-keygen would take.

    >>> key = "AAAAC3NzaC1lZDI1NTE5AAAAIFb4wVlW38c1Ip3fkcFqhrTCuL1Q/vrpWxuFKn42qndf"
    >>> text = f'command="a b",no-pty ssh-ed25519 {key} ann@home\n# x\nssh-ed25519 AAAA\n'
    >>> [found and found[2:] for found in parse_authorized_keys(text)]
    [('command="a b",no-pty', 'ann@home'), None]
    """
    for line in lines(text):
        line = line.strip(BLANKS)
        if not line or line.startswith("#"):
            continue
        options, rest = ("", line) if words(line, 1)[0] in KINDS else _cut_options(line[:_LONGEST])
        found = words(rest, 2)
        if len(found) > 1 and is_public_key(found[0], found[1]):
            yield found[0], found[1], options, found[2] if len(found) > 2 else ""
        else:
            yield None


def _cut_options(line: str) -> tuple[str, str]:
    r"""The options end at the first blank outside of double quotes; a backslash protects a quote, and nothing else.

    >>> _cut_options(r'command="a \" b",x\ ssh-rsa AAAA')
    ('command="a \\" b",x\\', 'ssh-rsa AAAA')
    """
    import re

    found = re.match(r'(?:\\"|\\(?!")|"(?:\\"|\\(?!")|[^"\\])*"|[^ \t"\\])*(?=[ \t])', line)
    return (found[0], line[found.end() :].lstrip(BLANKS)) if found else (line, "")


class AuthorizedKeys(Table):
    """Public keys that may log in as a local user, from the files that sshd_config names and from user records.

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
        lookup = KeyLookup(scan)
        if lookup.command and _USERDBCTL not in lookup.command:
            scan.note(f"keys that {lookup.command} prints for sshd are not shown")
        seen = set()
        for user, home in homes(scan):
            for path in [key_file(pattern, user.username, user.uid, home) for pattern in lookup.files]:
                if (user.uid, path) in seen:
                    continue
                seen.add((user.uid, path))
                text = text_for(scan, user, path)
                if text and lookup.strict:
                    _note_refusal(scan, user, home, path)
                for key in understood(scan, path, parse_authorized_keys(text)):
                    yield (user.uid, *key, from_os(path), 0)
        records = user_records(scan)
        # A name stands for its first account: keys of a record let one log in as that, though it is not the record's.
        uids = {user.username: user.uid for user in reversed(users_of(scan))} if records else {}
        for record in records:
            found = privileged(scan, record)
            keys = "" if found is None else "\n".join(found.secrets("sshAuthorizedKeys"))
            for key in understood(scan, record.source, parse_authorized_keys(keys)):
                yield (uids[record.name], *key, found.source if found else "", 0)


def _note_refusal(scan: Scan, user: User, home: str, path: str) -> None:
    """sshd refuses a file that others can change, by its mode or that of a directory up to the home (StrictModes)."""
    real, top = scan.host.realpath(path), scan.host.realpath(home)
    inside = real.startswith(f"{top}/")
    while len(real) > 1:
        status = status_of(scan, real)
        why = why_refused(scan, status, owners=(user.uid,)) if status is not None else ""
        if why:
            shown = from_os(path)
            scan.note(f"sshd refuses {shown}: {'it' if from_os(real) == shown else from_os(real)} {why}")
            return
        if inside and real == top:
            return
        real = real.rpartition("/")[0]
