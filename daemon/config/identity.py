"""Who this host is, for lines and shards."""

from __future__ import annotations

import os
import socket
import uuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .options import Options


def machine_id() -> str:
    """What tells this host from all others and stays: /etc/machine-id (machine-id(5)), else its name."""
    try:
        with open("/etc/machine-id", encoding="ascii") as file:
            found = file.read().strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    return found or socket.gethostname()


def host_identifier(options: Options, instance: str) -> str:
    """What `hostIdentifier` says in a line. `instance` is this installation's own id (the state keeps it)."""
    kind = options.host_identifier
    if kind == "specified" and options.specified_identifier:
        return str(options.specified_identifier)
    if kind == "uuid":
        try:
            with open("/sys/class/dmi/id/product_uuid", encoding="ascii") as file:
                return file.read().strip().lower()
        except (OSError, UnicodeDecodeError):
            return str(uuid.uuid5(uuid.NAMESPACE_OID, machine_id()))
    if kind == "instance":
        return instance
    if kind == "ephemeral":
        return _EPHEMERAL
    return socket.gethostname()


_EPHEMERAL = str(uuid.UUID(bytes=os.urandom(16), version=4))
