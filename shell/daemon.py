"""`hostql daemon`, `hostql check`, `hostql denylist`: starting the agent, asking it, telling it."""

from __future__ import annotations

import os
import sys
import time

from ..vtables.errors import ConfigError, HostqlError
from .options import Arguments, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

USAGE = (
    "usage: hostql daemon [--config FILE] [--state DIR] [--dry-run] [--watchdog-level LEVEL] [--daemonize] "
    "[--pidfile FILE]"
)
LEVELS = {"normal": 0, "restrictive": 1, "none": -1, "0": 0, "1": 1, "-1": -1}


def daemon(given: Arguments) -> int:
    """Do what `hostql daemon ...` says."""
    words = given.words[1:]
    if not words:
        return _dry_run(given) if "dry-run" in given else _start(given)
    if words == ["status"]:
        return _status(given)
    if words in (["stop"], ["reload"]):
        _ask(given, do=words[0])
        if words == ["stop"]:
            _wait_for_end(given)
        return 0
    if words == ["unit"]:
        from ..daemon.unit import unit

        print(unit(sys.executable), end="")
        return 0
    raise UsageError(f"{USAGE}, or hostql daemon status|stop|reload|unit")


def check(given: Arguments) -> int:
    """Every fault of a configuration, a line each; 1 where there are any that are more than notes."""
    from ..daemon.check import check as checked

    if len(given.words) != 2:
        raise UsageError("usage: hostql check CONFIG")
    config, faults = checked(given.words[1])
    if "json" in given or "ndjson" in given:
        rows = [
            (fault.file, fault.line, fault.rule, "note" if fault.note else "fault", fault.message) for fault in faults
        ]
        _print(given, ("file", "line", "rule", "severity", "message"), rows)
    else:
        for fault in faults:
            print(_safe(str(fault)))
    queries = len(config.queries())
    notes = sum(fault.note for fault in faults)
    print(f"{queries} queries, {len(faults) - notes} faults, {notes} notes", file=sys.stderr)
    return 1 if len(faults) > notes else 0


def denylist(given: Arguments) -> int:
    """List, add and pardon denied queries."""
    words = given.words[1:]
    if words in ([], ["list"]):
        from ..watchdog.denylist import Denylist

        path = os.path.join(_state(given), "denylist.json")
        if not os.access(_state(given), os.X_OK) and os.path.isdir(_state(given)):
            raise HostqlError(f"{path} is for root to read")
        denylist = Denylist(path)
        if denylist.problem:
            raise HostqlError(denylist.problem)
        rows = [
            (entry["query"], entry["reason"], _when(entry["since"]), _when(entry["until"]))
            for entry in denylist.current()
        ]
        _print(given, ("query", "reason", "since", "until"), rows)
        return 0
    if len(words) == 2 and words[0] in ("add", "pardon"):
        answer = _ask(given, do="deny" if words[0] == "add" else "pardon", query=words[1])
        if not answer.get("done"):
            raise HostqlError(f"the query {words[1]} is not denied")
        return 0
    raise UsageError("usage: hostql denylist [list], hostql denylist add QUERY, hostql denylist pardon QUERY")


def _start(given: Arguments) -> int:
    from ..daemon.agent import start

    options = _options(given)
    start(
        _config(given),
        _state(given),
        daemonize="daemonize" in given,
        pidfile=given.get("pidfile") or "",
        given=options,
    )


def _options(given: Arguments) -> dict[str, Any]:
    """Options of the configuration that the command line names."""
    level = given.get("watchdog-level")
    if level is None:
        return {}
    if level not in LEVELS:
        raise UsageError(f"--watchdog-level takes {', '.join(LEVELS)}, not {level!r}")
    return {"watchdog_level": LEVELS[level]}


def _dry_run(given: Arguments) -> int:
    from ..daemon.dry_run import COLUMNS, plan
    from .messages import write_notes

    rows, left_out = plan(_config(given))
    _print(given, COLUMNS, rows)
    write_notes(left_out, sys.stderr)
    return 0


def _status(given: Arguments) -> int:
    """What the watcher knows, and what the state tells of the schedule."""
    from ..daemon.status import gathered

    answer = gathered(_ask(given, do="status"), _state(given))
    if "json" in given:
        import json

        print(json.dumps(answer, indent=1))
        return 0
    from ..daemon.status import lines

    for line in lines(answer, time.time()):
        print(_safe(line))
    return 0


def _ask(given: Arguments, **request: Any) -> dict[str, Any]:
    from ..watchdog.control import ask

    path = os.path.join(_state(given), "daemon.sock")
    try:
        answer = ask(path, **request)
    except FileNotFoundError:
        raise HostqlError(f"no agent runs here: there is no {path}", "`hostql daemon` starts one.") from None
    except ConnectionRefusedError:
        raise HostqlError(f"no agent runs here: nobody answers at {path}", "`hostql daemon` starts one.") from None
    except OSError as error:
        raise HostqlError(f"the agent cannot be asked at {path}: {error.strerror or error}") from error
    if "error" in answer:
        raise HostqlError(str(answer["error"]))
    return answer


def _wait_for_end(given: Arguments) -> None:
    path = os.path.join(_state(given), "daemon.sock")
    until = time.monotonic() + 30
    while os.path.exists(path):
        if time.monotonic() > until:
            raise HostqlError("the agent was told to stop, and has not ended yet")
        time.sleep(0.05)


def _config(given: Arguments) -> str:
    from ..events.config import DEFAULT_PATH

    path = given.get("config") or DEFAULT_PATH
    try:
        os.stat(path)
    except FileNotFoundError:
        raise ConfigError(f"there is no configuration {path}", "--config FILE names another.", file=path) from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", file=path) from error
    return path


def _state(given: Arguments) -> str:
    from ..vtables.settings import STATE

    return os.path.abspath(given.get("state") or STATE)


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _safe(text: str) -> str:
    from ..vtables.sources.text import clean

    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in clean(text))


def _print(given: Arguments, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    from .exclusions import write_rows

    write_rows(given, columns, rows)
