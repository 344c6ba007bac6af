"""The table `ulimit_info`: resource limits of this process (getrlimit(2))."""

from __future__ import annotations

from ..scan import Scan
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class UlimitInfo(Table):
    """The resource limits hostql itself runs under; children inherit them."""

    type = Column(TEXT, "Resource, named as setrlimit(2) does without RLIMIT_, in lower case")
    soft_limit = Column(TEXT, "Limit in force, or unlimited")
    hard_limit = Column(TEXT, "Limit to which the soft one may be raised, or unlimited")

    typical_rows = 15
    examples = ["SELECT type, soft_limit FROM ulimit_info WHERE type = 'nofile';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        import resource

        # RLIMIT_OFILE is an older name of RLIMIT_NOFILE.
        names = {name for name in dir(resource) if name.startswith("RLIMIT_")} - {"RLIMIT_OFILE"}
        for name in sorted(names):
            limits = resource.getrlimit(getattr(resource, name))
            shown = ["unlimited" if limit == resource.RLIM_INFINITY else str(limit) for limit in limits]
            yield (name[7:].lower(), *shown)
