"""Paths that begin as the typed text does: one folder is listed, bounded in number."""

from __future__ import annotations

import os

from ....vtables.sources.host import LIVE, Host

# A folder of mails or a cache may have millions of entries.
_MOST_LISTED = 20_000
_MOST_SHOWN = 100


def paths(typed: str, host: Host = LIVE) -> list[str]:
    """The paths, sorted, folders with a slash at the end; hidden ones only where the dot was typed.

    A `~` stays as it was typed; only the running host has a home for it. None for a folder that may not be read; names
    that are no text are left out.
    """
    folder, slash, begin = typed.rpartition("/")
    shown = folder + slash
    found: list[str] = []
    try:
        with host.scandir((os.path.expanduser(shown) if host.live else shown) or ".") as entries:
            for number, entry in enumerate(entries):
                if number >= _MOST_LISTED or len(found) >= _MOST_SHOWN:
                    break
                name = entry.name
                if name.startswith(begin) and name.isprintable() and (begin or not name.startswith(".")):
                    found.append(shown + name + ("/" if entry.is_dir() else ""))
    except (OSError, ValueError):
        return []
    return sorted(found)
