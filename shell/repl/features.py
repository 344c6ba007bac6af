"""What works on this host as this user: the facts that decide how much the tables can show, and what each costs."""

from __future__ import annotations

import os
import platform
from importlib.util import find_spec
from shutil import which

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...vtables.sources.host import Host

# Linux capabilities (linux/capability.h) without which parts of the host are closed even to uid 0.
CAPABILITIES = {"DAC_READ_SEARCH": 2, "NET_ADMIN": 12, "SYS_PTRACE": 19, "SYS_ADMIN": 21}
_PACKAGES = {
    "deb": "/var/lib/dpkg/status",
    "rpm": "/var/lib/rpm",
    "apk": "/lib/apk/db/installed",
    "pacman": "/var/lib/pacman",
}
_CONTAINERS = {
    "docker": "/run/docker.sock",
    "containerd": "/run/containerd/containerd.sock",
    "podman": "/run/podman/podman.sock",
    "cri-o": "/run/crio/crio.sock",
}


def facts(host: Host) -> list[tuple[str, str]]:
    """(what, how it stands here and what that means); `host` is the one whose files are read."""
    return [
        ("user", _user()),
        ("capabilities", _capabilities()),
        ("kernel", f"{platform.release()}, {platform.machine()}"),
        ("control groups", _control_groups()),
        ("systemd", _systemd(host)),
        ("packages", _found(_PACKAGES, host) or "no database that is known"),
        ("containers", _found(_CONTAINERS, host) or "no runtime's socket; names come from control groups alone"),
        ("kernel tracing", _tracing()),
        ("Parquet", "pyarrow is installed" if find_spec("pyarrow") else "no: .import and .export of it need pyarrow"),
        ("pager", which("less") or "less is not installed; .config pager names another"),
        ("colours", _colours()),
        ("SQLite", _sqlite()),
    ]


def _user() -> str:
    if os.geteuid() == 0:
        return "root"
    return f"uid {os.geteuid()}: of other users' processes only what everybody may see; sudo hostql shows all"


def _capabilities() -> str:
    held = 0
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("CapEff:"):
                    held = int(line.split()[1], 16)
    except OSError:
        return "not known: /proc is not readable"
    missing = [name for name, number in CAPABILITIES.items() if not held >> number & 1]
    return f"without {', '.join(missing)}" if missing else f"all that matter ({', '.join(CAPABILITIES)})"


def _control_groups() -> str:
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        return "version 2"
    return "version 1" if os.path.isdir("/sys/fs/cgroup/memory") else "not mounted"


def _systemd(host: Host) -> str:
    if not host.live:
        return "of a mounted host: units are read from files"
    return "running" if os.path.isdir("/run/systemd/system") else "not running: units are read from files"


def _found(places: dict[str, str], host: Host) -> str:
    return ", ".join(name for name, path in places.items() if host.exists(path))


def _tracing() -> str:
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "the kernel has no type information (BTF)"
    return "the kernel has type information (BTF)" + (", for root" if os.geteuid() else "")


def _colours() -> str:
    from .theme import theme

    name = theme("auto", os.environ).name
    return "none: NO_COLOR or a dumb terminal" if name == "plain" else f"{name}, TERM={os.environ.get('TERM', '')}"


def _sqlite() -> str:
    import apsw

    return f"{apsw.sqlite_lib_version()}, APSW {apsw.apsw_version()}"
