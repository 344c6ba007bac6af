"""`make bpf`: compile the BPF programs and write their blobs. Needs clang, llvm-strip and libbpf with its headers.

libbpf is asked for a loader program instead of loading anything (`bpf_object__gen_loader`, what `bpftool gen skeleton
-L` does); nothing is put into the running kernel.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import sysconfig
import tempfile

from .blob import GROUPS, SOURCES, Blob, digest, path_of, sources_of, write


class _Options(ctypes.Structure):
    """struct gen_loader_opts (libbpf.h)."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("instructions", ctypes.c_void_p),
        ("data_size", ctypes.c_uint32),
        ("instructions_size", ctypes.c_uint32),
    )


def main() -> int:
    """Build all groups."""
    for group in GROUPS:
        write(group, build(group))
        print(f"{path_of(group)}: {os.path.getsize(path_of(group))} bytes")
    return 0


def build(group: str) -> Blob:
    """Compile one group."""
    with tempfile.TemporaryDirectory() as folder:
        compiled = os.path.join(folder, f"{group}.o")
        architecture = sysconfig.get_config_var("MULTIARCH") or ""
        flags = ["-O2", "-g", "-Wall", "-Werror", "-target", "bpf", "-mcpu=v3", f"-I/usr/include/{architecture}"]
        source = os.path.join(SOURCES, f"{group}.bpf.c")
        subprocess.run(["clang", *flags, "-c", source, "-o", compiled], check=True)
        # Lines of the sources go, types stay.
        subprocess.run(["llvm-strip", "-g", compiled], check=True)
        return _generated(compiled, digest(sources_of(group)))


def _generated(compiled: str, sources: str) -> Blob:
    library = ctypes.CDLL("libbpf.so.1", use_errno=True)

    def call(name: str, *arguments: object, gives: type = ctypes.c_void_p) -> object:
        function = getattr(library, name)
        function.restype = gives
        result = function(*arguments)
        if gives is ctypes.c_int and result:
            raise OSError(-result, f"{name}: {os.strerror(-result)}")
        return result

    def each(kind: str) -> list[ctypes.c_void_p]:
        found: list[ctypes.c_void_p] = []
        item = None
        while True:
            item = call(f"bpf_object__next_{kind}", loaded, ctypes.c_void_p(item) if item else None)  # type: ignore[arg-type]
            if not item:
                return found
            found.append(ctypes.c_void_p(item))  # type: ignore[arg-type]

    def text(name: str, item: ctypes.c_void_p) -> str:
        raw = call(name, item, gives=ctypes.c_char_p)
        assert isinstance(raw, bytes)
        return raw.decode()

    def number(name: str, item: ctypes.c_void_p) -> int:
        value = getattr(library, name)
        value.restype = ctypes.c_uint32
        return int(value(item))

    loaded = ctypes.c_void_p(call("bpf_object__open_file", os.fsencode(compiled), None))  # type: ignore[arg-type]
    if not loaded:
        raise OSError(ctypes.get_errno(), f"libbpf cannot open {compiled}")
    options = _Options(size=ctypes.sizeof(_Options))
    call("bpf_object__gen_loader", loaded, ctypes.byref(options), gives=ctypes.c_int)
    call("bpf_object__load", loaded, gives=ctypes.c_int)
    sizes = ("bpf_map__key_size", "bpf_map__value_size", "bpf_map__max_entries")
    maps = {text("bpf_map__name", item): tuple(number(name, item) for name in sizes) for item in each("map")}
    unnamed = [name for name in maps if not name.startswith("hostql_")]
    if unnamed:
        raise ValueError(f"the programs have global data ({', '.join(unnamed)}); use a map instead")
    programs = {text("bpf_program__name", item): text("bpf_program__section_name", item) for item in each("program")}
    instructions = ctypes.string_at(options.instructions, options.instructions_size)
    return Blob(sources, maps, programs, instructions, ctypes.string_at(options.data, options.data_size))  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
