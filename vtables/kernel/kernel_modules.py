"""The table `kernel_modules` (/proc/modules, proc_modules(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.text import decode, integer
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def parse_modules(raw: bytes) -> list[tuple[str, int, str, str, str]]:
    r"""(name, size, used by, status, address) of each module; a broken line is left out.

    >>> parse_modules(b"ext4 811008 1 jbd2,mbcache, Live 0xffffffffc0200000\n")
    [('ext4', 811008, 'jbd2,mbcache', 'Live', '0xffffffffc0200000')]
    """
    found = []
    for line in decode(raw).split("\n"):
        fields = line.split()
        size = integer(fields[1]) if len(fields) >= 6 else None
        if size is not None:
            found.append((fields[0], size, fields[3].rstrip(","), fields[4], fields[5]))
    return found


class KernelModules(Table):
    """Modules loaded into the kernel; none on a kernel that has everything built in."""

    name = Column(TEXT, "Name of the module")
    size = Column(BIGINT, "Memory it takes, in bytes")
    used_by = Column(TEXT, "Modules that use it, separated by commas; - for none")
    status = Column(TEXT, "Live, Loading or Unloading")
    address = Column(TEXT, "Where it is loaded; zeros where the reader may not know")

    typical_rows = 80
    examples = ["SELECT name, human_size(size) AS size FROM kernel_modules ORDER BY kernel_modules.size DESC LIMIT 5;"]

    def rows(self, scan: Scan) -> Iterator[tuple[str, int, str, str, str]]:
        scan.host.only_with("/proc")
        try:
            raw = scan.host.read("/proc/modules")
        except FileNotFoundError:
            # A kernel without loadable modules has no such file.
            return
        except OSError as error:
            scan.note(f"cannot read the modules: {error.strerror}")
            return
        yield from parse_modules(raw)
