"""The ways events are got from the kernel, one module or folder each."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..publisher import Publisher


def all_publishers() -> list[type[Publisher]]:
    """Every publisher, imported when somebody collects."""
    from .audit.publisher import Audit
    from .bpf.publisher import Bpf
    from .fanotify import Fanotify
    from .inotify import Inotify

    return [Audit, Bpf, Fanotify, Inotify]
