"""Telling whoever started the agent how it fares: systemd, by sd_notify(3) without its library, or a starter."""

from __future__ import annotations

import os
import socket


class Notify:
    """Tells the service manager, and `starter`, a pipe's end that is written to once, when all is ready; -1 for none.

    every  seconds within which `WATCHDOG=1` is expected; 0 for never
    """

    def __init__(self, starter: int = -1) -> None:
        self._starter = starter
        self._path = os.environ.pop("NOTIFY_SOCKET", "")
        pid, microseconds = os.environ.pop("WATCHDOG_PID", ""), os.environ.pop("WATCHDOG_USEC", "")
        meant = pid in ("", str(os.getpid())) and microseconds.isdigit()
        self.every = int(microseconds) / 1_000_000 if meant else 0.0

    def __bool__(self) -> bool:
        return bool(self._path)

    def say(self, **state: str | int) -> None:
        """Tell variables, such as READY=1 or STATUS='...'."""
        if "READY" in state and self._starter >= 0:
            self._tell_starter()
        if not self._path:
            return
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        text = "\n".join(f"{name}={value}" for name, value in state.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
                link.connect(address)
                link.send(text.encode())
        except OSError:
            # A manager that is being restarted; the next word reaches it.
            pass

    def _tell_starter(self) -> None:
        try:
            os.write(self._starter, b"1")
        except OSError:
            # It waits no more.
            pass
        os.close(self._starter)
        self._starter = -1
