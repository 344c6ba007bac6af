"""`hostql events profiles` and `hostql events check`: exclusion profiles, and what one would have dropped."""

from __future__ import annotations

import os
import sys
import time

from ..vtables.errors import ConfigError, HostqlError
from .messages import write_notes
from .options import Arguments, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..events.exclusion.profiles import Profiles

# Seconds back that `check` looks.
PERIOD = 3600


def profiles(given: Arguments) -> int:
    """The profiles of the configuration: how many rules, whether active, and what is wrong; 1 where something is."""
    if len(given.words) != 2:
        raise UsageError("usage: hostql events profiles --config FILE")
    found = _configured(given)
    active = found.active()
    rows = [(name, int(name in active), found.count(name), _fault(found, name)) for name in found]
    write_rows(given, ("profile", "active", "rules", "fault"), rows)
    return 1 if any(fault for *_, fault in rows) else 0


def check(given: Arguments) -> int:
    """What each rule of a profile would have dropped of the buffer's last hour, and where it would be decided."""
    import apsw

    from ..events.attach import DEFAULT_PATH
    from ..events.exclusion.trial import Trial

    if len(given.words) != 3:
        raise UsageError("usage: hostql events check PROFILE --config FILE [--buffer FILE]")
    found = _configured(given)
    rules = found.rules([given.words[2]])
    path = os.path.abspath(given.get("buffer") or DEFAULT_PATH)
    try:
        tried = Trial(path, rules, int(time.time()) - PERIOD)
    except OSError as error:
        hint = "Events are for root to read." if isinstance(error, PermissionError) else "Collect some first."
        raise HostqlError(f"the buffer {path} cannot be read: {error.strerror}", hint) from error
    except apsw.Error as error:
        raise HostqlError(f"the buffer {path} cannot be read: {error}") from error
    rows = [
        (r.number, r.source, tried.where(r, rules), tried.matched[r.id], "; ".join(tried.samples[r.id]))
        for r in rules.rules
    ]
    write_rows(given, ("rule", "fields", "enforced", "matched", "samples"), rows)
    notes = [f"{tried.dropped} of {tried.events} events of the last hour would have been dropped"]
    if tried.unknown:
        notes.append(f"of {tried.unknown} events the process or its parent is not known any more: no match was assumed")
    active = found.active()
    if active:
        notes.append(f"what {', '.join(active)} dropped is not in the buffer, if that was in force")
    write_notes(notes, sys.stderr)
    return 0


def _configured(given: Arguments) -> Profiles:
    from ..events.config import DEFAULT_PATH
    from ..events.config import profiles as configured
    from .events import config_path

    path = config_path(given)
    if not path:
        raise UsageError(f"which configuration? --config FILE names it; there is no {DEFAULT_PATH}")
    return configured(path)


def _fault(found: Profiles, name: str) -> str:
    try:
        found.rules([name])
    except ConfigError as error:
        return f"{error.message}; {error.hint}" if error.hint else error.message
    return ""


def write_rows(given: Arguments, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows in the format asked for: a table on a terminal, else TSV."""
    from .cli import format_of
    from .formats import write
    from .oneshot import style

    format = format_of(given, "table" if sys.stdout.isatty() else "tsv")
    write(format, columns, rows, sys.stdout, style(sys.stdout, format, "no-header" not in given))
