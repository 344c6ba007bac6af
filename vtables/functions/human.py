"""Functions that make numbers readable: sizes, durations, ages, users, containers."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def human_size(value: Any) -> str | None:
    """Bytes in the unit that suits them: '1.5 GiB'; NULL for what is no number."""
    if not isinstance(value, (int, float)):
        return None
    size = float(value)
    for unit in _UNITS:
        if abs(size) < 1024 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def human_time(value: Any) -> str | None:
    """Seconds in their two greatest units: '3 d 4 h'; NULL for what is no number."""
    if not isinstance(value, (int, float)) or not abs(value) < 1e15:
        return None
    rest = int(abs(value))
    parts: list[str] = []
    for seconds, unit in _SPANS:
        if rest >= seconds or (seconds == 1 and not parts):
            parts.append(f"{rest // seconds} {unit}")
            rest %= seconds
        elif parts:
            break
    return ("-" if value < 0 else "") + " ".join(parts[:2])


def ago(value: Any) -> str | None:
    """How long ago a Unix time was: '2 h 5 min ago', 'in 3 s'; NULL for what is no number."""
    if not isinstance(value, (int, float)):
        return None
    elapsed = time.time() - value
    text = human_time(abs(elapsed))
    return None if text is None else f"{text} ago" if elapsed >= 0 else f"in {text}"


def user(value: Any) -> str | None:
    """The name of a user id; the number itself as text where it has none."""
    import pwd

    if not isinstance(value, int):
        return None
    try:
        return pwd.getpwuid(value).pw_name
    except (KeyError, OverflowError):
        return str(value)


def container_of(pid: Any, proc: str = "/proc") -> str | None:
    """The id of the container a process runs in; '' for none, NULL for a process that is not there."""
    from ..sources import containers
    from ..sources.files import read

    if not isinstance(pid, int):
        return None
    try:
        return containers.container_in(read(os.path.join(proc, str(pid), "cgroup")))[0]
    except OSError:
        return None
