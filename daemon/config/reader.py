"""Reading configuration files: who may write them, JSON as osquery takes it, on which line each value stands."""

from __future__ import annotations

import json
import os
import re
import stat

from ...events.positions import Positions
from ...vtables.errors import ConfigError
from ...vtables.sources.files import read_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# No configuration is larger.
LARGEST = 16 << 20
_COMMENT = re.compile(r"^[ \t]*(#|//).*$", re.MULTILINE)


class Document:
    """A file that was read: its value, its text with the lines where they are in the file."""

    def __init__(self, file: str, text: str, value: Any) -> None:
        self.file = file
        self.text = text
        self.value = value
        self._positions: Positions | None = None

    @property
    def positions(self) -> Positions:
        """On which lines the values stand; worked out when first asked for."""
        if self._positions is None:
            self._positions = Positions(self.text)
        return self._positions

    def line(self, *path: str | int) -> int:
        """The line of a value, or of the nearest that holds it; 0 for the file as a whole."""
        for end in range(len(path), 0, -1):
            found = self.positions.line(*path[:end])
            if found:
                return found
        return 0


def read(file: str, *, private: bool = True) -> Document:
    """A configuration file: one JSON object. Lines that begin with # or // are comments; a backslash at a line's end
    continues the text of a query. Raises ConfigError, naming file and line.

    `private` refuses a file that somebody else can write.
    """
    if private:
        check_private(file)
    return parsed(file, plain(text_of(file)))


def parsed(file: str, text: str) -> Document:
    """A text without comments as a document; `file` is its name for errors. Raises ConfigError."""
    value = value_of(file, text)
    if not isinstance(value, dict):
        raise ConfigError(f"{file} holds no JSON object", file=file)
    return Document(file, text, value)


def plain(text: str) -> str:
    """A text without comments and continued lines, each line where it was."""
    return _COMMENT.sub("", text).replace("\\\n", " \n")


def value_of(file: str, text: str) -> Any:
    """What the JSON of a plain text says. Raises ConfigError, naming the line."""
    try:
        return json.loads(text, strict=False)
    except RecursionError:
        raise ConfigError(f"{file} is nested too deeply", file=file) from None
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        said = getattr(error, "msg", str(error))
        raise ConfigError(f"{file}:{line}: not JSON: {said}", file=file, line=line) from error


def check_private(path: str) -> None:
    """Raises ConfigError where somebody else than root and ourselves can write a file, or put another in its place."""
    path = os.path.abspath(path)
    for each in (path, os.path.dirname(os.path.realpath(path))):
        try:
            found = os.stat(each)
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}", file=path) from error
        if found.st_uid not in (0, os.geteuid()):
            raise ConfigError(
                f"{path} is not used: {each} belongs to uid {found.st_uid}", f"chown root {each}", file=path
            )
        sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky:
            raise ConfigError(
                f"{path} is not used: others can write {each} (mode {stat.S_IMODE(found.st_mode):04o})",
                f"chmod go-w {each}",
                file=path,
            )


def text_of(file: str) -> str:
    """The text of a regular file of at most LARGEST bytes. Raises ConfigError."""
    try:
        raw = read_regular(file, LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", file=file) from error
    if len(raw) > LARGEST:
        raise ConfigError(f"cannot read {file}: it is larger than {LARGEST >> 20} MiB", file=file)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text (byte {error.start})", file=file) from error
