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
    # OCI runtimes used by themselves, with systemd.
    "runc": "runc",
    "crun": "crun",
    "youki": "youki",
}
# What a folder above a bare id is called, and whose it is: Docker's own, Amazon ECS's, GitHub's runners', and the
# namespaces of containerd (`ctr`, `nerdctl`, Kubernetes); below Kubernetes's own any runtime may have made it.
_PARENTS = {
    "docker": "docker",
    "ecs": "docker",
    "actions_job": "docker",
    "libpod_parent": "podman",
    "kubepods": "unknown",
    "kubepods.slice": "unknown",
    "default": "containerd",
    "k8s.io": "containerd",
}
# Those of which a service or a user can have one, too: rootless Docker's, say.
_ANYWHERE = ("docker", "libpod_parent", "kubepods", "kubepods.slice")
# Namespaces of containerd in which a container has the name its user likes: `ctr run IMAGE redis1`: /default/redis1.
_NAMED = ("default", "k8s.io")
# Scopes whose name is the container's behind the runtime's: of the OCI runtimes used by themselves.
_SCOPES = ("runc", "crun", "youki", "apptainer", "singularity")
# Folders at the top whose own folders are containers with a name: Cloud Foundry's, Mesos's, Apptainer's.
_FOLDERS = ("garden", "mesos", "apptainer", "singularity", "lxc")
# Groups of a container in which is who watches over it, on the host.
_WATCHERS = ("conmon", "supervisor")
# What the kernel writes behind a group that was removed while processes end in it.
_REMOVED = " (deleted)"
# What the folders are called in which Kubernetes has its pods, of the cgroupfs driver.
_QUALITIES = ("kubepods", "burstable", "besteffort", "guaranteed")
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
    found = _along(cgroup)
    return found[-1][:2] if found else ("", "")


def group_of(cgroup: str) -> str:
    """The group of the innermost container in a cgroup path, without those below it; '' where there is none.

    >>> group_of("/docker/" + "ab" * 32 + "/init") == "/docker/" + "ab" * 32
    True
    """
    found = _along(cgroup)
    return found[-1][2] if found else ""


def _along(cgroup: str) -> list[tuple[str, str, str]]:
    """(id, runtime, group) of each container on the way down a cgroup path."""
    if cgroup.endswith(_REMOVED):
        cgroup = cgroup[: -len(_REMOVED)]
    parts = cgroup.split("/")
    found: list[tuple[str, str, str]] = []
    # Where the innermost container is that was found so far: below it names begin anew, as at the top.
    top = 0
    for place in range(1, len(parts)):
        below = parts[place + 1 :]
        if below and below[-1] in _WATCHERS and len(below) == 1:
            continue
        id, runtime = _from_part(parts[place], parts[:place], place - top == 2, below[:1])
        if id:
            found.append((id, runtime, "/".join(parts[: place + 1])))
            top = place
    return found


def container_in(raw: bytes) -> tuple[str, str, str]:
    r"""(id, runtime, its group's path) of the container that /proc/PID/cgroup tells of; all '' where it tells of none.

    Each hierarchy has a path of its own, and a runtime need not use all of them: with version 1 controllers beside an
    unused version 2, the unified path is often that of the runtime's service. Containers in containers need not use
    the same hierarchies: the path with the most of them tells.

    >>> container_in(b"9:memory:/docker/" + b"ab" * 32 + b"\n0::/system.slice/containerd.service\n")[1]
    'docker'
    """
    best: list[tuple[str, str, str]] = []
    its_path = ""
    for line in dict.fromkeys([line.split(b":", 2)[-1] for line in raw.split(b"\n")]):
        if len(line) > 1:
            path = decode(line)
            found = _along(path)
            if len(found) > len(best):
                best, its_path = found, path
    return (*best[-1][:2], its_path) if best else ("", "", "")


def pod_of(cgroup: str) -> str:
    """The uid of the Kubernetes pod in a cgroup path; '' where there is none.

    >>> pod_of("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod12_34.slice/crio-ab.scope")
    '12-34'
    >>> pod_of("/kubepods/burstable/pod12-34/ab")
    '12-34'
    """
    if "kubepods" not in cgroup:
        return ""
    parts = cgroup.split("/")
    for place in range(len(parts) - 1, 0, -1):
        name = parts[place].partition(".slice")[0]
        before, pod, uid = name.rpartition("pod")
        # The systemd driver writes the uid's dashes, which would nest slices, as underscores. With a kubelet below a
        # slice of its own, `kubelet-` stands before it all.
        ours = "kubepods-" in before and before.endswith("-") if before else parts[place - 1] in _QUALITIES
        if pod and uid and ours:
            return uid.replace("_", "-")
    return ""


def _from_part(part: str, above: list[str], second: bool, below: list[str]) -> tuple[str, str]:
    """Whether a part of a path is a container's. `second`: the one above it is at the top of the host or of a
    container; deeper, a folder of that name can be anybody's."""
    name = part[:-6] if part.endswith(".scope") else part
    id = name[-_ID_LENGTH:]
    if _is_id(id):
        if len(name) == _ID_LENGTH:
            return id, _by_parents(above, second)
        # `docker-ID`, and `kubelet-pod.slice:cri-containerd:ID`.
        runtime = _PREFIXES.get(name[: -_ID_LENGTH - 1].rpartition(":")[2])
        if name[-_ID_LENGTH - 1] in "-:" and runtime and (runtime not in _SCOPES or part != name):
            return id, runtime
        return "", ""
    found = _of_build(name, part, above) or _of_task(name, above) or _named(name, part, above, second)
    if found:
        return found
    if name.startswith("lxc.payload."):
        return name[12:], "lxc"
    if name and (above[-1] == "lxc.payload" or (above[-1] == "lxc" and above[-2].endswith((".scope", ".session")))):
        return name, "lxc"
    if above[-1] == "machine" and part.endswith(".libvirt-lxc"):
        return _machine(part[:-12] if part.startswith("lxc-") else f"lxc-0-{part[:-12]}")
    if above[-1] == "machine.slice" and part != name and below == ["payload"] and not name.startswith("machine-"):
        # Not registered with systemd-machined.
        return _unit_name(name), "systemd-nspawn"
    if name.startswith("machine-") and part.endswith(".scope"):
        return _machine(_unit_name(name[8:]))
    if name.startswith("systemd-nspawn@") and name.endswith(".service"):
        return _unit_name(name[15:-8]), "systemd-nspawn"
    return "", ""


def _of_build(name: str, part: str, above: list[str]) -> tuple[str, str] | None:
    """A step of a build: `/buildkit/ID`, also below Docker's group; `docker-ID.scope` of Docker's with systemd."""
    id = name[7:] if part.endswith(".scope") and name.startswith("docker-") else name if above[-1] == "buildkit" else ""
    return (id, "buildkit") if len(id) == _BUILD_LENGTH and _BASE36.issuperset(id) else None


def _of_task(name: str, above: list[str]) -> tuple[str, str] | None:
    """A container of Amazon ECS on Fargate: `/ecs/TASK/TASK-NUMBER`."""
    task, dash, number = name.partition("-")
    if not dash or above[1:2] != ["ecs"] or len(task) != _TASK_LENGTH:
        return None
    return (name, "containerd") if _HEX.issuperset(task) and number.isascii() and number.isdigit() else None


def _named(name: str, part: str, above: list[str], second: bool) -> tuple[str, str] | None:
    """A container with a name instead of an id."""
    if part.endswith(".scope"):
        runtime, _, id = name.partition("-")
        if id.startswith("buildah-buildah") and runtime in _SCOPES:
            return id, "buildah"
        return (id, runtime) if id and runtime in _SCOPES else None
    if name.startswith("buildah-buildah"):
        return name, "buildah"
    if name and second and above[-1] in _NAMED:
        return name, "containerd"
    if name and second and above[-1] in _FOLDERS:
        return name, above[-1]
    return None


def _by_parents(above: list[str], second: bool) -> str:
    """Whose a bare id is, by the folders above it: most have a meaning at the top alone."""
    for folder in reversed(above):
        if folder in _ANYWHERE:
            return _PARENTS[folder]
    if second and above[-1] in _PARENTS:
        return _PARENTS[above[-1]]
    return _PARENTS.get(above[1], "unknown") if len(above) > 1 else "unknown"


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

    raw = text.encode("utf-8", "surrogateescape")
    return decode(re.sub(rb"\\x([0-9a-f]{2})", lambda code: bytes([int(code[1], 16)]), raw))


def _is_id(text: str) -> bool:
    return len(text) == _ID_LENGTH and _HEX.issuperset(text)
