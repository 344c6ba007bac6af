"""Containers told from control groups: the shapes of paths that runtimes make, and a process put into such a group."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.tests.conftest import query
from hostql.vtables.database import Database
from hostql.vtables.sources.containers import container_in, container_of, pod_of
from hostql.vtables.sources.host import Host

ID = "4ae3c4f1b7a8" + "0d" * 26
OUTER = "ff" * 32
TASK = "0a1b2c3d" * 4
BUILD = "w2u1h0qzmxg6s3q8n5b9k4j7y"
POD = "2b7f5c1e-7d0a-4a52-9a3e-0c8d1f6f1a11"
SLICE = f"kubepods-besteffort-pod{POD.replace('-', '_')}.slice"
USER = "/user.slice/user-1000.slice/user@1000.service"

SHAPES = [
    # Docker: cgroupfs driver, systemd driver, rootless, in Docker, with a parent of one's own, Amazon ECS
    (f"/docker/{ID}", ID, "docker"),
    (f"/system.slice/docker-{ID}.scope", ID, "docker"),
    (f"/system.slice/docker-{ID}.scope/init.scope", ID, "docker"),
    (f"{USER}/user.slice/docker-{ID}.scope", ID, "docker"),
    (f"/docker/{OUTER}/docker/{ID}", ID, "docker"),
    (f"/docker/{OUTER}/system.slice/docker-{ID}.scope", ID, "docker"),
    (f"/actions_job/{ID}", ID, "docker"),
    (f"/ecs/0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d/{ID}", ID, "docker"),
    # Amazon ECS on Fargate, on Amazon Linux 2023; docker run --cgroup-parent of either driver
    (f"/ecs/{TASK}/{TASK}-1234567890", f"{TASK}-1234567890", "containerd"),
    (f"/ecs/cluster/{TASK}/{TASK}-1234567890", f"{TASK}-1234567890", "containerd"),
    (f"/ecstasks.slice/ecstasks-{TASK}.slice/docker-{ID}.scope", ID, "docker"),
    (f"/ecs/{TASK}", "", ""),
    (f"/system.slice/{TASK}-12.scope", "", ""),
    (f"/mine.slice/docker-{ID}.scope", ID, "docker"),
    (f"/mine/{ID}", ID, "unknown"),
    (f"/mine/deeper/{ID}/init", ID, "unknown"),
    # BuildKit by itself, in Docker with either driver, in Kubernetes
    (f"/buildkit/{BUILD}", BUILD, "buildkit"),
    (f"/docker/buildkit/{BUILD}", BUILD, "buildkit"),
    (f"/system.slice/docker-{BUILD}.scope", BUILD, "buildkit"),
    (f"/kubepods/burstable/pod{POD}/{ID}/buildkit/{BUILD}", BUILD, "buildkit"),
    ("/buildkit", "", ""),
    ("/buildkit/init", "", ""),
    # Kubernetes: cgroupfs and systemd drivers, each runtime
    (f"/kubepods/besteffort/pod{POD}/{ID}", ID, "unknown"),
    (f"/kubepods/pod{POD}/{ID}", ID, "unknown"),
    (f"/kubelet/kubepods/pod{POD}/{ID}", ID, "unknown"),
    (f"/kubepods.slice/kubepods-besteffort.slice/{SLICE}/docker-{ID}.scope", ID, "docker"),
    (f"/kubepods.slice/kubepods-besteffort.slice/{SLICE}/cri-containerd-{ID}.scope", ID, "containerd"),
    (f"/kubepods.slice/kubepods-besteffort.slice/{SLICE}/crio-{ID}.scope", ID, "crio"),
    (f"/kubepods.slice/kubepods-besteffort.slice/{SLICE}/crio-{ID}.scope/container", ID, "crio"),
    (f"/kubepods/burstable/pod{POD}/crio-{ID}", ID, "crio"),
    (f"/kubelet.slice/kubelet-kubepods.slice/kubelet-{SLICE}/cri-containerd-{ID}.scope", ID, "containerd"),
    (f"/system.slice/containerd.service/{SLICE}:cri-containerd:{ID}", ID, "containerd"),
    (f"/system.slice/kubelet.service/kubepods-burstable-pod1.slice:crio:{ID}", ID, "crio"),
    # containerd without Kubernetes
    (f"/default/{ID}", ID, "containerd"),
    (f"/k8s.io/{ID}", ID, "containerd"),
    ("/default/redis1", "redis1", "containerd"),
    ("/default/redis1/worker", "redis1", "containerd"),
    (f"/docker/{OUTER}/default/redis1", "redis1", "containerd"),
    ("/default", "", ""),
    ("/user.slice/default/redis1", "", ""),
    # An OCI runtime by itself, with systemd
    ("/system.slice/runc-web.scope", "web", "runc"),
    (f"{USER}/user.slice/crun-web-2.scope", "web-2", "crun"),
    (f"/system.slice/runc-{ID}.scope", ID, "runc"),
    (f"/mine.slice/crun-{ID}.scope", ID, "crun"),
    (f"/mine.slice/youki-{ID}.scope/init", ID, "youki"),
    (f"/mine.slice/foo-{ID}.scope", "", ""),
    (f"{USER}/user.slice/apptainer-4711.scope", "4711", "apptainer"),
    (f"{USER}/user.slice/crun-buildah-buildah123.scope", "buildah-buildah123", "buildah"),
    # Cloud Foundry, Mesos
    ("/garden/12345678-1234-1234-5d3c-1a2b", "12345678-1234-1234-5d3c-1a2b", "garden"),
    (f"/mesos/{POD}", POD, "mesos"),
    (f"/mesos/{OUTER}/mesos/{POD}", POD, "mesos"),
    # The group was removed
    (f"/docker/{ID} (deleted)", ID, "docker"),
    (f"/system.slice/docker-{ID}.scope (deleted)", ID, "docker"),
    ("/lxc/web (deleted)", "web", "lxc"),
    ("/default/redis1 (deleted)", "redis1", "containerd"),
    (f"/system.slice/nerdctl-{ID}.scope", ID, "containerd"),
    # Podman: root, rootless, in a pod, cgroupfs; and the program that watches over the container, which is not in it
    (f"/machine.slice/libpod-{ID}.scope", ID, "podman"),
    (f"/machine.slice/libpod-{ID}.scope/container", ID, "podman"),
    (f"{USER}/user.slice/libpod-{ID}.scope/container", ID, "podman"),
    (f"{USER}/app.slice/app-podman.slice/libpod-{ID}.scope", ID, "podman"),
    (f"/machine.slice/machine-libpod_pod_{OUTER}.slice/libpod-{ID}.scope", ID, "podman"),
    (f"/libpod_parent/libpod-{ID}", ID, "podman"),
    (f"/system.slice/web.service/libpod-payload-{ID}", ID, "podman"),
    ("/system.slice/web.service/supervisor", "", ""),
    (f"/machine.slice/libpod-conmon-{ID}.scope", "", ""),
    (f"/kubepods.slice/crio-conmon-{ID}.scope", "", ""),
    (f"/libpod_parent/{ID}/conmon", "", ""),
    (f"/libpod_parent/libpod-{ID}/conmon", "", ""),
    (f"/libpod_parent/libpod-conmon-{ID}", "", ""),
    (f"/docker/{OUTER}/libpod_parent/libpod-{ID}/conmon", OUTER, "docker"),
    # LXC and LXD, Proxmox; Docker in LXC
    ("/lxc/web", "web", "lxc"),
    ("/lxc.payload.web", "web", "lxc"),
    ("/lxc.payload/web/init.scope", "web", "lxc"),
    ("/lxc.payload.web/system.slice/ssh.service", "web", "lxc"),
    ("/lxc/101/ns/system.slice/cron.service", "101", "lxc"),
    (f"/lxc/web/docker/{ID}", ID, "docker"),
    ("/lxc.monitor.web", "", ""),
    # systemd-machined: nspawn's, libvirt's containers; its virtual machines are none
    ("/machine.slice/machine-db1.scope/payload/system.slice", "db1", "systemd-nspawn"),
    ("/machine.slice/db1.scope/payload", "db1", "systemd-nspawn"),
    ("/machine.slice/db1.scope/supervisor", "", ""),
    ("/machine.slice/machine-db1.scope/supervisor", "", ""),
    (r"/machine.slice/machine-b\xc3\xa4r.scope", "bär", "systemd-nspawn"),
    ("/machine/web.libvirt-lxc", "web", "libvirt-lxc"),
    ("/machine/lxc-4711-web.libvirt-lxc", "web", "libvirt-lxc"),
    ("/machine/vm.libvirt-qemu", "", ""),
    (r"/machine.slice/machine-my\x2ddb.scope", "my-db", "systemd-nspawn"),
    (r"/machine.slice/systemd-nspawn@my\x2ddb.service/payload", "my-db", "systemd-nspawn"),
    (r"/machine.slice/machine-lxc\x2d4711\x2dweb.scope", "web", "libvirt-lxc"),
    (r"/machine.slice/machine-qemu\x2d1\x2dubuntu.scope", "", ""),
    # A runtime that is not known by its path, and what only looks like a container
    (f"/elsewhere/garden/x/{ID}", ID, "unknown"),
    ("/user.slice/mine/lxc/web", "", ""),
    ("/user.slice/user-1000.slice/session-2.scope/lxc/web", "web", "lxc"),
    (f"/mine/ecs/{TASK}/{TASK}-1", "", ""),
    (f"/mine/ecs/{ID}", ID, "unknown"),
    (f"/system.slice/backup-{ID}.scope", "", ""),
    ("/system.slice/docker.service", "", ""),
    ("/system.slice/containerd.service", "", ""),
    (f"{USER}/app.slice/app-org.gnome.Terminal.slice/vte-spawn-{POD}.scope", "", ""),
    ("/init.scope", "", ""),
    ("/", "", ""),
    ("", "", ""),
]


@pytest.mark.parametrize(("path", "id", "runtime"), SHAPES)
def test_shapes(path: str, id: str, runtime: str):
    assert container_of(path) == (id, runtime)


@pytest.mark.parametrize(
    ("path", "uid"),
    [
        (f"/kubepods/besteffort/pod{POD}/{ID}", POD),
        (f"/kubepods.slice/kubepods-besteffort.slice/{SLICE}/crio-{ID}.scope", POD),
        (f"/system.slice/containerd.service/{SLICE}:cri-containerd:{ID}", POD),
        ("/kubepods/pod3f2a9a0b8c7d6e5f4a3b2c1d0e9f8a7b/x", "3f2a9a0b8c7d6e5f4a3b2c1d0e9f8a7b"),
        (f"/docker/{ID}", ""),
        (f"/kubelet.slice/kubelet-kubepods.slice/kubelet-{SLICE}/cri-containerd-{ID}.scope", POD),
        (f"/kubepods/burstable/pod{POD}/{ID}/podman", POD),
        ("/kubepods/besteffort", ""),
        ("/system.slice/pod-cleaner.service", ""),
    ],
)
def test_pods(path: str, uid: str):
    assert pod_of(path) == uid


def test_any_hierarchy_may_tell():
    """Version 1 controllers beside an unused version 2, as on distributions of 2018 to 2021."""
    lines = f"12:pids:/docker/{ID}\n1:name=systemd:/docker/{ID}\n0::/system.slice/containerd.service\n"
    assert container_in(lines.encode()) == (ID, "docker", f"/docker/{ID}")
    assert container_in(f"0::/docker/{ID}\n".encode()) == (ID, "docker", f"/docker/{ID}")
    assert container_in(b"0::/\n") == container_in(b"") == container_in(b"junk") == ("", "", "")


def test_the_innermost_container_of_all_hierarchies():
    lines = f"9:memory:/docker/{OUTER}\n8:pids:/docker/{OUTER}/docker/{ID}\n0::/docker/{OUTER}\n"
    assert container_in(lines.encode()) == (ID, "docker", f"/docker/{OUTER}/docker/{ID}")


def test_containers_of_one_name_in_different_places(tmp_path: Path):
    for pid, path in ((7, f"/docker/{ID}/lxc/web"), (8, "/lxc/web"), (9, "/lxc/web/init.scope")):
        folder = tmp_path / "proc" / str(pid)
        folder.mkdir(parents=True)
        (folder / "cgroup").write_text(f"0::{path}\n")
    with Database(host=Host(str(tmp_path))) as db:
        rows = [tuple(row.values()) for row in query(db, "SELECT id, pid, processes FROM containers ORDER BY pid")]
    assert rows == [("web", 7, 1), ("web", 8, 2)]


def test_processes_are_counted_by_container(tmp_path: Path):
    for pid, path in ((7, f"/docker/{ID}"), (9, f"/docker/{ID}/sub"), (8, "/"), (10, f"/kubepods/pod{POD}/{OUTER}")):
        folder = tmp_path / "proc" / str(pid)
        folder.mkdir(parents=True)
        (folder / "cgroup").write_text(f"0::{path}\n")
    with Database(host=Host(str(tmp_path))) as db:
        rows = [tuple(row.values()) for row in query(db, "SELECT * FROM containers ORDER BY pid")]
    assert rows == [
        (ID, "docker", 7, 2, f"/docker/{ID}", ""),
        (OUTER, "unknown", 10, 1, f"/kubepods/pod{POD}/{OUTER}", POD),
    ]


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group made by hand, with a path like Docker's."""
    for mount in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        top = Path(mount)
        if (top / "cgroup.procs").exists() and os.access(top, os.W_OK):
            break
    else:
        pytest.skip("needs a control group hierarchy that may be written to")
    parent = top / f"hostql-test-{os.getpid()}" / "docker"
    made = parent / ID
    try:
        made.mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"control groups cannot be made here: {error}")
    yield made
    for folder in (made, parent, parent.parent):
        folder.rmdir()


@pytest.mark.live
def test_a_process_in_such_a_group(db: Database, group: Path):
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        try:
            (group / "cgroup.procs").write_text(str(child.pid))
        except OSError as error:
            child.kill()
            pytest.skip(f"a process cannot be moved here: {error}")
        rows = query(db, "SELECT id, runtime, pid, processes FROM containers WHERE id = ?", (ID,))
        (process,) = query(db, "SELECT container_id, container_runtime FROM processes WHERE pid = ?", (child.pid,))
        (told,) = query(db, "SELECT container_of(?) AS id", (child.pid,))
        (counted,) = query(db, "SELECT processes, pids_current FROM cgroups WHERE path LIKE ?", (f"%/{ID}",))
        child.communicate()
    assert rows == [{"id": ID, "runtime": "docker", "pid": child.pid, "processes": 1}]
    assert process == {"container_id": ID, "container_runtime": "docker"}
    assert told == {"id": ID}
    assert counted["processes"] == 1 and counted["pids_current"] in (1, None)
