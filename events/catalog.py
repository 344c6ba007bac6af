"""The catalogue with the event tables in it."""

from __future__ import annotations

import os

from ..vtables.catalog import Catalog


def catalog() -> Catalog:
    """All tables: the live ones and those of events, which are the subject `events`."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tables")
    return Catalog({"events": (f"{__package__}.tables", folder)})
