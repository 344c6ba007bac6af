"""The part of the configuration file (osquery's format, JSON) that is about events."""

from __future__ import annotations

import json

from ..vtables.errors import ConfigError
from .exclusion.profiles import Profiles
from .options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .exclusion.rules import Rules


# Where the agent's configuration is, and that of whoever else collects, unless another is named.
DEFAULT_PATH = "/etc/hostql/hostql.conf"


def load(path: str) -> tuple[Options, Rules]:
    """What the file says of events. Raises ConfigError, which names the file, the line and the rule."""
    config, text = read(path)
    return options(config, path), Profiles(config, text, path).rules()


def profiles(path: str) -> Profiles:
    """The exclusion profiles in the file. Raises ConfigError."""
    return Profiles(*read(path), path)


def read(path: str) -> tuple[dict[str, Any], str]:
    """The configuration, and its JSON with the lines where they are in the file. Raises ConfigError."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", file=path) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text", file=path) from error
    try:
        text = "\n".join("" if line.lstrip().startswith("#") else line for line in text.split("\n"))
        config = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}", file=path, line=getattr(error, "lineno", 0)) from error
    if not isinstance(config, dict):
        raise ConfigError(f"{path} holds no object", file=path)
    return config, text


def options(config: dict[str, Any], path: str) -> Options:
    """`file_paths`, `exclude_paths` and `events` of a configuration."""
    events = config.get("events", {})
    if not isinstance(events, dict):
        raise ConfigError(f"{path}: events is not an object", file=path)
    given = {}
    kinds = {
        "audit": str,
        "keep_seconds": int,
        "keep_rows": int,
        "keep_bytes": int,
        "watch_budget": int,
        "forks": bool,
        "syslog_pipe": str,
    }
    for name, kind in kinds.items():
        if name in events:
            if type(events[name]) is not kind:
                raise ConfigError(f"{path}: events.{name} cannot be {events[name]!r}", file=path)
            given[name] = events[name]
    return Options(
        file_paths=_categories(config, "file_paths", path),
        exclude_paths=_categories(config, "exclude_paths", path),
        **given,
    )


def _categories(config: dict[str, Any], name: str, path: str) -> dict[str, list[str]]:
    found = config.get(name, {})
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: {name} is not an object of categories", file=path)
    for category, patterns in found.items():
        if not isinstance(patterns, list) or not all(isinstance(p, str) and p.startswith("/") for p in patterns):
            raise ConfigError(f"{path}: {name}.{category} is not a list of absolute paths", file=path)
    return dict(found)
