r"""What the files of systemd say (systemd.syntax(7)), and how units are named (systemd.unit(5)).

A comment ends at the end of its line, also between the lines of a continued one. Checked against systemd 257.
"""

from __future__ import annotations

from .text import lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    # (section, setting, value), '' for a value that clears.
    Assignment = tuple[str, str, str]

BLANKS = " \t\r\n"
_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@")
_LONGEST_NAME = 255
# Specifiers that are the same for all units of the system's own systemd.
_OF_SYSTEM = {"u": "root", "U": "0", "g": "root", "G": "0", "h": "/root", "s": "/bin/sh", "t": "/run", "S": "/var/lib"}
_OF_SYSTEM.update({"C": "/var/cache", "L": "/var/log", "E": "/etc", "T": "/tmp", "V": "/var/tmp"})


def parse_unit(text: str) -> Iterator[Assignment | None]:
    r"""(section, setting, value) of each assignment, '' for one that clears; None where systemd gives the file up.

    >>> list(parse_unit("[Unit]\nDescription=a \\\n# b \\\nc\n[Timer]\nOnCalendar=\n"))
    [('Unit', 'Description', 'a  c'), ('Timer', 'OnCalendar', '')]
    >>> list(parse_unit("[Unit\nDescription=a\n"))
    [None]
    """
    section = ""
    for line in _logical_lines(text):
        if line.startswith("["):
            if not line.endswith("]"):
                yield None
                return
            section = line[1:-1]
        elif section:
            name, equals, value = line.partition("=")
            name = name.rstrip(BLANKS)
            if equals and name:
                yield section, name, value.lstrip(BLANKS)


def _logical_lines(text: str) -> Iterator[str]:
    """The lines without comments, blanks around them and line ends: a backslash that continues becomes a space."""
    parts: list[str] = []
    for line in lines(text[text.startswith("\ufeff") :]):
        line = line.rstrip("\r")
        first = line.lstrip(BLANKS)[:1]
        if first and first in "#;":
            continue
        if (len(line) - len(line.rstrip("\\"))) % 2:
            parts.append(line[:-1] + " ")
            continue
        parts.append(line)
        line = "".join(parts).strip(BLANKS)
        parts.clear()
        if line and line[0] not in "#;":
            yield line
    if parts:
        yield "".join(parts).strip(BLANKS)


def values_of(assignments: Sequence[Assignment], section: str, name: str, cleared_by: Sequence[str] = ()) -> list[str]:
    """The values of a setting that adds up; an empty one clears it, as one of the settings `cleared_by` does.

    >>> values_of([("Unit", "After", "a"), ("Unit", "After", ""), ("Unit", "After", "b")], "Unit", "After")
    ['b']
    """
    found: list[str] = []
    for there, setting, value in assignments:
        if there != section:
            continue
        if not value and (setting == name or setting in cleared_by):
            found.clear()
        elif setting == name:
            found.append(value)
    return found


def is_true(text: str) -> bool | None:
    """A boolean as systemd reads one; None for what is none.

    >>> is_true("On"), is_true("n"), is_true("maybe")
    (True, False, None)
    """
    word = text.lower()
    if word in ("1", "yes", "y", "true", "t", "on"):
        return True
    return False if word in ("0", "no", "n", "false", "f", "off") else None


class UnitName:
    """A name taken apart: 'getty@tty1.service' has the prefix 'getty', the instance 'tty1' and the type 'service'.

    The instance is None for a plain unit, '' for a template.
    """

    __slots__ = ("id", "instance", "prefix", "type")

    def __init__(self, id: str) -> None:
        self.id = id
        before, _, self.type = id.rpartition(".")
        self.prefix, at, instance = before.partition("@")
        self.instance = instance if at else None

    @property
    def template(self) -> str:
        """The template of an instance, '' for every other unit."""
        return f"{self.prefix}@.{self.type}" if self.instance else ""

    def instantiated(self, instance: str) -> str:
        """The id of that instance of the template."""
        return f"{self.prefix}@{instance}.{self.type}"

    def drop_in_names(self) -> list[str]:
        """The names whose drop-ins count for the unit, from the one that wins, without those of its type.

        What a prefix cut at a dash begins counts in three forms: alone, with the instance and with the template's `@`.

        >>> UnitName("a-b@c-d.service").drop_in_names()
        ['a-b@c-d.service', 'a-b@.service', 'a-.service', 'a-@c-d.service', 'a-@.service']
        """
        cuts = [self.prefix[: place + 1] for place, letter in enumerate(self.prefix[:-1]) if letter == "-"][::-1]
        rests = [self.id[len(self.prefix) :], *([f"@.{self.type}"] if self.instance else [])]
        names = [f"{self.prefix}{rest}" for rest in rests]
        names += [f"{cut}.{self.type}" for cut in cuts]
        names += [f"{cut}{rest}" for cut in cuts for rest in rests]
        return list(dict.fromkeys(names))


def is_unit_name(name: str) -> bool:
    """Whether systemd takes a file of that name for a unit.

    >>> is_unit_name("a@b.service"), is_unit_name("a b.service"), is_unit_name("@b.service"), is_unit_name(".service")
    (True, False, False, False)
    """
    return len(name) <= _LONGEST_NAME and name[:1] not in (".", "@", "") and _CHARACTERS.issuperset(name)


def expand(text: str, id: str) -> str:
    r"""The text with the specifiers that the name of the unit answers.

    >>> expand("Getty on %I, %p, 100%%", "getty@a-b\\x2dc.service")
    'Getty on a/b-c, getty, 100%'
    """
    if "%" not in text:
        return text
    import re

    name = UnitName(id)
    instance = name.instance or ""
    last = name.prefix.rpartition("-")[2]
    known = {"%": "%", "n": id, "N": id[: -len(name.type) - 1], "p": name.prefix, "P": unescape(name.prefix)}
    known.update({"i": instance, "I": unescape(instance), "j": last, "J": unescape(last)})
    known.update(_OF_SYSTEM)
    known["f"] = "/" + unescape(instance if name.instance is not None else name.prefix).lstrip("/")
    return re.sub(r"%(.)", lambda found: known.get(found[1], found[0]), text)


def unescape(text: str) -> str:
    r"""The text that was escaped for a unit's name: 'a-b\x2dc' was 'a/b-c'."""
    import re

    return re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), text.replace("-", "/"))
