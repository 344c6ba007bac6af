"""The table `kernel_info`: the running kernel and how it was booted (/proc/cmdline)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.text import decode
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def parse_command_line(text: str) -> tuple[str, str, str]:
    """The boot command line as (other arguments, image, root device).

    >>> parse_command_line("BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet")
    ('ro quiet', '/vmlinuz', '/dev/sda1')
    """
    path = device = ""
    arguments = []
    for word in text.split():
        if word.startswith("BOOT_IMAGE="):
            path = word[11:]
        elif word.startswith("root="):
            device = word[5:]
        else:
            arguments.append(word)
    return " ".join(arguments), path, device


class KernelInfo(Table):
    """The running kernel; one row."""

    version = Column(TEXT, "Release of the kernel", collate="VERSION")
    arguments = Column(TEXT, "Arguments it was booted with, those of the next two columns apart")
    path = Column(TEXT, "Path of its image as the boot loader has it")
    device = Column(TEXT, "Device of the root file system as the boot loader has it")

    typical_rows = 1
    examples = ["SELECT version, arguments FROM kernel_info;"]

    def rows(self, scan: Scan) -> Iterator[tuple[str, str, str, str]]:
        release = decode(scan.host.read("/proc/sys/kernel/osrelease").strip())
        yield (release, *parse_command_line(decode(scan.host.read("/proc/cmdline").strip())))
