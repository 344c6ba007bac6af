"""The command line: what was asked for, and who does it.

Exit codes: 0 done, 1 the query failed, 2 usage, 3 a limit stopped it, 130 interrupted.
"""

from __future__ import annotations

import os
import sys

from ..vtables.errors import HostqlError
from .messages import write_error
from .options import FORMATS, Arguments, UsageError, help_text, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..vtables.database import Database
    from ..watchdog.limits import Limits

INTERRUPTED = 130


def run(argv: list[str]) -> int:
    """Do what the arguments say; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _dispatch(parse(argv))
        sys.stdout.flush()
        return code
    except HostqlError as error:
        write_error(error, sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more when it flushes at exit.
        _discard()
        return 0
    except OSError as error:
        _discard()
        write_error(HostqlError(f"cannot write the rows: {error.strerror or error}"), sys.stderr)
        return HostqlError.exit_code


def _discard() -> None:
    """What is left in the buffer of standard output goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(given: Arguments) -> int:
    if "help" in given or given.words == ["help"]:
        print(help_text())
        return 0
    if "version" in given:
        from .._version import __version__

        print("hostql", __version__)
        return 0
    # `hostql explain -f FILE` explains a file; no other command takes one.
    word = given.words[0] if given.words else ""
    command = _command(word) if "file" not in given or word == "explain" else None
    if command is not None:
        return command(given)
    if not given.words and "file" not in given and sys.stdin.isatty():
        from .repl import run as prompt

        return prompt(given)
    return _query(given)


def _command(word: str) -> Callable[[Arguments], int] | None:
    if word in ("tables", "describe", "functions"):
        from . import describe

        return {"tables": describe.tables, "describe": describe.describe, "functions": describe.functions}[word]
    if word == "explain":
        from .explain import explain

        return explain
    if word == "profile":
        from .profile import profile

        return profile
    if word in ("daemon", "check", "denylist"):
        from . import daemon

        return {"daemon": daemon.daemon, "check": daemon.check, "denylist": daemon.denylist}[word]
    if word == "events":
        from .events import events

        return events
    return None


def _query(given: Arguments) -> int:
    sql = text(given, given.words)
    if "watch" not in given and any(line.lstrip().startswith(".") for line in sql.splitlines()):
        from .repl import commanded, script

        if commanded(sql):
            return script(given, sql)
    if "watch" in given:
        from .repl import watch

        return watch(given, sql)
    with database(given) as db:
        if "follow" in given:
            return follow(db, sql, given)
        from .oneshot import answer

        output = given.get("output") or ""
        format = format_of(given, "tsv" if output or not sys.stdout.isatty() else "auto")
        return answer(db, named(db, sql), given.params, limits(given), format, output, "no-header" not in given)


def follow(db: Database, sql: str, given: Arguments) -> int:
    """`--follow`: new events as they come, as NDJSON or the format asked for, until interrupted."""
    from .follow import Follower
    from .oneshot import answer

    format = format_of(given, "ndjson")
    follower = Follower(db, sql, given.params)
    shown: list[int] = []

    def run(statement: str) -> None:
        header = "no-header" not in given and not shown
        code = answer(db, statement, given.params, limits(given), format, given.get("output") or "", header)
        if code:
            raise QueryFailed(code)
        shown.append(code)

    try:
        follower.follow(run)
    except QueryFailed as failed:
        return failed.code
    return 0


class QueryFailed(Exception):
    """A followed statement failed and has said so; `code` is the exit code."""

    def __init__(self, code: int) -> None:
        self.code = code


def text(given: Arguments, words: list[str]) -> str:
    """The SQL: a file's, the words of the command line, or standard input's. HostqlError, UsageError."""
    from ..vtables.database import blank
    from ..vtables.sources.text import clean

    file = given.get("file")
    if file is not None:
        if words:
            raise UsageError(f"both a file and SQL are given: {words[0]!r}", "Leave one out.")
        sql = _read(file)
    elif len(words) > 1:
        raise UsageError(f"one SQL text is expected, {len(words)} are given", "Quote the statement as a whole.")
    elif words and words[0] != "-":
        # Bytes that are no UTF-8 become \\xNN, by which a look-up finds the name that holds them.
        sql = clean(words[0])
    else:
        sql = _read("-")
    if blank(sql):
        raise UsageError("there is no statement to run", "hostql --help shows how to ask.")
    return sql


def named(db: Database, sql: str) -> str:
    """The SQL; where it is the name of a table alone, the statement that shows the table."""
    name = sql.strip().rstrip(";")
    return f"SELECT * FROM {name}" if name in db.catalog else sql


def _read(file: str) -> str:
    try:
        if file == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        with open(file, encoding="utf-8") as stream:
            return stream.read()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        name = "standard input" if file == "-" else file
        raise UsageError(f"{name} is not UTF-8 text (byte {error.start})") from error


def database(given: Arguments) -> Database:
    """The database the options ask for."""
    from ..daemon.catalog import catalog
    from ..vtables.database import Database
    from ..vtables.policy import ANALYST, WRITING_ANALYST
    from ..vtables.settings import READ_MAX, STATE, Settings
    from ..vtables.sources.host import Host

    _check_config(given)
    root = given.get("root") or ""
    read_max = _size(given, "read-max")
    settings = Settings(
        remote_mounts="remote-mounts" in given,
        osquery_patterns="osquery-patterns" in given,
        read_max=READ_MAX if read_max is None else read_max,
        state=given.get("state") or STATE,
    )
    policy = WRITING_ANALYST if "writable" in given else ANALYST
    try:
        host = Host(root)
    except NotADirectoryError:
        raise UsageError(f"--root {root} is not a directory") from None
    except OSError as error:
        raise UsageError(f"cannot read --root {root}: {error.strerror}") from error
    db = Database(host=host, settings=settings, policy=policy, catalog=catalog())
    if not root:
        db.provider = _stored(db, given)
    return db


def _check_config(given: Arguments) -> None:
    """UsageError for a --config that cannot be read, also where no statement comes to need it."""
    path = given.get("config")
    if path is None:
        return
    try:
        # A FIFO without a writer is not waited for.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)):
            pass
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read --config {path}: {getattr(error, 'strerror', error)}") from None


def _stored(db: Database, given: Arguments) -> Callable[[str], bool]:
    """What makes the event tables and the agent's readable when a statement first names one."""
    made: list[Callable[[str], bool]] = []

    def provide(table: str) -> bool:
        if db.catalog.subject(table) != "events":
            from ..daemon.catalog import attach

            return attach(db)
        if not made:
            from ..events.attach import Events
            from .messages import write_notes

            def note(text: str) -> None:
                write_notes([text], sys.stderr)

            made.append(Events(db, note, given.get("buffer") or "", given.get("config") or ""))
        return made[0](table)

    return provide


def limits(given: Arguments) -> Limits:
    """The limits the options ask for."""
    from ..watchdog.limits import Limits

    memory = _size(given, "max-memory")
    if memory == 0:
        raise UsageError(f"--max-memory takes a size of at least a byte, not {given.get('max-memory')!r}")
    return Limits(timeout=given.number("timeout"), memory=memory, rows=given.number("max-rows", int))


def _size(given: Arguments, option: str) -> int | None:
    """A size in bytes, None where the option was not given. UsageError for what is no size."""
    text = given.get(option)
    if text is None:
        return None
    from ..watchdog.limits import parse_size

    try:
        return parse_size(text)
    except ValueError:
        raise UsageError(f"--{option} takes a size such as 200M, not {text!r}") from None


def format_of(given: Arguments, default: str) -> str:
    """The output format asked for. UsageError for two of them."""
    asked = [name for name in FORMATS if name in given]
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} exclude each other")
    return asked[0] if asked else default
