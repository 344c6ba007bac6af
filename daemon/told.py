"""What the agent tells of itself in its state, for queries: `osquery_packs`, `osquery_flags`, `osquery_info`."""

from __future__ import annotations

import os

from .._version import __version__
from ..vtables.meta.osquery_flags import shown
from .config.identity import machine_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .active import ActivePacks
    from .config.model import Config
    from .state import State

_KINDS = {bool: "bool", int: "int64", str: "string"}


def tell_packs(state: State, packs: ActivePacks) -> None:
    """Write which packs there are; called when another one is active."""
    columns = ("name", "platform", "version", "shard", "discovery_cache_hits", "discovery_executions", "active")
    rows = [
        (pack.name, pack.platform, pack.version, pack.shard, 0, found.executions, int(found.active))
        for pack, found in packs.packs
    ]
    state.replace("osquery_packs", columns, rows)


def tell_about(state: State, config: Config, started: int) -> None:
    """Write the other tables; called when the configuration changes."""
    flags = [
        (option.name, _KINDS[option.kind], option.doc, shown(option.default), shown(value), 0)
        for option, value, _ in config.options
    ]
    state.replace("osquery_flags", ("name", "type", "description", "default_value", "value", "shell_only"), flags)
    about = (
        *("pid", "uuid", "instance_id", "version", "config_hash", "config_valid", "extensions", "build_platform"),
        *("build_distro", "start_time", "watcher", "platform_mask"),
    )
    row = (os.getpid(), machine_id(), state.instance, __version__, config.digest, 1, "inactive", "linux", "", started)
    state.replace("osquery_info", about, [(*row, os.getppid(), 9)])
