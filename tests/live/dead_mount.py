"""`dead_mount`: a file system whose server never answers, as of a network that is gone. What touches it is in state D,
and not even SIGKILL ends it (linux/fuse.h, fs/fuse/dev.c)."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_HEADER = struct.Struct("=IIQQIIIHH")
_ANSWER = struct.Struct("=IiQ")
# Protocol 7.31; what is not named is 0.
_INIT, _INIT_OUT = 26, struct.pack("=IIIIHHI", 7, 31, 0, 0, 16, 12, 4096) + bytes(40)


@contextmanager
def dead_mount(place: Path) -> Iterator[Path]:
    """Mounted at `place`; the path of a file in it. Whoever waits for it goes on with an error at the end. Skips where
    nothing can be mounted."""
    try:
        device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        pytest.skip(f"no FUSE here: {error.strerror}")
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    if ctypes.CDLL(None, use_errno=True).mount(b"dead", os.fsencode(place), b"fuse", 0, options):
        os.close(device)
        pytest.skip(f"nothing can be mounted here: {os.strerror(ctypes.get_errno())}")
    end, told = os.pipe()
    server = threading.Thread(target=_listen, args=(device, end))
    server.start()
    try:
        yield place / "file"
    finally:
        os.write(told, b"x")
        server.join()
        # Closing the device aborts the connection: all that wait get an error.
        os.close(device)
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)
        os.close(end)
        os.close(told)


def _listen(device: int, end: int) -> None:
    """Takes requests, so that they cannot be called back any more, and answers but the first."""
    while end not in select.select([device, end], [], [])[0]:
        request = os.read(device, 1 << 17)
        _, operation, unique, *_ = _HEADER.unpack_from(request)
        if operation == _INIT:
            os.write(device, _ANSWER.pack(_ANSWER.size + len(_INIT_OUT), 0, unique) + _INIT_OUT)
