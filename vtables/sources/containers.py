"""Which container a process is in, from its control groups alone; no runtime is asked."""

from __future__ import annotations

from .text import decode

# A container's id in a cgroup path: 64 hexadecimal digits for Docker, containerd, Podman and CRI-O.
_ID_LENGTH = 64
_HEX = frozenset("0123456789abcdef")
# What stands before the id in the group's name, and the runtime that writes it: `docker-ID.scope` of the systemd
# driver, `crio-ID` of the cgroupfs driver, `pod...slice:cri-containerd:ID` of containerd where the two are mixed up.
_PREFIXES = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "libpod": "podman",
    # With --cgroups=split, as units made by Quadlet have it.
    "libpod-payload": "podman",
    "crio": "crio",
}
# What a folder above a bare id is called, and whose it is: Docker's own, Amazon ECS's, GitHub's runners', and the
# namespaces of containerd (`ctr`, `nerdctl`, Kubernetes).
_PARENTS = {
    "docker": "docker",
    "ecs": "docker",
    "actions_job": "docker",
    "libpod_parent": "podman",
    "kubepods": "containerd",
    "kubepods.slice": "containerd",
    "default": "containerd",
    "k8s.io": "containerd",
}
# Namespaces of containerd in which a container has the name its user likes: `ctr run IMAGE redis1`: /default/redis1.
_NAMED = ("default", "k8s.io")
# Scopes whose name is the container's behind the runtime's: of the OCI runtimes used by themselves.
_SCOPES = ("runc", "crun")
# What the kernel writes behind a group that was removed while processes end in it.
_REMOVED = " (deleted)"
# BuildKit's ids: 25 characters of base 36.
_BUILD_LENGTH = 25
_BASE36 = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")
# An ECS task's id: 32 hexadecimal digits.
_TASK_LENGTH = 32


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
    if cgroup.endswith(_REMOVED):
        cgroup = cgroup[: -len(_REMOVED)]
    parts = cgroup.split("/")
    for place in range(len(parts) - 1, 0, -1):
        found = _from_part(parts[place], parts[:place])
        if found[0]:
            return found
    return "", ""


def container_in(raw: bytes) -> tuple[str, str, str]:
    r"""(id, runtime, its group's path) of the container that /proc/PID/cgroup tells of; all '' where it tells of none.

    Each hierarchy has a path of its own, and a runtime need not use all of them: with version 1 controllers beside an
    unused version 2, the unified path is often that of the runtime's service.

    >>> container_in(b"9:memory:/docker/" + b"ab" * 32 + b"\n0::/system.slice/containerd.service\n")[1]
    'docker'
    """
    for path in dict.fromkeys([line.split(b":", 2)[-1] for line in raw.split(b"\n")]):
        if len(path) > 1:
            id, runtime = container_of(decode(path))
            if id:
                return id, runtime, decode(path)
    return "", "", ""


def pod_of(cgroup: str) -> str:
    """The uid of the Kubernetes pod in a cgroup path; '' where there is none.

    >>> pod_of("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod12_34.slice/crio-ab.scope")
    '12-34'
    >>> pod_of("/kubepods/burstable/pod12-34/ab")
    '12-34'
    """
    if "kubepods" not in cgroup:
        return ""
    for part in reversed(cgroup.split("/")):
        name = part.partition(".slice")[0]
        before, pod, uid = name.rpartition("pod")
        # The systemd driver writes the uid's dashes, which would nest slices, as underscores.
        if pod and uid and (not before or (before.startswith("kubepods") and before.endswith("-"))):
            return uid.replace("_", "-")
    return ""


def _from_part(part: str, above: list[str]) -> tuple[str, str]:
    name = part[:-6] if part.endswith(".scope") else part
    id = name[-_ID_LENGTH:]
    if _is_id(id):
        if len(name) == _ID_LENGTH:
            return id, _by_parents(above)
        # `docker-ID`, and `kubelet-pod.slice:cri-containerd:ID`.
        runtime = _PREFIXES.get(name[: -_ID_LENGTH - 1].rpartition(":")[2])
        if name[-_ID_LENGTH - 1] in "-:" and runtime:
            return id, runtime
        return "", ""
    for find in (_of_build, _of_task, _named):
        found = find(name, part, above)
        if found:
            return found
    if name.startswith("lxc.payload."):
        return name[12:], "lxc"
    if above[-1] in ("lxc", "lxc.payload") and name:
        return name, "lxc"
    if name.startswith("machine-") and part.endswith(".scope"):
        return _machine(_unit_name(name[8:]))
    if name.startswith("systemd-nspawn@") and name.endswith(".service"):
        return _unit_name(name[15:-8]), "systemd-nspawn"
    return "", ""


def _of_build(name: str, part: str, above: list[str]) -> tuple[str, str] | None:
    """A step of a build: `/buildkit/ID`, also below Docker's group; `docker-ID.scope` of Docker's with systemd."""
    id = name[7:] if part.endswith(".scope") and name.startswith("docker-") else name if above[-1] == "buildkit" else ""
    return (id, "buildkit") if len(id) == _BUILD_LENGTH and _BASE36.issuperset(id) else None


def _of_task(name: str, part: str, above: list[str]) -> tuple[str, str] | None:
    """A container of Amazon ECS on Fargate: `/ecs/TASK/TASK-NUMBER`."""
    task, dash, number = name.partition("-")
    if not dash or "ecs" not in above or len(task) != _TASK_LENGTH:
        return None
    return (name, "containerd") if _HEX.issuperset(task) and number.isascii() and number.isdigit() else None


def _named(name: str, part: str, above: list[str]) -> tuple[str, str] | None:
    """A container with a name instead of an id."""
    if part.endswith(".scope"):
        runtime, _, id = name.partition("-")
        return (id, runtime) if id and runtime in _SCOPES else None
    # At the top, or at the top of another container: deeper, such a folder can be anybody's.
    if name and above[-1] in _NAMED and (len(above) <= 2 or container_of("/".join(above[:-1]))[0]):
        return name, "containerd"
    return None


def _by_parents(above: list[str]) -> str:
    for folder in reversed(above):
        if folder in _PARENTS:
            return _PARENTS[folder]
    return "unknown"


def _machine(name: str) -> tuple[str, str]:
    """A machine of systemd-machined: libvirt registers its own there, of which virtual machines are no containers."""
    kind, _, rest = name.partition("-")
    if kind == "qemu" and rest.partition("-")[0].isdigit():
        return "", ""
    if kind == "lxc" and rest.partition("-")[0].isdigit():
        return rest.partition("-")[2], "libvirt-lxc"
    return name, "systemd-nspawn"


def _unit_name(text: str) -> str:
    r"""A name that systemd escaped for a unit (systemd.unit(5)): `\x2d` is a dash."""
    if "\\x" not in text:
        return text
    import re

    return re.sub(r"\\x([0-9a-f]{2})", lambda code: chr(int(code[1], 16)), text)


def _is_id(text: str) -> bool:
    return len(text) == _ID_LENGTH and _HEX.issuperset(text)
