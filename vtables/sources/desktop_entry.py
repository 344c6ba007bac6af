"""Desktop entry files (Desktop Entry Specification 1.5): their keys, and the words of Exec."""

from __future__ import annotations

from .text import BLANKS, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
# One piece of Exec; a quote that stays open ends with the line.
_QUOTED = r"""(?P<double>"(?:\\.|[^"\\])*"?)|(?P<single>'[^']*'?)"""
_PIECE = _QUOTED + r"""|\\(?P<escaped>.)|(?P<blank>[ \t\n\r]+)|(?P<plain>[^ \t\n\r"'\\]+|.)"""
# Codes of what is opened: at the start of a session that is nothing.
_NOTHING = "fFuUdDnNvm"


def parse_desktop(text: str) -> dict[str, str]:
    r"""The keys of the group [Desktop Entry], the first of each, with the escapes of strings undone.

    >>> parse_desktop("# x \\\n[Desktop Entry]\nName=A\nExec=/bin/a\\sb\n[Desktop Action b]\nName=B\n")
    {'Name': 'A', 'Exec': '/bin/a b'}
    """
    import re

    fields: dict[str, str] = {}
    group = ""
    for line in lines(text[text.startswith("\ufeff") :]):
        line = line.strip(BLANKS)
        if line.startswith("["):
            group = line
        elif group == "[Desktop Entry]" and not line.startswith("#"):
            name, equals, value = line.partition("=")
            if equals:
                value = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value.strip(BLANKS))
                fields.setdefault(name.strip(BLANKS), value)
    return fields


def exec_words(fields: dict[str, str], path: str) -> list[str]:
    r"""The program and its arguments that Exec starts where nothing is opened; `path` is that of the file.

    >>> exec_words({"Exec": '"/opt/My Tool/run" --name=%c "a \\"b\\" \\$c" 100%% %U %i', "Name": "X"}, "")
    ['/opt/My Tool/run', '--name=X', 'a "b" $c', '100%']
    """
    import re

    known = {"%": "%", "c": fields.get("Name", ""), "k": path, **dict.fromkeys(_NOTHING, "")}
    found: list[str] = []
    for word in _words(fields.get("Exec", "")):
        if word == "%i":
            found += ["--icon", fields["Icon"]] if fields.get("Icon") else []
            continue
        expanded = re.sub("%(.)", lambda code: known.get(code[1], code[0]), word)
        if expanded or not word:
            found.append(expanded)
    return found


def _words(text: str) -> Iterator[str]:
    import re

    word: list[str] | None = None
    for piece in re.finditer(_PIECE, text, re.DOTALL | re.ASCII):
        if piece.lastgroup == "blank":
            if word is not None:
                yield "".join(word)
            word = None
            continue
        word = [] if word is None else word
        if piece.lastgroup == "double":
            word.append(re.sub(r'\\(["`$\\])', r"\1", _inside(piece[0])))
        elif piece.lastgroup == "single":
            word.append(_inside(piece[0]))
        else:
            word.append(piece["escaped"] or piece[0])
    if word is not None:
        yield "".join(word)


def _inside(quoted: str) -> str:
    """The text in quotes, the last of which may be missing."""
    return quoted[1:-1] if len(quoted) > 1 and quoted[-1] == quoted[0] else quoted[1:]
