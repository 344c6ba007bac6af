"""Which container a process is in, from its cgroup's path alone; no runtime is asked."""

from __future__ import annotations

# A container's id in a cgroup path: 64 hexadecimal digits for Docker, containerd, Podman and CRI-O.
_ID_LENGTH = 64
_HEX = frozenset("0123456789abcdef")
# What stands before the id in the cgroup's name under the systemd driver, and the runtime that writes it.
_SCOPES = {"docker-": "docker", "cri-containerd-": "containerd", "libpod-": "podman", "crio-": "crio"}
# What the folder above the id is called under the cgroupfs driver.
_PARENTS = {"docker": "docker", "libpod_parent": "podman", "actions_job": "docker"}


def container_of(cgroup: str) -> tuple[str, str]:
    """(id, runtime) of the innermost container in a cgroup path; ('', '') where there is none.

    >>> container_of("/system.slice/docker-" + "ab" * 32 + ".scope")[1]
    'docker'
    >>> container_of("/lxc.payload.web/init.scope")
    ('web', 'lxc')
    >>> container_of("/machine.slice/machine-db1.scope")
    ('db1', 'systemd-nspawn')
    >>> container_of("/user.slice/user-1000.slice")
    ('', '')
    """
    if cgroup.count("/") < 1:
        return "", ""
    parts = cgroup.split("/")
    for place in range(len(parts) - 1, 0, -1):
        found = _from_part(parts[place], parts[:place])
        if found[0]:
            return found
    return "", ""


def _from_part(part: str, above: list[str]) -> tuple[str, str]:
    name = part[:-6] if part.endswith(".scope") else part
    for prefix, runtime in _SCOPES.items():
        if name.startswith(prefix) and _is_id(name[len(prefix) :]):
            return name[len(prefix) :], runtime
    if _is_id(name):
        parent = above[-1]
        kubernetes = any(up.startswith("kubepods") for up in above)
        return name, _PARENTS.get(parent) or ("containerd" if kubernetes else parent or "unknown")
    if name.startswith("lxc.payload."):
        return name[12:], "lxc"
    if above[-1] == "lxc" and name:
        return name, "lxc"
    if name.startswith("machine-") and part.endswith(".scope"):
        return name[8:].replace("\\x2d", "-"), "systemd-nspawn"
    if name.startswith("systemd-nspawn@") and name.endswith(".service"):
        return name[15:-8].replace("\\x2d", "-"), "systemd-nspawn"
    return "", ""


def _is_id(text: str) -> bool:
    return len(text) == _ID_LENGTH and _HEX.issuperset(text)
