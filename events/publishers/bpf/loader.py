"""`Loaded`: a group of BPF programs in the kernel, over bpf(2) by ctypes. Closing its descriptors takes it out again.

Sources: bpf(2), include/uapi/linux/bpf.h (union bpf_attr), tools/lib/bpf/skel_internal.h (what a loader program is
given), perf_event_open(2).
"""

from __future__ import annotations

import ctypes
import os
import struct

from ...publisher import Unavailable
from .blob import Blob
from .tracefs import tracepoint_ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Numbers of the system calls bpf and perf_event_open.
_CALLS = {"x86_64": (321, 298), "aarch64": (280, 241)}
_MAP_CREATE, _MAP_LOOKUP, _MAP_UPDATE, _MAP_DELETE, _PROG_LOAD, _PROG_TEST_RUN = 0, 1, 2, 3, 5, 10
_RAW_TRACEPOINT_OPEN, _LINK_CREATE = 17, 28
_ARRAY, _SYSCALL, _PERF_EVENT, _SLEEPABLE = 2, 31, 41, 1 << 4
_PERF_TYPE_TRACEPOINT, _PERF_FLAG_CLOEXEC = 2, 8
_PERF_EVENT_IOC_ENABLE = 0x2400
_libc = ctypes.CDLL(None, use_errno=True)


class Loaded:
    """The maps and programs of a blob.

    maps      {name: file descriptor}
    programs  {name: file descriptor}
    """

    def __init__(self, blob: Blob) -> None:
        """Load them; nothing runs yet. OSError where the kernel refuses."""
        self.blob = blob
        self.maps: dict[str, int] = {}
        self.programs: dict[str, int] = {}
        self._links: list[int] = []
        self._load(blob)

    def attach(self, cookies: Mapping[str, int] | None = None) -> None:
        """Let all programs run from now on. OSError where the kernel refuses, Unavailable without tracefs.

        `cookies` is for a program that does not name its tracepoint: it runs at all of these, given their cookies.
        """
        sections = self.blob.programs
        prefix = "tracepoint/"
        cookies = cookies or {}
        named = [section[len(prefix) :] for section in sections.values() if section.startswith(prefix)]
        ids = tracepoint_ids([*named, *cookies])
        for name, section in sections.items():
            if section.startswith("tracepoint"):
                for tracepoint in [section[len(prefix) :]] if section.startswith(prefix) else cookies:
                    id = ids[tracepoint]
                    if id is not None:
                        self._attach_tracepoint(self.programs[name], id, cookies.get(tracepoint, 0))
            else:
                self._links.append(_bpf(_RAW_TRACEPOINT_OPEN, struct.pack("<QIIQ", 0, self.programs[name], 0, 0)))

    def lookup(self, name: str, key: bytes, size: int) -> bytes | None:
        """The value of a key, of `size` bytes (all CPUs' values of a per-CPU map); None where there is none."""
        value = ctypes.create_string_buffer(size)
        return value.raw if self._element(_MAP_LOOKUP, name, key, value) else None

    def update(self, name: str, key: bytes, value: bytes) -> None:
        """Set the value of a key. OSError where the map is full."""
        self._element(_MAP_UPDATE, name, key, ctypes.create_string_buffer(value, len(value)))

    def delete(self, name: str, key: bytes) -> None:
        """Remove a key, if it is there."""
        self._element(_MAP_DELETE, name, key, None)

    def close(self) -> None:
        """Detach and remove everything."""
        for fd in (*self._links, *self.programs.values(), *self.maps.values()):
            os.close(fd)
        self._links.clear()
        self.programs.clear()
        self.maps.clear()

    def _load(self, blob: Blob) -> None:
        # struct bpf_loader_ctx {size, flags, log_level, log_size; u64 log_buf}; {int fd; u32 max_entries; u64 initial
        # value} of each map; {int fd} of each program.
        size = 24 + 16 * len(blob.maps) + 4 * len(blob.programs)
        context = ctypes.create_string_buffer(size)
        struct.pack_into("<I", context, 0, size)
        data = _bpf(_MAP_CREATE, struct.pack("<IIIII8x16s28x", _ARRAY, 4, len(blob.data), 1, 0, b"hostql_loader"))
        loader = -1
        try:
            value = ctypes.create_string_buffer(blob.data, len(blob.data))
            key = ctypes.c_uint32(0)
            _bpf(_MAP_UPDATE, struct.pack("<IIQQQ", data, 0, ctypes.addressof(key), ctypes.addressof(value), 0))
            loader = _load_loader(blob.instructions, data)
            # test.{prog_fd, retval, data_size_in/out, data_in/out, repeat, duration, ctx_size_in/out, ctx_in/out}
            run = struct.pack(
                "<IIIIQQIIIIQQII8x", loader, 0, 0, 0, 0, 0, 0, 0, size, 0, ctypes.addressof(context), 0, 0, 0
            )
            answer = ctypes.create_string_buffer(run, len(run))
            _bpf_in_place(_PROG_TEST_RUN, answer)
            (result,) = struct.unpack_from("<i", answer, 4)
        finally:
            os.close(data)
            if loader >= 0:
                os.close(loader)
        if result < 0:
            raise OSError(-result, f"the kernel refused the programs: {os.strerror(-result)}")
        for i, name in enumerate(blob.maps):
            (self.maps[name],) = struct.unpack_from("<i", context, 24 + 16 * i)
        for i, name in enumerate(blob.programs):
            (self.programs[name],) = struct.unpack_from("<i", context, 24 + 16 * len(blob.maps) + 4 * i)

    def _attach_tracepoint(self, program: int, id: int, cookie: int) -> None:
        # struct perf_event_attr: type, size, config, sample_period at their places; 128 bytes are version 7.
        attributes = bytearray(128)
        struct.pack_into("<IIQQ", attributes, 0, _PERF_TYPE_TRACEPOINT, 128, id, 1)
        buffer = ctypes.create_string_buffer(bytes(attributes), 128)
        event = _libc.syscall(
            ctypes.c_long(_numbers()[1]),
            buffer,
            ctypes.c_long(-1),
            ctypes.c_long(0),
            ctypes.c_long(-1),
            ctypes.c_long(_PERF_FLAG_CLOEXEC),
        )
        if event < 0:
            raise OSError(ctypes.get_errno(), f"perf_event_open: {os.strerror(ctypes.get_errno())}")
        self._links.append(event)
        self._links.append(_bpf(_LINK_CREATE, struct.pack("<IIIIQ40x", program, event, _PERF_EVENT, 0, cookie)))
        import fcntl

        fcntl.ioctl(event, _PERF_EVENT_IOC_ENABLE, 0)

    def _element(self, command: int, name: str, key: bytes, value: ctypes.Array[ctypes.c_char] | None) -> bool:
        held = ctypes.create_string_buffer(key, len(key))
        there = ctypes.addressof(value) if value is not None else 0
        try:
            _bpf(command, struct.pack("<I4xQQQ", self.maps[name], ctypes.addressof(held), there, 0))
        except FileNotFoundError:
            return False
        return True


def possible_cpus() -> int:
    """How many values a per-CPU map holds for a key: one for each CPU that may ever be there."""
    with open("/sys/devices/system/cpu/possible") as file:
        return sum(1 for _ in _cpus(file.read().strip()))


def _cpus(text: str) -> Iterator[int]:
    """
    >>> list(_cpus("0-2,5"))
    [0, 1, 2, 5]
    """
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _load_loader(instructions: bytes, data: int) -> int:
    code = ctypes.create_string_buffer(instructions, len(instructions))
    license = ctypes.create_string_buffer(b"Dual BSD/GPL")
    descriptors = (ctypes.c_int * 1)(data)
    # prog_type, insn_cnt, insns, license; log_level, log_size, log_buf, kern_version, prog_flags, prog_name;
    # what is not needed; fd_array
    return _bpf(
        _PROG_LOAD,
        struct.pack("<IIQQ", _SYSCALL, len(instructions) // 8, ctypes.addressof(code), ctypes.addressof(license))
        + struct.pack("<IIQII16s", 0, 0, 0, 0, _SLEEPABLE, b"hostql_loader")
        + struct.pack("<IIIIQIIQIIIIQ", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ctypes.addressof(descriptors)),
    )


def _numbers() -> tuple[int, int]:
    machine = os.uname().machine
    try:
        return _CALLS[machine]
    except KeyError:
        raise Unavailable(f"BPF is not loaded on {machine}: the numbers of its system calls are not known") from None


def _bpf(command: int, attributes: bytes) -> int:
    """bpf(2); gives what it returns."""
    return _bpf_in_place(command, ctypes.create_string_buffer(attributes, len(attributes)))


def _bpf_in_place(command: int, attributes: ctypes.Array[ctypes.c_char]) -> int:
    result: int = _libc.syscall(
        ctypes.c_long(_numbers()[0]), ctypes.c_long(command), attributes, ctypes.c_long(len(attributes))
    )
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"bpf({command}): {os.strerror(number)}")
    return result
