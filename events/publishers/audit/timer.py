"""One file descriptor that is readable when records came, when a pause is over, and at regular intervals."""

from __future__ import annotations

import ctypes
import os
import select
import struct

_CLOCK_MONOTONIC = 1
_TFD_NONBLOCK_CLOEXEC = 0o2004000


class Timer:
    """An epoll descriptor over the source and two timers: waiting for the source can rest for a while."""

    def __init__(self, source: int, interval: float) -> None:
        self._poll = select.epoll()
        self._source = source
        self._resting = False
        self._pause = _timer()
        self._interval = _timer()
        _set(self._interval, interval, interval)
        self._poll.register(source, select.EPOLLIN)
        self._poll.register(self._pause, select.EPOLLIN)
        self._poll.register(self._interval, select.EPOLLIN)

    def fileno(self) -> int:
        return self._poll.fileno()

    def rest(self, seconds: float | None) -> None:
        """Be readable again after so many seconds, whatever comes; None: as soon as the source is."""
        for timer in (self._pause, self._interval):
            try:
                os.read(timer, 8)
            except BlockingIOError:
                pass
        if seconds is not None:
            _set(self._pause, seconds, 0)
        resting = seconds is not None
        if self._resting != resting:
            self._resting = resting
            if self._source >= 0:
                self._poll.modify(self._source, self._events())

    def watch(self, source: int) -> None:
        """Wait for this source; -1 for none. The one before was closed, which took it out of the epoll."""
        if source != self._source:
            self._source = source
            if source >= 0:
                self._poll.register(source, self._events())

    def _events(self) -> int:
        return 0 if self._resting else select.EPOLLIN

    def close(self) -> None:
        self._poll.close()
        os.close(self._pause)
        os.close(self._interval)


# Python has these from 3.13 on.
_libc = ctypes.CDLL(None, use_errno=True)


def _timer() -> int:
    fd: int = _libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK_CLOEXEC)
    if fd < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return fd


def _set(fd: int, first: float, interval: float) -> None:
    """timerfd_settime(2); `struct itimerspec` is the interval, then the first time."""
    nanoseconds = [int(each * 1e9) for each in (interval, first)]
    value = struct.pack("@4l", *(part for each in nanoseconds for part in divmod(each, 1_000_000_000)))
    if _libc.timerfd_settime(fd, 0, value, None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
