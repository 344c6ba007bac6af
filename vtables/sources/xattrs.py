"""Extended attributes in words: file capabilities, access lists, labels (xattr(7))."""

from __future__ import annotations

import struct

# linux/capability.h, in the order of their numbers.
CAPABILITIES = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service "
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin "
    "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override "
    "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
).split()
# linux/posix_acl_xattr.h
_ACL_TAGS = {1: "user", 2: "user", 4: "group", 8: "group", 16: "mask", 32: "other"}


def in_words(key: str, value: bytes) -> str:
    """What an attribute says, as getcap(8) and getfacl(1) write it; '' where it is no text and no known structure."""
    if key == "security.capability":
        return capabilities(value)
    if key in ("system.posix_acl_access", "system.posix_acl_default"):
        return access_list(value)
    try:
        text = value.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if all(character.isprintable() for character in text) else ""


def capabilities(raw: bytes) -> str:
    """A struct vfs_cap_data: capabilities, and the sets they are in (e effective, i inheritable, p permitted).

    >>> capabilities(bytes.fromhex("0100000200200000000000000000000000000000"))
    'cap_net_raw=ep'
    """
    revision = raw[3] if len(raw) >= 4 else 0
    words = {1: 1, 2: 2, 3: 2}.get(revision, 0)
    if not words or len(raw) < 4 + 8 * words:
        return ""
    effective = raw[0] & 1
    numbers = struct.unpack_from(f"<{2 * words}I", raw, 4)
    permitted = sum(number << 32 * i for i, number in enumerate(numbers[::2]))
    inheritable = sum(number << 32 * i for i, number in enumerate(numbers[1::2]))
    by_sets: dict[str, list[str]] = {}
    for number in range(32 * words):
        sets = ("i" if inheritable >> number & 1 else "") + ("p" if permitted >> number & 1 else "")
        if sets:
            name = CAPABILITIES[number] if number < len(CAPABILITIES) else str(number)
            by_sets.setdefault(("e" if effective else "") + sets, []).append("cap_" + name)
    owner = ""
    if revision == 3 and len(raw) >= 24:
        (uid,) = struct.unpack_from("<I", raw, 20)
        owner = f" [rootid={uid}]" if uid else ""
    return " ".join([f"{','.join(names)}={sets}" for sets, names in by_sets.items()]) + owner


def access_list(raw: bytes) -> str:
    """A POSIX access list: entries tag:id:permissions, separated by commas.

    >>> access_list(bytes.fromhex("0200000001000600ffffffff02000400e803000004000400ffffffff"))
    'user::rw-,user:1000:r--,group::r--'
    """
    if raw[:4] != b"\2\0\0\0":
        return ""
    entries = []
    for at in range(4, len(raw) - 7, 8):
        tag, bits, id = struct.unpack_from("<HHI", raw, at)
        letters = "".join([letter if bits & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1))])
        entries.append(f"{_ACL_TAGS.get(tag, tag)}:{id if tag in (2, 8) else ''}:{letters}")
    return ",".join(entries)
