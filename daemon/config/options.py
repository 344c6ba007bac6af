"""Every option, declared once: its kind, default and meaning. The names are osquery's where it has the same."""

from __future__ import annotations

import os

from ...vtables.settings import READ_MAX
from .values import MAX_INTERVAL, boolean, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Option:
    """One option; `kind` is bool, int or str. A number is from `least` to `most`; a text one of `choices`, where there
    are any, or with `many` a list of them with commas."""

    __slots__ = ("choices", "default", "doc", "kind", "least", "many", "most", "name")

    def __init__(
        self,
        name: str,
        kind: type,
        default: Any,
        doc: str,
        *,
        least: int = 0,
        most: int = (1 << 53) - 1,
        choices: tuple[str, ...] = (),
        many: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.doc = doc
        self.least = least
        self.most = most
        self.choices = choices
        self.many = many

    def doubts(self, value: Any) -> Iterator[str]:
        """What is wrong with a list that is used all the same."""
        if self.many and not str(value).replace(",", " ").strip():
            yield "names none: results are not logged"
        for name in str(value).split(",") if self.many else ():
            if name.strip() and name.strip() not in self.choices:
                yield f"unknown: {name.strip()}; there are {', '.join(self.choices)}"


OPTIONS = {
    option.name: option
    for option in (
        Option("config_refresh", int, 10, "Seconds between looks whether the configuration changed; 0 for never"),
        Option("decorations_top_level", bool, False, "Put decorations beside the other keys of a line"),
        Option("disable_decorators", bool, False, "Run no decorators"),
        Option("disable_events", bool, False, "Collect no events, whatever the queries name"),
        Option("disable_logging", bool, False, "Log no results"),
        Option("disable_tables", str, "", "Tables that queries may not read, separated by commas"),
        Option("disable_watchdog", bool, False, "Let the worker take what it wants"),
        Option("events_expiry", int, 86_400, "Seconds that events are kept"),
        Option("events_max", int, 1_000_000, "Events of each table that are kept at most"),
        Option("events_direct", bool, False, "Hand events straight to the loggers and keep none"),
        Option(
            "host_identifier",
            str,
            "hostname",
            "Who a line is from: hostname, uuid, instance, ephemeral or specified",
            choices=("hostname", "uuid", "instance", "ephemeral", "specified"),
        ),
        Option(
            "logger_direct", bool, False, "Hand results straight to the loggers: what they do not take is lost, counted"
        ),
        Option("logger_event_type", bool, True, "A line for each row that was added or removed; else one for each run"),
        Option(
            "logger_min_status", int, 0, "Least severity of status lines in files: 0 info, 1 warning, 2 error", most=3
        ),
        Option("logger_min_stderr", int, 0, "Least severity of status lines on standard error", most=3),
        Option("logger_mode", str, "0640", "Permission bits of log files, in octal"),
        Option("logger_numerics", bool, False, "Write numbers as JSON numbers; else as text"),
        Option("logger_path", str, "/var/log/hostql", "Directory of the filesystem logger's files"),
        Option(
            "logger_plugin",
            str,
            "filesystem",
            "Loggers, separated by commas: filesystem, stdout, syslog",
            choices=("filesystem", "stdout", "syslog"),
            many=True,
        ),
        Option("logger_rotate", bool, False, "Rotate log files"),
        Option("logger_rotate_max_files", int, 25, "Rotated files that are kept"),
        Option("logger_rotate_size", int, 26_214_400, "Bytes after which a log file is rotated"),
        Option("logger_snapshot_event_type", bool, False, "A line for each row of a snapshot; else one for each run"),
        Option(
            "logger_spool_bytes", int, 64 << 20, "Bytes of lines kept for a logger that is down; then the oldest go"
        ),
        Option("logger_stderr", bool, True, "Write status lines to standard error"),
        Option("logger_syslog_facility", int, 19, "Facility of the syslog logger (syslog(3)); 19 is local3", most=23),
        Option("logger_syslog_prepend_cee", bool, False, "Begin lines to syslog with @cee:"),
        Option(
            "memory_allocator",
            str,
            "malloc",
            "Allocator of the worker: malloc, pymalloc, tcmalloc or jemalloc",
            choices=("malloc", "pymalloc", "tcmalloc", "jemalloc"),
        ),
        Option("osquery_patterns", bool, True, "Read LIKE on paths as osquery does, not as written"),
        Option("pack_delimiter", str, "_", "What stands between pack, its name and the query's"),
        Option("pack_refresh_interval", int, 3600, "Seconds between discovery queries of packs"),
        Option("read_max", int, READ_MAX, "Bytes up to which the table hash reads a file; a larger one has no digest"),
        Option(
            "schedule_default_interval",
            int,
            3600,
            "Seconds between runs of a query that names no interval",
            least=1,
            most=MAX_INTERVAL,
        ),
        Option("schedule_epoch", int, 0, "Another number makes all results new"),
        Option("schedule_max_drift", int, 60, "Seconds that runs may be late before they are let go"),
        Option(
            "schedule_splay_percent",
            int,
            10,
            "Part of the interval by which first runs are spread, in percent",
            most=100,
        ),
        Option("schedule_timeout", int, 0, "Seconds after which a query is stopped; 0 for the watchdog's own limit"),
        Option("specified_identifier", str, "", "Who a line is from, where host_identifier is specified"),
        Option("watchdog_cgroup", bool, True, "Have the worker in a control group of its own, as the hard limit"),
        Option("watchdog_delay", int, 60, "Seconds after a start in which the limit of CPU does not hold"),
        Option("watchdog_forced_shutdown_delay", int, 4, "Seconds between asking a worker to end and killing it"),
        Option("watchdog_latency_limit", int, 0, "Seconds that the limit of CPU may be passed; 0 for the level's"),
        Option("watchdog_level", int, 0, "Limits of the worker: 0 normal, 1 restrictive, -1 none", least=-1, most=1),
        Option("watchdog_max_delay", int, 600, "Seconds between restarts of what died soon after its start, at most"),
        Option(
            "watchdog_memory_limit", int, 0, "MiB that the worker may grow by; 0 for the level's, by the host's RAM"
        ),
        Option("watchdog_utilization_limit", int, 0, "Percent of one core that the worker may use; 0 for the level's"),
    )
}
# Options of osquery's that mean nothing here: accepted, and told.
WITHOUT_MEANING = frozenset(
    (
        "alarm_timeout allow_unsafe audit_allow_accept_socket_events audit_allow_apparmor_events audit_allow_config "
        "audit_allow_failed_socket_events audit_allow_fim_events audit_allow_fork_process_events "
        "audit_allow_kill_process_events audit_allow_null_accept_socket_events audit_allow_process_events "
        "audit_allow_seccomp_events audit_allow_selinux_events audit_allow_sockets audit_allow_unix "
        "audit_allow_user_events audit_backlog_limit audit_backlog_wait_time audit_debug audit_fim_debug "
        "audit_fim_show_accesses audit_force_reconfigure audit_force_unconfigure audit_persist "
        "audit_show_partial_fim_events audit_show_untracked_res_warnings augeas_lenses buffered_log_max "
        "carver_block_size carver_compression carver_continue_endpoint carver_disable_function carver_expiry "
        "carver_start_endpoint config_accelerated_refresh config_check config_dump config_enable_backup config_path "
        "config_plugin config_tls_endpoint config_tls_max_attempts connect csv daemonize database_dump database_path "
        "disable_audit disable_caching disable_carver disable_database disable_distributed disable_enrollment "
        "disable_extensions disable_hash_cache disable_memory disable_reenrollment distributed_denylist_duration "
        "distributed_interval distributed_loginfo distributed_plugin distributed_tls_max_attempts "
        "distributed_tls_read_endpoint distributed_tls_write_endpoint dns_resolver_refresh_interval docker_socket "
        "enable_extensions_watchdog enable_file_events enable_foreign enable_numeric_monitoring enable_syslog "
        "enable_tables enable_watchdog_debug enable_yara_string enroll_always enroll_secret_env enroll_secret_path "
        "enroll_tls_endpoint ephemeral events_enforce_denylist events_optimize experiment_list extension "
        "extensions_autoload extensions_default_index extensions_interval extensions_require extensions_socket "
        "extensions_timeout force hardware_disabled_types hash_cache_max hash_delay header ignore_registry_exceptions "
        "ignore_table_exceptions install json json_pretty keep_container_worker_open line list logger_kafka_acks "
        "logger_kafka_brokers logger_kafka_compression logger_kafka_topic logger_status_sync logger_tls_backoff_max "
        "logger_tls_compress logger_tls_endpoint logger_tls_max_lines logger_tls_max_linesize logger_tls_period "
        "logtostderr lxd_socket malloc_trim_threshold nullvalue numeric_monitoring_filesystem_path "
        "numeric_monitoring_plugins numeric_monitoring_pre_aggregation_time output pack pidfile planner profile "
        "profile_delay proxy_hostname query query_file regex_max_size rocksdb_background_flushes "
        "rocksdb_buffer_blocks rocksdb_merge_number rocksdb_write_buffer schedule_lognames schedule_reload "
        "schedule_reload_sql separator stderrthreshold syslog_events_expiry syslog_events_max "
        "syslog_pipe_path syslog_rate_limit table_delay thrift_string_size_limit thrift_timeout thrift_verbose "
        "tls_accept_gzip tls_client_cert tls_client_key tls_disable_status_log tls_dump tls_enroll_max_attempts "
        "tls_enroll_max_interval tls_enroll_override tls_hostname tls_node_api tls_secret_always tls_server_certs "
        "tls_session_reuse tls_session_timeout uninstall utc verbose worker_threads yara_delay yara_malloc_trim "
        "yara_sigurl_authenticate"
    ).split()
)


class Options:
    """The values of all options, as attributes of their names."""

    def __init__(self, given: dict[str, Any] | None = None) -> None:
        self._given = dict(given or {})

    def __getattr__(self, name: str) -> Any:
        try:
            return self._given[name] if name in self._given else OPTIONS[name].default
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[tuple[Option, Any, bool]]:
        """(option, its value, whether it was given)."""
        for name, option in OPTIONS.items():
            yield option, getattr(self, name), name in self._given


def parse(name: str, value: Any) -> Any:
    """An option's value as its kind; osquery's configurations write numbers and booleans as text too. ValueError, in
    words.

    >>> parse("logger_rotate", "true"), parse("schedule_epoch", "7"), parse("logger_plugin", "stdout")
    (True, 7, 'stdout')
    """
    option = OPTIONS[name]
    if option.kind is bool:
        return boolean(value)
    if option.kind is int:
        number = whole(value)
        if not option.least <= number <= option.most:
            raise ValueError(f"{number} is out of range ({option.least} to {option.most})")
        return number
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{value!r} is no text")
    if option.choices and not option.many and value not in option.choices:
        raise ValueError(f"{value!r} is unknown; there are {', '.join(option.choices)}")
    if name == "logger_path" and not os.path.isabs(value):
        raise ValueError(f"{value!r} is no absolute path")
    if name == "logger_mode" and not is_mode(value):
        raise ValueError(f"{value!r} are no permission bits in octal (0 to 0777)")
    return value


def is_mode(text: str) -> bool:
    """
    >>> is_mode("0640"), is_mode("640"), is_mode("0888"), is_mode("4755")
    (True, True, False, False)
    """
    return text.isascii() and text.isdigit() and not set(text) & {"8", "9"} and int(text, 8) <= 0o777
