"""Colours, in one place: of the rows, the line being typed, the completion menu and the status bar.

A theme gives escape sequences for the rows (`colours`) and a style for prompt-toolkit (`style`). `auto` asks COLORFGBG,
which some terminals set; where it is silent the 16 colours of the terminal's own palette are used, which its user has
chosen to be readable on whatever background there is. `NO_COLOR` (https://no-color.org) and a dumb terminal are plain.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What has a colour among the rows, and what has one while typing: prompt-toolkit's names without "class:".
KINDS = ("header", "name", "null", "number", "text", "blob", "rule")


class Theme:
    """A set of colours.

    colours  the escape sequence that begins each kind of value; None for no escape sequences at all
    style    prompt-toolkit's style: {class: style}, https://python-prompt-toolkit.readthedocs.io (Styling)
    """

    __slots__ = ("colours", "name", "style")

    def __init__(self, name: str, sgr: Mapping[str, str] | None, style: Mapping[str, str]) -> None:
        self.name = name
        self.colours = None if sgr is None else {kind: f"\x1b[{codes}m" for kind, codes in sgr.items() if codes}
        self.style = style


def _style(
    keyword: str, string: str, number: str, comment: str, faint: str, bar: str, menu: str, chosen: str
) -> dict[str, str]:
    return {
        "pygments.keyword": f"bold {keyword}",
        "pygments.name.builtin": keyword,
        "pygments.literal.string": string,
        "pygments.literal.number": number,
        "pygments.comment": f"{comment} italic",
        "pygments.error": "",
        "prompt": "bold",
        "prompt.continuation": faint,
        "auto-suggestion": faint,
        "bottom-toolbar": f"noreverse {bar}",
        "bottom-toolbar.root": "bold",
        "bottom-toolbar.error": "bold",
        "bottom-toolbar.notes": "italic",
        "bottom-toolbar.hint": "italic",
        "completion-menu": menu,
        "completion-menu.completion": menu,
        "completion-menu.completion.current": f"noreverse {chosen}",
        "completion-menu.meta.completion": menu,
        "completion-menu.meta.completion.current": f"noreverse {chosen}",
        "completion-menu.multi-column-meta": menu,
        "scrollbar.background": menu,
        "scrollbar.button": chosen,
        "search": "reverse",
        "matching-bracket.cursor": "bold underline",
        "matching-bracket.other": "bold underline",
    }


_MONO = {
    **_style("", "", "", "", "", "reverse", "reverse", "bold underline"),
    "completion-menu.completion.current": "bold noreverse",
    "completion-menu.meta.completion.current": "bold noreverse",
    "scrollbar.background": "reverse",
    "scrollbar.button": "noreverse",
}

THEMES = {
    "ansi": Theme(
        "ansi",
        {"header": "1", "name": "1", "null": "2", "number": "36", "blob": "35", "rule": "2"},
        _style(
            "ansiblue",
            "ansigreen",
            "ansicyan",
            "ansibrightblack",
            "ansibrightblack",
            "reverse",
            "reverse",
            "bold fg:ansiblack bg:ansicyan",
        ),
    ),
    "dark": Theme(
        "dark",
        {
            "header": "1;38;5;255",
            "name": "1;38;5;255",
            "null": "38;5;243",
            "number": "38;5;117",
            "text": "38;5;252",
            "blob": "38;5;176",
            "rule": "38;5;240",
        },
        _style(
            "#87afff",
            "#afd787",
            "#87d7ff",
            "#808080",
            "#767676",
            "bg:#303030 #d0d0d0",
            "bg:#3a3a3a #d0d0d0",
            "bg:#5f87d7 #ffffff",
        ),
    ),
    "light": Theme(
        "light",
        {
            "header": "1;38;5;16",
            "name": "1;38;5;16",
            "null": "38;5;246",
            "number": "38;5;25",
            "text": "38;5;236",
            "blob": "38;5;90",
            "rule": "38;5;250",
        },
        _style(
            "#0000af",
            "#005f00",
            "#005f87",
            "#6c6c6c",
            "#8a8a8a",
            "bg:#e4e4e4 #303030",
            "bg:#e4e4e4 #303030",
            "bg:#005faf #ffffff",
        ),
    ),
    "mono": Theme("mono", {"header": "1", "name": "1", "null": "2", "rule": "2"}, _MONO),
    "plain": Theme("plain", None, _MONO),
}

# What the user may choose.
NAMES = ("auto", "dark", "light", "mono")


def theme(name: str, environ: Mapping[str, str]) -> Theme:
    """The theme of that name for a terminal in this environment. KeyError for an unknown name."""
    if environ.get("NO_COLOR") or environ.get("TERM", "dumb") == "dumb":
        return THEMES["plain"]
    return THEMES[background(environ.get("COLORFGBG", "")) or "ansi" if name == "auto" else name]


def background(colorfgbg: str) -> str:
    """'dark' or 'light' by what rxvt, Konsole and others put in COLORFGBG ('foreground;background'); '' where unknown.

    >>> background("15;0"), background("0;default;15"), background("15;default")
    ('dark', 'light', '')
    """
    number = colorfgbg.rpartition(";")[2]
    if not number.isdigit():
        return ""
    return "light" if int(number) in (7, *range(9, 16)) else "dark"
