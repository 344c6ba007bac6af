"""A folder that stands for a host: accounts, names, files and processes that never change."""

from __future__ import annotations

import os
from pathlib import Path

FILES = {
    "etc/passwd": (
        "root:x:0:0:root:/root:/bin/bash\n"
        "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
        "Ann:x:1000:1000:Ann, é:/home/Ann:/bin/bash\n"
        "ann:x:1001:1000::/home/ann:/bin/sh\n"
        "toor:x:0:0:root:/root:/bin/sh\n"
        "big:x:4294967294:4294967294::/:\n"
    ),
    "etc/group": "root:x:0:\nadm:x:4:Ann,ann\nusers:x:100:ann,gone\nAnn:x:1000:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost\n10.0.0.7 db DB.example\n10.0.0.8 web\n",
    "proc/stat": "cpu  1 2 3 4\nbtime 1700000000\n",
}
# (pid, name, state, parent, uid, threads, command line)
PROCESSES = (
    (1, "init", "S", 0, 0, 1, "/sbin/init"),
    (2, "kthreadd", "S", 0, 0, 1, ""),
    (40, "Shell", "S", 1, 1000, 1, "/bin/bash\0-l"),
    (41, "shell", "R", 40, 1001, 3, "/bin/sh\0-c\0true"),
    (42, "shell", "Z", 40, 1000, 1, ""),
    (300, "a) b", "S", 41, 0, 2, "x"),
)
TREE = ("a/x", "a/X", "a/é", "b/x", "b/.hidden", "b/y.log", "top")
FOLDERS = ("/tree", "/tree/a", "/tree/b")


def make(root: Path) -> None:
    """Write it all below the folder."""
    for name, text in FILES.items():
        _write(root / name, text)
    for number, name in enumerate(TREE):
        _write(root / "tree" / name, "." * (number % 3))
        os.utime(root / "tree" / name, (1_700_000_000, 1_700_000_000 + number))
    for process in PROCESSES:
        _process(root / "proc" / str(process[0]), *process)


def _process(folder: Path, pid: int, name: str, state: str, parent: int, uid: int, threads: int, command: str) -> None:
    folder.mkdir()
    numbers = [parent, pid, pid, 0, -1, 0, 0, 0, 0, 0, 5, 6, 0, 0, 20, 0, threads, 0, 700, 1 << 20, 50]
    _write(folder / "stat", f"{pid} ({name}) {state} {' '.join(map(str, numbers))} {' '.join('0' * 28)}\n")
    _write(folder / "comm", name + "\n")
    _write(folder / "cmdline", command + "\0" if command else "")
    ids = "\t".join([str(uid)] * 4)
    _write(folder / "status", f"Name:\t{name}\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t{parent}\nUid:\t{ids}\nGid:\t{ids}\n")
    _write(folder / "cgroup", "0::/init.scope\n")
    _write(folder / "io", "read_bytes: 4096\nwrite_bytes: 0\n")
    for link, target in (("exe", command.split("\0")[0]), ("cwd", "/"), ("root", "/")):
        if target:
            (folder / link).symlink_to(target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
