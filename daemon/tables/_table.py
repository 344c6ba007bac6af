"""`AgentTable`: a table whose rows the agent keeps in its state; without an agent it is empty, and says so."""

from __future__ import annotations

import os

from ...vtables.errors import TableUnavailable
from ...vtables.scan import Scan
from ...vtables.table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class AgentTable(Table):
    """Empty where no agent has run."""

    in_file = True

    def rows(self, scan: Scan) -> Iterable[Any]:
        readable_state(scan)
        scan.note("no agent has run on this host; `hostql daemon` starts one")
        return ()


def readable_state(scan: Scan) -> str:
    """The folder of the agent's state. TableUnavailable where this user may not look into it."""
    state = scan.settings.state
    if os.path.isdir(state) and not os.access(state, os.X_OK):
        raise TableUnavailable(f"{scan.table}: the agent's state in {state} is for root to read")
    return state
