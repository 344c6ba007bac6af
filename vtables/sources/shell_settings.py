r"""What start-up files of shells assign to variables: bash, zsh, ksh, sh, and csh's `set`.

Nothing runs: what stands under a condition counts as if that held, and what a command would print is not known.
"""

from __future__ import annotations

from .text import BLANKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What may come before an assignment: words that begin a command, and commands that take assignments.
_BEFORE = ("if", "then", "else", "elif", "while", "until", "do", "{", "!", "time", "builtin", "command", "noglob")
_DECLARING = ("export", "typeset", "declare", "readonly", "local", "integer")
# More of one line is not looked at.
_LONGEST = 4096
_WORDS = (
    r"""(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|\$\{(?:\$\{\w*\}|[^}])*\}|\$\([^)]*\)|[^\s;&|()"'\\])+"""
    r"""|[;&|()]"""
)
_PIECES = (
    r"""\\(?P<escaped>.)|'(?P<literal>[^']*)'|"(?P<quoted>(?:\\.|[^"\\])*)\""""
    r"""|\$\{(?P<name>\w+)(?::?[-=](?P<default>(?:\$\{\w*\}|[^}])*)|:?\?[^}]*)?\}|\$(?P<plain>\w+)"""
    r"""|(?P<text>[^$`\\'"]+)|."""
)


def assigned(text: str, names: tuple[str, ...], variables: dict[str, str]) -> Iterator[tuple[str, str, str | None]]:
    r"""(name, the words as written, value) of each assignment to one of the `names`; None for an unknown value.

    `variables` are those known before, HOME among them; what the file assigns is added.

    >>> text = "export A=1 H=~/a\\ b; [ $X ] && H=$HOME/'c d'\n: ${H:=${B:-/e}}\nH=$(f)\necho H=1 # H=2\n"
    >>> [value for _, _, value in assigned(text, ("H",), {"HOME": "/h"})]
    ['/h/a b', '/h/c d', '/e', None]
    >>> list(assigned("set h = ( ~/x )\nset h=$y", ("h",), {"HOME": "/h"}))
    [('h', '~/x', '/h/x'), ('h', '$y', None)]
    """
    import re

    words = re.compile(_WORDS, re.ASCII)
    for line in text.replace("\\\n", "").split("\n"):
        if "=" in line:
            for name, raw in _assignments(words.findall(line[:_LONGEST])):
                value = _value(raw, variables)
                if value is not None:
                    variables[name] = value
                else:
                    variables.pop(name, None)
                if name in names:
                    yield name, raw, value


def _assignments(words: list[str]) -> Iterator[tuple[str, str]]:
    """(name, value as it is written) of what the commands of a line assign."""
    import re

    assignment = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL | re.ASCII)
    default = re.compile(r"\"?\$\{([A-Za-z_]\w*):?=(.*)\}\"?", re.DOTALL | re.ASCII)
    first, declares = True, False
    for place, word in enumerate(words):
        if word in (";", "&", "|", "(", ")"):
            first, declares = True, False
            continue
        if word.startswith("#"):
            return
        found = (assignment.fullmatch(word) if first or declares else None) or default.fullmatch(word)
        if found is not None:
            yield found[1], found[2]
        elif first and word == "set":
            yield from _of_csh(words[place + 1 :])
            return
        elif first and word in _DECLARING:
            declares = True
        elif not (first and word in _BEFORE) and not declares:
            first = False


def _of_csh(words: list[str]) -> Iterator[tuple[str, str]]:
    """`set name=value`, `set name = value`, `set name = ( value )` (csh(1))."""
    name, equals, value = " ".join(words[:6]).partition("=")
    name = name.strip(BLANKS).rpartition(" ")[2]
    if equals and name.isascii() and name.isidentifier():
        yield name, next((word for word in words_of(value) if word not in ("(", ")")), "")


def words_of(text: str) -> list[str]:
    """The words of a command, as they are written, and what separates commands."""
    import re

    return re.findall(_WORDS, text, re.ASCII)


def _value(raw: str, variables: dict[str, str], quoted: bool = False) -> str | None:
    """What a shell makes of a word; None where that depends on what is not known."""
    import re

    found: list[str] = []
    if not quoted and (raw == "~" or raw.startswith("~/")):
        raw, found = raw[1:], [variables.get("HOME", "")]
    for piece in re.finditer(_PIECES, raw, re.DOTALL | re.ASCII):
        kind = piece.lastgroup
        value: str | None = None
        if kind == "escaped":
            value = piece[0] if quoted and piece[kind] not in '$`"\\' else piece[kind]
        elif kind in ("literal", "text"):
            value = piece[0] if quoted else piece[kind]
        elif kind == "quoted":
            value = _value(piece[kind], variables, quoted=True)
        elif kind is not None:
            value = variables.get(piece["name"] or piece["plain"])
            if value is None and piece["default"] is not None:
                value = _value(piece["default"], variables)
        if value is None:
            return None
        found.append(value)
    return "".join(found)
