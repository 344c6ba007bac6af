"""SQL as tokens, tolerant of half-typed text: every text has tokens, in linear time, and none raises.

A library's parser was not taken: sqlglot takes 100 ms to import and refuses an open string, sqlparse gives up above
10,000 tokens and takes a millisecond for a line.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>--[^\n]*\n?|/\*(?:[^*]+|\*(?!/))*(?:\*/)?)
      | (?P<string>[xX]?'[^']*(?:''[^']*)*'?)
      | (?P<name>"[^"]*(?:""[^"]*)*"?|`[^`]*(?:``[^`]*)*`?|\[[^\]]*\]?)
      | (?P<param>[:@$][^\W]\w*|\?\d*)
      | (?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<word>[^\W\d][\w$]*)
      | (?P<punct>\|\||<=|>=|<>|!=|==|<<|>>|->>|->|.)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {'"': '"', "`": "`", "[": "]"}


class Token:
    """One token. `kind` is word, name (a quoted identifier), string, number, param, punct, comment or cursor.

    text  as it stands in the statement.
    fold  what it means: an identifier in lower case and without its quotes; the text itself otherwise.
    open  a string, quoted identifier or comment that does not end.
    """

    __slots__ = ("end", "fold", "kind", "open", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end
        self.open = False
        self.fold = text
        if kind == "word":
            self.fold = text.lower()
        elif kind == "name":
            self.open = _is_open(text, _CLOSING[text[0]])
            self.fold = unquoted(text).lower()
        elif kind == "string":
            self.open = _is_open(text.lstrip("xX"), "'")

    def __repr__(self) -> str:
        return f"{self.kind}:{self.text}"


def tokens(sql: str) -> list[Token]:
    """The tokens of a text, without space and comments; a comment that the text ends in stays, as open."""
    found: list[Token] = []
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or ""
        if kind == "space":
            continue
        token = Token(kind, match.group(), match.start(), match.end())
        if kind == "comment":
            if _is_closed(token.text):
                continue
            token.open = True
        found.append(token)
    return found


def unquoted(text: str) -> str:
    """An identifier or string without its quotes, whether they are closed or not."""
    if not text or text[0] not in "\"`['":
        return text
    quote = _CLOSING.get(text[0], text[0])
    inner = text[1:] if _is_open(text, quote) else text[1:-1]
    return inner if quote == "]" else inner.replace(quote * 2, quote)


def _is_closed(comment: str) -> bool:
    return comment.endswith("\n") if comment[0] == "-" else len(comment) > 3 and comment.endswith("*/")


def _is_open(text: str, closing: str) -> bool:
    if closing == "]":
        return not text.endswith("]")
    return text.count(closing) % 2 == 1
