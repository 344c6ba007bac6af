"""The SQL functions hostql adds to SQLite's own: `catalog` documents them, a module is imported at the first call."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import apsw

    from ..database import Database

# (SQL name, number of arguments (-1: any number), module that has it).
BINDINGS = (
    ("split", 3, "text"),
    ("regex_split", 3, "text"),
    ("regex_match", 3, "text"),
    ("concat", -1, "text"),
    ("concat_ws", -1, "text"),
    ("version_compare", -1, "versions"),
    ("md5", 1, "digests"),
    ("sha1", 1, "digests"),
    ("sha256", 1, "digests"),
    ("to_base64", 1, "digests"),
    ("from_base64", 1, "digests"),
    ("conditional_to_base64", 1, "digests"),
    ("inet_aton", 1, "addresses"),
    ("in_cidr_block", 2, "addresses"),
    ("cidr_contains", 2, "addresses"),
    ("community_id_v1", -1, "addresses"),
    ("human_size", 1, "human"),
    ("human_time", 1, "human"),
    ("ago", 1, "human"),
    ("user", 1, "human"),
    ("container_of", 1, "human"),
)

# Functions that read the host, and all whose value may differ from one statement to the next.
_READING = ("user", "container_of")
_VARYING = ("ago", *_READING)

# Name of each collation, and the flavour of `version_compare` it follows.
COLLATIONS = {"VERSION": "", "VERSION_ARCH": "ARCH", "VERSION_DPKG": "DPKG", "VERSION_RHEL": "RHEL"}


def register(connection: apsw.Connection, database: Database) -> None:
    """Make the functions known to the connection."""
    for name, arguments, module in BINDINGS:
        function = _late(name, module, database)
        connection.create_scalar_function(name, function, arguments, deterministic=name not in _VARYING)
    for name, flavour in COLLATIONS.items():
        connection.create_collation(name, _collation(flavour))


def _late(name: str, module: str, database: Database) -> Callable[..., Any]:
    """The function, whose module is imported at the first call; one that reads the host is given the database."""
    found: list[Callable[..., Any]] = []

    def call(*arguments: Any) -> Any:
        if not found:
            from functools import partial
            from importlib import import_module

            function = getattr(import_module(f"{__name__}.{module}"), name)
            found.append(partial(function, database) if name in _READING else function)
        return found[0](*arguments)

    return call


def _collation(flavour: str) -> Callable[[str, str], int]:
    def compare(left: str, right: str) -> int:
        from .versions import collate

        return collate(left, right, flavour)

    return compare
