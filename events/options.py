"""`Options`: what the collector and the publishers are told, from the configuration file or the command line."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Options:
    """How events are collected.

    file_paths      {category: patterns} of files whose changes `file_events` records; `%` is one level, `%%` all below
    exclude_paths   {category: patterns} below those that are never watched
    file_accesses   categories of which `file_events` records that a file was opened, too
    audit           how to reach audit: auto, multicast, unicast, or the path of a dispatcher's socket ('-': stdin)
    keep_seconds    events older than this leave the buffer
    keep_rows       rows of each event table that are kept at most
    keep_bytes      bytes of disk that the buffer may take
    watch_budget    inotify watches that may be taken at most
    forks           whether `process_events` has rows of forks too, where the publisher sees them
    syslog_pipe     the FIFO that rsyslog writes to
    """

    def __init__(
        self,
        *,
        file_paths: Mapping[str, Sequence[str]] | None = None,
        exclude_paths: Mapping[str, Sequence[str]] | None = None,
        file_accesses: Sequence[str] = (),
        audit: str = "auto",
        keep_seconds: int = 86_400,
        keep_rows: int = 1_000_000,
        keep_bytes: int = 1 << 30,
        watch_budget: int = 100_000,
        forks: bool = False,
        syslog_pipe: str = "/var/lib/hostql/syslog_pipe",
    ) -> None:
        self.file_paths = dict(file_paths or {})
        self.exclude_paths = dict(exclude_paths or {})
        self.file_accesses = tuple(file_accesses)
        self.audit = audit
        self.keep_seconds = keep_seconds
        self.keep_rows = keep_rows
        self.keep_bytes = keep_bytes
        self.watch_budget = watch_budget
        self.forks = forks
        self.syslog_pipe = syslog_pipe
