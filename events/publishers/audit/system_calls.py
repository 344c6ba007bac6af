"""The numbers of the system calls that audit rules name, by architecture."""

from __future__ import annotations

import platform

PROCESS, SOCKET, FILE = "process", "socket", "file"


class Architecture:
    """One way to call the kernel: AUDIT_ARCH_* of linux/audit.h, and the numbers of the calls by class and name."""

    __slots__ = ("calls", "number", "socketcall")

    def __init__(self, number: int, calls: dict[str, dict[str, int]], socketcall: int | None = None) -> None:
        self.number = number
        self.calls = calls
        self.socketcall = socketcall


def _architecture(number: int, process: str, sockets: str, files: str, socketcall: int | None = None) -> Architecture:
    def numbered(text: str) -> dict[str, int]:
        words = text.split()
        return {name: int(value) for name, value in zip(words[::2], words[1::2])}

    calls = {PROCESS: numbered(process), SOCKET: numbered(sockets), FILE: numbered(files)}
    return Architecture(number, calls, socketcall)


_X86_64 = _architecture(
    0xC000003E,
    "execve 59 execveat 322",
    "connect 42 accept 43 bind 49 listen 50 accept4 288",
    "open 2 truncate 76 rename 82 mkdir 83 rmdir 84 creat 85 link 86 unlink 87 symlink 88 chmod 90 fchmod 91 chown 92 "
    "fchown 93 lchown 94 openat 257 mkdirat 258 fchownat 260 unlinkat 263 renameat 264 linkat 265 symlinkat 266 "
    "fchmodat 268 renameat2 316 openat2 437 fchmodat2 452 ftruncate 77",
)
_I386 = _architecture(
    0x40000003,
    "execve 11 execveat 358",
    "bind 361 connect 362 listen 363 accept4 364",
    "open 5 creat 8 link 9 unlink 10 chmod 15 lchown 16 rename 38 mkdir 39 rmdir 40 symlink 83 truncate 92 "
    "ftruncate 93 fchmod 94 fchown 95 truncate64 193 ftruncate64 194 lchown32 198 fchown32 207 chown32 212 "
    "openat 295 mkdirat 296 fchownat 298 unlinkat 301 renameat 302 linkat 303 symlinkat 304 fchmodat 306 renameat2 353 "
    "openat2 437 fchmodat2 452",
    socketcall=102,
)
_AARCH64 = _architecture(
    0xC00000B7,
    "execve 221 execveat 281",
    "bind 200 listen 201 accept 202 connect 203 accept4 242",
    "mkdirat 34 unlinkat 35 symlinkat 36 linkat 37 renameat 38 truncate 45 ftruncate 46 fchmod 52 fchmodat 53 "
    "fchownat 54 fchown 55 openat 56 renameat2 276 openat2 437 fchmodat2 452",
)
_ARM = _architecture(
    0x40000028,
    "execve 11 execveat 387",
    "bind 282 connect 283 listen 284 accept 285 accept4 366",
    "open 5 creat 8 link 9 unlink 10 chmod 15 rename 38 mkdir 39 rmdir 40 symlink 83 truncate 92 ftruncate 93 "
    "fchmod 94 truncate64 193 ftruncate64 194 lchown32 198 fchown32 207 chown32 212 openat 322 mkdirat 323 "
    "fchownat 325 unlinkat 328 renameat 329 linkat 330 symlinkat 331 fchmodat 333 renameat2 382 "
    "openat2 437 fchmodat2 452",
)
ARCHITECTURES = {"x86_64": (_X86_64, _I386), "aarch64": (_AARCH64, _ARM)}
# Calls of socketcall(2), by its first argument (linux/net.h).
SOCKETCALLS = {2: "bind", 3: "connect", 4: "listen", 5: "accept", 18: "accept4"}


def architectures() -> tuple[Architecture, ...]:
    """Those of this host; none where hostql does not know its calls' numbers."""
    return ARCHITECTURES.get(platform.machine(), ())


def call_names() -> dict[tuple[int, int], str]:
    """{(architecture, number): name} of the calls that rules name, on any architecture."""
    return {
        (each.number, number): name
        for pair in ARCHITECTURES.values()
        for each in pair
        for calls in each.calls.values()
        for name, number in calls.items()
    }
