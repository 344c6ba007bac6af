"""The errors of hostql, as one short tree.

    HostqlError
    ├── QueryError               the statement is wrong or could not be answered
    │   ├── QueryLimitExceeded   a limit stopped it
    │   └── QueryCancelled       somebody stopped it
    ├── TableUnavailable         the table cannot work here; says what would make it
    └── ConfigError              a file, a line, a rule

Each carries a message meant for a person. `exit_code` is what a script sees.
"""

from __future__ import annotations


class HostqlError(Exception):
    """The base: `message` is one sentence for a person, `hint` what to do about it ('' when nothing)."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class QueryError(HostqlError):
    """A statement that cannot be answered; `offset` is the character of `sql` at fault, or None."""

    def __init__(self, message: str, hint: str = "", *, sql: str = "", offset: int | None = None) -> None:
        super().__init__(message, hint)
        self.sql = sql
        self.offset = offset


class QueryLimitExceeded(QueryError):
    """A limit stopped the statement: `limit` names it, `allowed` and `used` are in its unit (s, bytes, rows)."""

    exit_code = 3

    def __init__(self, limit: str, allowed: float, used: float, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.limit = limit
        self.allowed = allowed
        self.used = used


class QueryCancelled(QueryError):
    """The statement was stopped from outside (Ctrl-C, a closed session)."""

    exit_code = 130


class TableUnavailable(HostqlError):
    """The table cannot answer on this host; `hint` says what would make it available."""


class ConfigError(HostqlError):
    """A configuration that cannot be used: which file, which line (0: the whole file), which rule."""

    def __init__(self, message: str, hint: str = "", *, file: str = "", line: int = 0) -> None:
        super().__init__(message, hint)
        self.file = file
        self.line = line
