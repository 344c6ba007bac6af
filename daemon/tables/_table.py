"""`AgentTable`: a table whose rows the agent keeps in its state; without an agent it is empty, and says so."""

from __future__ import annotations

from ...vtables.errors import TableUnavailable
from ...vtables.scan import Scan
from ...vtables.table import Table
from ..catalog import STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class AgentTable(Table):
    """Empty where no agent has run."""

    in_file = True

    def rows(self, scan: Scan) -> Iterable[Any]:
        import os

        if os.path.isdir(STATE) and not os.access(STATE, os.X_OK):
            raise TableUnavailable(f"{scan.table}: the agent's state in {STATE} is for root to read")
        scan.note("no agent has run on this host; `hostql daemon` starts one")
        return ()
