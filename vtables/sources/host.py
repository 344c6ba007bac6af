"""`Host`: where the host's files are. Tests and mounted images give another root."""

from __future__ import annotations


class Host:
    """The roots that readers start from; `root` stands before every path of the host ('' for the live one)."""

    __slots__ = ("proc", "root", "sys")

    def __init__(self, root: str = "", proc: str | None = None, sys: str | None = None) -> None:
        self.root = root.rstrip("/")
        self.proc = self.root + "/proc" if proc is None else proc.rstrip("/")
        self.sys = self.root + "/sys" if sys is None else sys.rstrip("/")

    def path(self, path: str) -> str:
        """Where an absolute path of the host is found from here: '/etc/passwd' below the root."""
        return self.root + path

    @property
    def live(self) -> bool:
        """Whether this is the running host itself, so that system calls (not files) may answer."""
        return not self.root and self.proc == "/proc" and self.sys == "/sys"

    def only_live(self, what: str) -> None:
        """TableUnavailable unless this is the running host: its kernel alone knows `what` ('the routes')."""
        if not self.live:
            from ..errors import TableUnavailable

            raise TableUnavailable(f"{what} are known to the running kernel alone, not to the files of {self.root}")
