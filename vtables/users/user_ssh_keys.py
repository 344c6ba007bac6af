"""The table `user_ssh_keys`: private keys in ~/.ssh, and whether a passphrase protects them."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import bytes_of, names_in
from ..sources.homes import homes
from ..sources.keepers import Keeper
from ..sources.private_keys import parse_private_key
from ..sources.text import from_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# No key is longer; of anything bigger in ~/.ssh the beginning tells that it is something else.
_LARGEST = 65536


class UserSshKeys(Table):
    """Private keys in local users' ~/.ssh; one that is not encrypted is open to whoever has the file.

    Not so the kinds `ecdsa-sk` and `ed25519-sk`: their files are handles of keys that a FIDO device keeps.
    """

    uid = Column(BIGINT, "User in whose home it is", key=True)
    path = Column(TEXT, "File of the key", key=True)
    encrypted = Column(INTEGER, "1 if a passphrase protects it, else 0; NULL for a damaged file or a TPM's handle")
    key_type = Column(TEXT, "rsa, dsa, ecdsa, ed25519, ecdsa-sk, ed25519-sk, rsa1; '' where the file does not tell")
    key_group_name = Column(TEXT, "Curve of an ecdsa key, such as prime256v1; '' for none or where it is encrypted")
    key_length = Column(INTEGER, "Length of the key, in bits; NULL where it is encrypted")
    key_security_bits = Column(INTEGER, "Strength of the key, in bits; NULL where it is not known")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 5
    examples = [
        "SELECT u.username, k.path FROM user_ssh_keys k JOIN users u USING (uid) "
        "WHERE k.encrypted = 0 AND k.key_type NOT LIKE '%-sk';",
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for user, home in homes(scan):
            keeper = Keeper(user.uid, home)
            for name in names_in(scan, f"{home}/.ssh"):
                scan.check()
                path = f"{home}/.ssh/{name}"
                raw = bytes_of(scan, path, expected=False, limit=_LARGEST, whole=False, keeper=keeper)
                key = parse_private_key(raw)
                if key is not None:
                    told = (key.kind, key.group, key.length, key.strength)
                    yield (user.uid, from_os(path), None if key.encrypted is None else int(key.encrypted), *told, 0)
