"""`Limits`: what one query may take."""

from __future__ import annotations

_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class Limits:
    """Upper bounds for one query; None is no bound.

    timeout  seconds of wall time
    cpu      seconds of CPU time
    memory   bytes by which the process may grow while the query runs
    rows     rows of the result
    """

    __slots__ = ("cpu", "memory", "rows", "timeout")

    def __init__(
        self,
        timeout: float | None = None,
        cpu: float | None = None,
        memory: int | None = None,
        rows: int | None = None,
    ) -> None:
        self.timeout = timeout
        self.cpu = cpu
        self.memory = memory
        self.rows = rows

    def watched(self) -> bool:
        """Whether any bound needs somebody to watch the clock or the memory."""
        return self.timeout is not None or self.cpu is not None or self.memory is not None


def parse_size(text: str) -> int:
    """Bytes from a size with an optional unit of 1024: '200M', '1.5G', '4096'. ValueError for anything else.

    >>> parse_size("200M"), parse_size("1.5k"), parse_size("12")
    (209715200, 1536, 12)
    """
    lowered = text.strip().lower()
    for ending in ("ib", "b"):
        if lowered.endswith(ending) and len(lowered) > len(ending) and lowered[-len(ending) - 1] in "kmgt":
            lowered = lowered[: -len(ending)]
            break
    unit = lowered[-1:] if lowered[-1:].isalpha() else ""
    number = float(lowered[: len(lowered) - len(unit)])
    if unit not in _UNITS or not 0 <= number * _UNITS[unit] < 1 << 60:
        raise ValueError(text)
    return int(number * _UNITS[unit])


def human(size: float) -> str:
    """A size in bytes for a person: '200.0 MiB'."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
