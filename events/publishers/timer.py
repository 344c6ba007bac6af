"""A file descriptor that is readable at regular intervals (timerfd_create(2), which Python has from 3.13 on)."""

from __future__ import annotations

import ctypes
import os
import struct

_CLOCK_MONOTONIC = 1
# TFD_NONBLOCK, TFD_CLOEXEC: those of open(2).
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC


def timer(seconds: float) -> int:
    """The descriptor of a timer; reading eight bytes rests it until the next time."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
    whole, rest = divmod(int(seconds * 1e9), 1_000_000_000)
    # struct itimerspec: the interval, then the first time.
    if fd < 0 or libc.timerfd_settime(fd, 0, struct.pack("@4l", whole, rest, whole, rest), None) != 0:
        code = ctypes.get_errno()
        if fd >= 0:
            os.close(fd)
        raise OSError(code, os.strerror(code))
    return fd
