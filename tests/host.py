"""What this host lets tests do: how long they wait, whether they are root."""

from __future__ import annotations

import os

# Seconds that a test waits for what must come. Hosts under load are slow, and only a test that fails waits so long.
PATIENCE = 120.0
# capabilities(7): CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, SETGID, SETUID, NET_ADMIN, NET_RAW, SYS_CHROOT,
# SYS_PTRACE, SYS_ADMIN, SETFCAP
_NEEDED = sum(1 << bit for bit in (0, 1, 2, 3, 6, 7, 12, 13, 18, 19, 21, 31))


def _capabilities() -> int:
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))


# Whether the tests may do what root may. In a container root may lack capabilities: it is then no more than others.
IS_ROOT = os.geteuid() == 0 and _capabilities() & _NEEDED == _NEEDED
