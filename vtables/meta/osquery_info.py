"""The table `osquery_info`: this program, under the name that osquery's queries know."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.configuration import text_of
from ..sources.host import LIVE
from ..sources.procfs import TICKS, parse_boot_time, parse_stat
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# A page; the id has 32 hexadecimal digits.
_LARGEST = 4096


class OsqueryInfo(Table):
    """The running hostql; one row. The column names are osquery's."""

    pid = Column(INTEGER, "Process id of this program")
    uuid = Column(TEXT, "Id of the host: /etc/machine-id", collate="NOCASE")
    instance_id = Column(TEXT, "Always '': nothing runs beside the query")
    version = Column(TEXT, "Version of hostql", collate="VERSION")
    config_hash = Column(TEXT, "Always '': the shell reads no configuration", collate="NOCASE")
    config_valid = Column(INTEGER, "Always 0")
    extensions = Column(TEXT, "Always inactive")
    build_platform = Column(TEXT, "Always linux")
    build_distro = Column(TEXT, "Always '': the package is the same for all")
    start_time = Column(INTEGER, "When this program started, in Unix seconds")
    watcher = Column(INTEGER, "Process id of the watcher; -1 for none")
    platform_mask = Column(INTEGER, "Always 9: POSIX and Linux")

    # An agent has them in its state.
    in_file = True
    typical_rows = 1
    examples = ["SELECT version, pid FROM osquery_info;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        from ..._version import __version__

        uuid = text_of(scan, "/etc/machine-id", expected=False, limit=_LARGEST).strip()
        _, fields = parse_stat(LIVE.read("/proc/self/stat"))
        boot = parse_boot_time(LIVE.read("/proc/stat"))
        started = None if boot is None else boot + int(fields[19]) // TICKS
        yield (os.getpid(), uuid, "", __version__, "", 0, "inactive", "linux", "", started, -1, 9)
