"""The part of the configuration file (osquery's format, JSON) that is about events."""

from __future__ import annotations

from ..vtables.errors import ConfigError
from .document import read
from .exclusion.profiles import Profiles
from .options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Path = tuple["str | int", ...]

    from .exclusion.rules import Rules


_KINDS = {
    "audit": str,
    "keep_seconds": int,
    "keep_rows": int,
    "keep_bytes": int,
    "watch_budget": int,
    "forks": bool,
    "syslog_pipe": str,
}
_WORDS = {str: "text", int: "whole number", bool: "true or false"}
KEYS = frozenset((*_KINDS, "profile"))
# Where the agent's configuration is, and that of whoever else collects, unless another is named.
DEFAULT_PATH = "/etc/hostql/hostql.conf"


def load(path: str) -> tuple[Options, Rules]:
    """What the file says of events. Raises ConfigError, which names the file, the line and the rule."""
    found = read(path)
    return options(found.value, path), Profiles(found.value, found.text, path).rules()


def profiles(path: str) -> Profiles:
    """The exclusion profiles in the file. Raises ConfigError."""
    found = read(path)
    return Profiles(found.value, found.text, path)


def options(config: dict[str, Any], path: str, fault: Callable[[Path, str], None] | None = None) -> Options:
    """`file_paths`, `exclude_paths` and `events` of a configuration. What is wrong is reported by `fault(where, what)`
    and left out; without it, raises ConfigError."""

    def refuse(where: Path, message: str) -> None:
        raise ConfigError(f"{path}: {'.'.join(map(str, where))}: {message}", file=path)

    fault = fault or refuse
    events = config.get("events", {})
    if not isinstance(events, dict):
        fault(("events",), "is no object")
        events = {}
    given = {}
    for name, kind in _KINDS.items():
        if name in events:
            try:
                given[name] = _value(kind, events[name])
            except ValueError:
                fault(("events", name), f"{events[name]!r} is no {_WORDS[kind]}")
    accesses = config.get("file_accesses", ())
    return Options(
        file_paths=_categories(config, "file_paths", fault),
        exclude_paths=_categories(config, "exclude_paths", fault),
        file_accesses=[name for name in accesses if isinstance(name, str)] if isinstance(accesses, list) else (),
        **given,
    )


def _categories(config: dict[str, Any], name: str, fault: Callable[[Path, str], None]) -> dict[str, list[str]]:
    found = config.get(name, {})
    if not isinstance(found, dict):
        fault((name,), "is no object of categories")
        return {}
    kept: dict[str, list[str]] = {}
    for category, patterns in found.items():
        if not isinstance(patterns, list):
            fault((name, category), "is no list of absolute paths")
            continue
        kept[category] = []
        for number, pattern in enumerate(patterns):
            if isinstance(pattern, str) and pattern.startswith("/") and "\0" not in pattern:
                kept[category].append(pattern)
            else:
                fault((name, category, number), f"{pattern!r} is no absolute path")
    return kept


def _value(kind: type, value: Any) -> Any:
    """A value as its kind: osquery's configurations write numbers and booleans as text, too. ValueError."""
    if kind is str and isinstance(value, str) and "\0" not in value:
        return value
    text = str(value).strip().lower() if isinstance(value, (bool, int, str)) and kind is not str else ""
    if kind is bool and text in ("true", "false", "1", "0"):
        return text in ("true", "1")
    if kind is int and text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise ValueError(value)
