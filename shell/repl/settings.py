"""The prompt's settings: each declared once; the config file, `.config`, completion and documentation derive from it.

The file is `$XDG_CONFIG_HOME/hostql/config` (~/.config): lines of `name = value`, `#` begins a comment.
"""

from __future__ import annotations

import os

from ...vtables.errors import ConfigError, HostqlError
from ...vtables.files.private import private_folder
from ...vtables.files.trust import read_trusted
from ...vtables.files.write import NewFile
from ...vtables.suggest import nearest
from ...watchdog.limits import Limits, parse_size
from ..options import FORMATS, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..options import Arguments

    Value = str | bool | float | int


# Bytes of a config file that are read at most.
LARGEST = 1 << 20


class Setting:
    """One setting: `kind` is choice, switch, number, size or text; `choices` are shown and, for a choice, enforced."""

    def __init__(self, kind: str, default: Value, doc: str, choices: tuple[str, ...] = ()) -> None:
        self.name = ""
        self.kind = kind
        self.default = default
        self.doc = doc
        self.choices = ("on", "off") if kind == "switch" else choices

    def parse(self, text: str) -> Value:
        """The value that the text stands for; HostqlError says what it may be."""
        try:
            return _PARSERS[self.kind](text)
        except (KeyError, ValueError):
            pass
        raise HostqlError(f"{self.name} cannot be {text!r}", f"It may be {self.allowed}.")

    def check(self, text: str) -> None:
        """HostqlError where a choice is none of the choices."""
        if self.kind == "choice" and text not in self.choices:
            raise HostqlError(f"{self.name} cannot be {text!r}", f"It may be {self.allowed}.")

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        return ", ".join(self.choices) or _WORDS[self.kind]


class Settings:
    """The values; read them as attributes, change them by `set`, which checks."""

    mode: str
    null: str
    header: bool
    width: int
    ascii: bool
    pager: str
    theme: str
    keys: str
    suggestions: bool
    completion: str
    timer: bool
    notes: bool
    progress: bool
    history: bool
    timeout: float
    max_memory: str
    max_rows: int

    def __init__(self) -> None:
        for setting in SETTINGS.values():
            setattr(self, setting.name, setting.default)

    def set(self, name: str, text: str) -> None:
        """Change a setting. HostqlError for an unknown name or a value it cannot have."""
        setting = find(name)
        setting.check(text)
        setattr(self, setting.name, setting.parse(text))

    def text(self, name: str) -> str:
        """A value as it is written in the file."""
        value = getattr(self, name)
        if isinstance(value, bool):
            return "on" if value else "off"
        return f"{value:g}" if isinstance(value, float) else str(value)

    def limits(self) -> Limits:
        """What a query may take."""
        return Limits(
            timeout=self.timeout or None,
            memory=parse_size(self.max_memory) if self.max_memory else None,
            rows=self.max_rows or None,
        )


SETTINGS = {
    "mode": Setting(
        "choice",
        "auto",
        "how rows are shown; auto is a table, or one value a line where a row would not fit",
        ("auto", *FORMATS),
    ),
    "null": Setting("text", "NULL", "what stands for NULL"),
    "header": Setting("switch", True, "names of columns above the rows"),
    "width": Setting("count", 0, "columns of the screen to fit rows into; 0 is the terminal's width"),
    "ascii": Setting("switch", False, "draw lines and bars with ASCII alone"),
    "pager": Setting("text", "auto", "for results taller than the screen: auto, off, or a command"),
    "theme": Setting("choice", "auto", "colours", ("auto", "dark", "light", "mono")),
    "keys": Setting("choice", "emacs", "key bindings of the input line", ("emacs", "vi")),
    "suggestions": Setting("switch", True, "show, greyed, the statement of the history that begins like this one"),
    "completion": Setting("choice", "typing", "when the menu opens", ("typing", "tab")),
    "timer": Setting("switch", True, "rows and time after each result"),
    "notes": Setting("switch", True, "after the rows, what is missing from them"),
    "progress": Setting("switch", True, "elapsed time and rows while a query is slow"),
    "history": Setting("switch", True, "keep statements for later sessions"),
    "timeout": Setting("number", 0.0, "stop a query after this many seconds; 0 is never"),
    "max_memory": Setting("size", "", "stop a query that grows by this much, e.g. 200M; off is no limit"),
    "max_rows": Setting("count", 0, "stop a query after this many rows; 0 is no limit"),
}
for _name, _setting in SETTINGS.items():
    _setting.name = _name


def find(name: str) -> Setting:
    """The setting of that name. HostqlError with the nearest names."""
    found = SETTINGS.get(name.strip().lower().replace("-", "_"))
    if found is None:
        meant = nearest(name, SETTINGS)
        raise HostqlError(
            f"no such setting: {name}", f"Did you mean {' or '.join(meant)}?" if meant else ".config lists them."
        )
    return found


def config_folder() -> str:
    """Where hostql's files of the user are, by the XDG base directories."""
    return os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "hostql")


def config_path() -> str:
    """The config file."""
    return os.path.join(config_folder(), "config")


def load(settings: Settings, path: str) -> Iterator[ConfigError]:
    """Take the file's values over, line by line; gives an error for each line that is no use. No file is no error."""
    try:
        # A pager that others can choose would run as this user.
        lines = read_trusted(path, LARGEST, sticky=True).decode("utf-8").splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        yield ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}", file=path)
        return
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        try:
            if not equals:
                raise HostqlError(f"{text!r} is not of the form name = value")
            settings.set(name, value.strip())
        except HostqlError as error:
            yield ConfigError(f"{path}, line {number}: {error.message}", error.hint, file=path, line=number)


def save(settings: Settings, path: str) -> None:
    """Write the settings that differ from their defaults, each under its description. Raises OSError."""
    private_folder(os.path.dirname(path))
    lines = ["# Settings of hostql's prompt; `.config` lists all."]
    for name, setting in SETTINGS.items():
        if getattr(settings, name) != setting.default:
            lines += ["", f"# {setting.doc}", f"{name} = {settings.text(name)}"]
    with NewFile(path, mode=0o600, durable=True) as file:
        file.text().write("\n".join(lines) + "\n")


def take(settings: Settings, given: Arguments) -> None:
    """The options of the command line go before the file. UsageError for a value they cannot have."""
    from ..cli import format_of

    settings.set("mode", format_of(given, settings.mode))
    settings.header = settings.header and "no-header" not in given
    for option, name in (("timeout", "timeout"), ("max-memory", "max_memory"), ("max-rows", "max_rows")):
        text = given.get(option)
        if text is not None:
            try:
                settings.set(name, text)
            except HostqlError as error:
                raise UsageError(f"--{option}: {error.message}", error.hint) from error


def _count(text: str) -> int:
    if not text.isdigit():
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError(text)
    return number


def _size(text: str) -> str:
    if text in ("", "off", "none", "0"):
        return ""
    parse_size(text)
    return text


_PARSERS: dict[str, Callable[[str], Value]] = {
    "choice": str,
    "text": str,
    "switch": {
        "on": True,
        "yes": True,
        "true": True,
        "1": True,
        "off": False,
        "no": False,
        "false": False,
        "0": False,
    }.__getitem__,
    "count": _count,
    "number": _number,
    "size": _size,
}
_WORDS = {"count": "a whole number", "number": "a number", "size": "a size such as 200M, or off", "text": "any text"}
