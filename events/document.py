"""Configuration files: who may have written them, JSON as osquery takes it, on which line each value stands."""

from __future__ import annotations

import json
import re

from ..vtables.errors import ConfigError
from ..vtables.files.trust import check_trusted, read_trusted
from ..vtables.sources.files import read_regular
from .positions import Positions

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


def read(file: str, *, trusted: bool = True) -> Document:
    """A configuration file: one JSON object. Lines that begin with # or // are comments; a backslash at a line's end
    continues the text of a query. Raises ConfigError, naming file and line.

    `trusted` refuses a file that somebody else can write, or can have put there (`files/trust.py`).
    """
    return parsed(file, plain(text_of(file, trusted=trusted)))


def distrust(file: str) -> str:
    """Why a file is not read in trust; '' where it is."""
    try:
        check_trusted(file)
    except OSError as error:
        return str(error.strerror)
    return ""


def parsed(file: str, text: str) -> Document:
    """A text without comments as a document; `file` is its name for errors. Raises ConfigError."""
    value = value_of(file, text)
    if not isinstance(value, dict):
        raise ConfigError(f"{file} holds no JSON object", file=file)
    return Document(file, text, value)


def plain(text: str) -> str:
    """A text without comments and continued lines, each line where it was.

    >>> plain('# a\\r\\n{"b":\\r\\n "c \\\\\\r\\n d"}')
    '\\n{"b":\\n "c  \\n d"}'
    """
    return _COMMENT.sub("", text.replace("\r\n", "\n")).replace("\\\n", " \n")


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


def text_of(file: str, *, trusted: bool = False) -> str:
    """The text of a regular file of at most LARGEST bytes. Raises ConfigError."""
    try:
        raw = (read_trusted if trusted else read_regular)(file, LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", file=file) from error
    if len(raw) > LARGEST:
        raise ConfigError(f"cannot read {file}: it is larger than {LARGEST >> 20} MiB", file=file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text (byte {error.start})", file=file) from error
