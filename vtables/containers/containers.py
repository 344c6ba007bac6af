"""The table `containers`: the containers that processes run in, told from control groups alone."""

from __future__ import annotations

from ..scan import Scan
from ..sources.containers import container_in, group_of, pod_of
from ..sources.procfs import each
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Containers(Table):
    """Running containers of Docker, containerd, Podman, CRI-O, LXC and systemd-nspawn; no runtime is asked."""

    id = Column(TEXT, "Id or name of the container")
    runtime = Column(
        TEXT,
        "Who runs it: docker, containerd, podman, crio, buildkit, buildah, lxc, libvirt-lxc, "
        "systemd-nspawn, runc, crun, youki, apptainer, singularity, garden, mesos; unknown for another",
    )
    pid = Column(BIGINT, "Lowest process id in it, as the host numbers them")
    processes = Column(INTEGER, "Number of its processes")
    cgroup_path = Column(TEXT, "Control group of that process, by which the container was told")
    pod_uid = Column(TEXT, "Uid of the Kubernetes pod it belongs to; '' for none")

    identity = ("id", "runtime", "pid")
    typical_rows = 10
    row_cost = 10.0
    examples = ["SELECT runtime, id, processes FROM containers;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        # By runtime and group: containers in different places may have the same name.
        found: dict[tuple[str, str], tuple[str, str, int, int, str]] = {}
        for pid, raw in each(scan, lambda pid: scan.host.read(f"/proc/{pid}/cgroup")):
            id, runtime, path = container_in(raw)
            if id:
                key = (runtime, group_of(path))
                *_, first, count, its_path = found.get(key, (id, runtime, pid, 0, path))
                found[key] = (id, runtime, first, count + 1, its_path)
        for values in found.values():
            yield (*values, pod_of(values[-1]))
