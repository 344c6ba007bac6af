"""Which columns of two tables mean the same thing, so that they can be joined on: pid, uid, path, inode, ...

A domain is what a value identifies (a process, a user, a file). A column that is the domain's own name identifies it;
others of the domain refer to it: `parent` is a pid.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ....vtables.table import Column

# {column of any table: domain}
_ANYWHERE = {
    **dict.fromkeys(("pid", "parent", "pgroup", "partner_pid", "creator_pid"), "pid"),
    **dict.fromkeys(("uid", "euid", "suid", "owner_uid", "creator_uid"), "uid"),
    **dict.fromkeys(("gid", "egid", "sgid"), "gid"),
    **dict.fromkeys(("path", "fragment_path", "key_file", "history_file", "ssh_config_file", "source_path"), "path"),
    **dict.fromkeys(("directory", "cwd"), "directory"),
    **dict.fromkeys(("interface", "iniface", "outiface"), "interface"),
    **dict.fromkeys(("address", "local_address", "remote_address", "gateway"), "address"),
    **dict.fromkeys(("port", "local_port", "remote_port"), "port"),
    **{name: name for name in ("username", "groupname", "socket", "inode", "container_id", "cgroup_path")},
    **{name: name for name in ("net_namespace", "pci_slot", "mac", "uuid", "table_name", "admindir")},
}
# Where a table means something else by a column, or by another name the same. '' is no domain.
_HERE = {
    ("block_devices", "name"): "device",
    ("block_devices", "parent"): "device",
    ("block_devices", "uuid"): "",
    ("cgroups", "path"): "cgroup_path",
    ("containers", "id"): "container_id",
    ("deb_package_files", "package"): "deb_package",
    ("deb_packages", "name"): "deb_package",
    ("disk_encryption", "name"): "device",
    ("disk_encryption", "uuid"): "",
    ("last", "type"): "",
    ("listening_ports", "path"): "socket_path",
    ("logged_in_users", "user"): "username",
    ("mounts", "device"): "device",
    ("mounts", "device_alias"): "device",
    ("nftables_rules", "table_name"): "",
    ("process_memory_map", "device"): "",
    ("process_open_pipes", "inode"): "pipe",
    ("process_open_sockets", "path"): "socket_path",
    ("sockets", "path"): "socket_path",
    ("sudoers", "header"): "username",
    ("system_info", "uuid"): "",
    ("systemd_timers", "unit"): "systemd_unit",
    ("systemd_units", "id"): "systemd_unit",
    ("systemd_units", "user"): "username",
    ("users", "uuid"): "",
}
# What in its domain identifies, where that is not the column of the domain's name.
_IDENTIFIES = {
    *(("block_devices", "name"), ("cgroups", "path"), ("containers", "id"), ("deb_packages", "name")),
    *(("systemd_units", "id"), ("sockets", "path"), ("process_open_sockets", "path"), ("listening_ports", "path")),
}
# Names that many tables have and that mean nothing between them.
_GENERIC = frozenset(
    "name type state status version description size flags mode comment time key value id source command priority "
    "label family protocol policy permissions options model vendor count start end min max".split()
)


class Pair:
    """A column of the left table that may equal one of the right; the greater `worth`, the likelier it is meant."""

    __slots__ = ("left", "right", "worth")

    def __init__(self, left: str, right: str, worth: int) -> None:
        self.left = left
        self.right = right
        self.worth = worth

    def __repr__(self) -> str:
        return f"{self.left}={self.right}:{self.worth}"


class Domains:
    """A table's columns by domain: what joins need to know of it."""

    __slots__ = ("by_domain", "needs", "table")

    def __init__(self, table: str, columns: Sequence[Column]) -> None:
        self.table = table
        self.needs = any(column.required for column in columns)
        found: dict[str, list[Column]] = {}
        for column in columns:
            domain = _domain(table, column)
            if domain:
                found.setdefault(domain, []).append(column)
        self.by_domain: Mapping[str, Sequence[Column]] = found


def pairs(left: Domains, right: Domains) -> list[Pair]:
    """The likely join conditions of two tables, the likeliest first."""
    found = []
    for domain, columns in left.by_domain.items():
        for column in columns:
            for other in right.by_domain.get(domain, ()):
                worth = _worth(left.table, column, right.table, other, domain)
                if worth and ((right.needs and not other.required) or (left.needs and not column.required)):
                    # It would still lack what it needs.
                    worth = max(1, worth - 12)
                if worth:
                    found.append(Pair(column.name, other.name, worth))
    found.sort(key=lambda pair: -pair.worth)
    return found


def _domain(table: str, column: Column) -> str:
    here = _HERE.get((table, column.name))
    if here is not None:
        return here
    if column.hidden or (column.additional and column.name != "admindir") or column.doc.startswith("Always"):
        return ""
    name = column.name.lower()
    domain = _ANYWHERE.get(name)
    if domain is None:
        # Elsewhere the same name means the same, unless it is everybody's word; a key is no everyday word.
        return "" if name in _GENERIC or not (column.key or name.endswith("id")) else name
    return domain


def _worth(left: str, column: Column, right: str, other: Column, domain: str) -> int:
    if left == right and column.name == other.name:
        # A table joined with itself: on a key it would only find the same row again.
        return 1
    same = column.name == other.name
    own = _identifies(left, column, domain) or _identifies(right, other, domain)
    if not own and not same:
        return 0
    worth = 20 if same else 10
    worth += 8 if other.required or column.required else 0
    worth += 4 * (column.key + other.key)
    worth += 6 if domain in ("pid", "uid", "deb_package", "device", "container_id", "username") else 0
    return worth - (8 if domain in ("address", "port", "net_namespace", "admindir", "mac") else 0)


def _identifies(table: str, column: Column, domain: str) -> bool:
    return column.name == domain or (table, column.name) in _IDENTIFIES
