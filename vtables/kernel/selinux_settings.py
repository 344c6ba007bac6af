"""The table `selinux_settings` (/sys/fs/selinux)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.text import decode, from_os
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_SCOPES = ("booleans", "policy_capabilities")
_TOP = ("checkreqprot", "deny_unknown", "enforce", "mls", "policyvers", "reject_unknown")


class SelinuxSettings(Table):
    """Settings of SELinux; no rows on a host without it."""

    scope = Column(TEXT, "'' for a setting of the whole, else booleans or policy_capabilities")
    key = Column(TEXT, "Name of the setting")
    value = Column(TEXT, "Value; for a boolean the value now")

    typical_rows = 300
    examples = ["SELECT key, value FROM selinux_settings WHERE scope = '';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_with("/sys")
        root = "/sys/fs/selinux"
        files = [("", name) for name in _TOP]
        for scope in _SCOPES:
            try:
                files += [(scope, name) for name in sorted(scan.host.listdir(f"{root}/{scope}"))]
            except OSError:
                continue
        for scope, name in files:
            try:
                words = decode(scan.host.read(f"{root}/{scope}/{name}")).split()
            except FileNotFoundError:
                continue
            except PermissionError:
                scan.denied("settings", name)
                continue
            except OSError as error:
                scan.note(f"a setting cannot be read: {error.strerror}", name)
                continue
            yield scope, from_os(name), words[0] if words else ""
