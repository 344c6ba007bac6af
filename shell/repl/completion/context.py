"""What is wanted at the cursor: from the text around it to a `Context`.

context("select p.na", " from processes p")     ->  an operand in select, typed 'na', qualified by 'p'
context("select * from processes where ", "")   ->  an operand in where
context("select * from processes ", "")         ->  what may follow a table
"""

from __future__ import annotations

from .scanner import NOT_ALIASES, Here, scan
from .tokens import Token, tokens, unquoted

# Words and marks after which a value is wanted; after anything else, an operator or the next clause.
_WANTS_OPERAND = frozenset(
    "select distinct all where and or not in like glob regexp match between is on by having limit offset case when "
    "then else set returning escape over filter using".split()
)
_COMPARISONS = frozenset("= == != <> < > <= >= is like glob regexp match".split())


class Context:
    """What is wanted.

    place      start, table, after-table, operand, operator, name (the user's own), limit, columns, star, param or
               nothing.
    typed      what stands before the cursor and would be replaced; `pattern` is the same without quotes.
    qualifier  ['p'] for `p.na|`, ['temp', 't'] for `temp.t.na|`.
    here       clause, parentheses and scope.
    compared   (qualifier, column) on the other side of a comparison whose value is wanted, else None.
    operator   the comparison, in lower case.
    before     the tokens of the statement up to what is being typed.
    mentioned  the names of the parameters the statement has.
    """

    __slots__ = (
        *("after", "before", "closed", "compared", "here", "mentioned"),
        *("operator", "pattern", "place", "qualifier", "typed", "upper"),
    )

    def __init__(self, typed: str, before: list[Token], after: list[Token], here: Here) -> None:
        self.typed = typed
        self.pattern = unquoted(typed)
        self.before = before
        self.after = after
        self.here = here
        self.place = "nothing"
        self.qualifier: list[str] = []
        self.compared: tuple[str, str] | None = None
        self.operator = ""
        self.mentioned = list(dict.fromkeys(t.text for t in (*before, *after) if t.kind == "param" and len(t.text) > 1))
        self.upper = _is_upper(typed, before)
        self.closed = False

    @property
    def previous(self) -> str:
        """The token before what is being typed, in lower case; '' at the start."""
        return self.before[-1].fold if self.before else ""

    @property
    def in_string(self) -> bool:
        return self.typed[:1] == "'"


def context(before: str, after: str) -> Context:
    """What is wanted between the two texts. Never raises; takes time in proportion to their length."""
    left = _statement(tokens(before))
    last = left[-1] if left else None
    if last is not None and last.kind == "comment":
        return Context("", [], [], scan([]))
    typed = ""
    if last is not None and last.end == len(before) and _is_typed(last):
        typed = last.text
        left.pop()
    right = _following(after, last if last is not None and last.open else None)
    star = _star(left, last, before)
    qualifier = _qualifier(left, star or typed)
    here = scan([*left, Token("cursor", "", 0, 0), *right])
    found = Context(star or typed, left, right, here)
    found.qualifier = qualifier
    found.closed = after[:1] == "'" and found.in_string
    if star:
        found.place, found.typed = "star", ".".join([*qualifier, "*"]) if qualifier else "*"
        return found
    if last is not None and last.kind == "number" and typed:
        return found
    found.place = _place(found)
    if found.place in ("operand", "param") or found.in_string:
        found.compared, found.operator = _comparison(left)
    if found.place in ("operator", "after-table", "start") and not typed and before[-1:].strip(" \t\r\n(") != "":
        found.place = "nothing"
    return found


def _statement(found: list[Token]) -> list[Token]:
    """The tokens after the last semicolon."""
    for at in range(len(found) - 1, -1, -1):
        if found[at].text == ";":
            return found[at + 1 :]
    return found


def _following(after: str, opened: Token | None) -> list[Token]:
    """The tokens after the cursor, up to the end of the statement; the rest of the word it is in is left out.

    Where a string was opened and an odd number of quotes follows, the first of them closes it.
    """
    if opened is not None:
        quote = {"[": "]"}.get(opened.text.lstrip("xX")[0], opened.text.lstrip("xX")[0])
        after = after.partition(quote)[2] if after.count(quote) % 2 or quote == "]" else after
    else:
        at = 0
        while at < len(after) and (after[at].isalnum() or after[at] in "_$"):
            at += 1
        after = after[at:]
    found = tokens(after)
    for at, token in enumerate(found):
        if token.text == ";":
            return found[:at]
    return found


def _is_typed(token: Token) -> bool:
    if token.kind in ("word", "number", "param"):
        return True
    return token.open or token.text in (":", "@", "$")


def _star(left: list[Token], last: Token | None, before: str) -> str:
    """'*' where the cursor is right behind a star that stands for columns; it is taken off the tokens."""
    if last is None or last.text != "*" or last.end != len(before) or len(left) < 2:
        return ""
    if left[-2].fold in ("select", "distinct", "all", ".", ","):
        left.pop()
        return "*"
    return ""


def _qualifier(left: list[Token], typed: str) -> list[str]:
    """The names before the dots in front of what is typed; taken off the tokens."""
    found: list[str] = []
    while len(found) < 2 and len(left) >= 2 and left[-1].text == "." and left[-2].kind in ("word", "name"):
        found.insert(0, left[-2].fold)
        del left[-2:]
    return found


def _place(found: Context) -> str:
    here, previous = found.here, found.previous
    if found.typed[:1] in (":", "@", "$", "?"):
        return "param"
    if found.in_string:
        return "attach" if here.clause == "attach" else "operand" if _wants_operand(found) else "nothing"
    if not found.before or (here.kind == "query" and not here.clause):
        return "operand" if found.qualifier else "start"
    if here.clause in ("from", "into", "update", "with", "drop", "create", "attach", "detach", "pragma", "explain"):
        return _named_place(found)
    if here.clause == "compound":
        return "start"
    if here.clause in ("delete", "insert", "replace", "alter", "analyze", "reindex"):
        return "operator"
    if here.kind == "using" or (here.clause == "set" and previous in ("set", ",")):
        return "columns"
    if here.clause == "limit":
        return "limit"
    if previous == "as":
        return "type" if here.opened_by == "cast" else "name"
    return "operand" if _wants_operand(found) else "operator"


def _named_place(found: Context) -> str:
    """The place in a clause whose words are names."""
    here, previous = found.here, found.previous
    if here.kind == "columns":
        return "columns" if here.clause == "into" else "name"
    if here.clause == "with":
        return "name" if here.state == "name" and previous != "with" else "operator"
    if here.clause == "create":
        return "name" if here.state == "table" else "operator"
    if here.clause == "drop" and here.state != "table":
        return "operator"
    if here.clause in ("attach", "detach", "pragma", "explain"):
        return here.clause
    if here.state in ("table", "dotted"):
        return "table"
    if here.state == "as":
        return "name"
    return "after-table"


def _wants_operand(found: Context) -> bool:
    if not found.before:
        return False
    last = found.before[-1]
    if last.kind == "punct":
        return last.text not in (")", ".") and not (last.text == "*" and _is_star(found.before))
    if last.fold == "not" and len(found.before) > 1 and found.before[-2].fold != "is":
        # After an operand: NOT IN, NOT LIKE. Elsewhere what is negated.
        return not _ends_operand(found.before[-2])
    if last.kind == "word" and last.fold in _WANTS_OPERAND:
        return len(found.before) < 2 or found.before[-2].text != "."
    return False


def _ends_operand(token: Token) -> bool:
    if token.kind == "punct":
        return token.text == ")"
    return token.kind != "word" or token.fold not in NOT_ALIASES or token.fold in ("null", "end")


def _is_star(before: list[Token]) -> bool:
    """Whether the star at the end stands for columns or rows, not for a product."""
    return len(before) < 2 or before[-2].fold in ("select", "distinct", "all", ".", ",", "(")


def _comparison(left: list[Token]) -> tuple[tuple[str, str] | None, str]:
    """The column that what comes next is compared with, as (qualifier, name), and the operator."""
    at = len(left) - 1
    if at >= 0 and left[at].text in ("(", ","):
        while at > 0 and (left[at].kind in ("string", "number", "param") or left[at].text == ","):
            at -= 1
        if at < 1 or left[at].text != "(" or left[at - 1].fold != "in":
            return None, ""
        at -= 1
        operator = "in"
    elif at >= 0 and left[at].fold == "not" and at > 0 and left[at - 1].fold == "is":
        at, operator = at - 1, "is"
    elif at >= 0 and left[at].fold in _COMPARISONS and left[at].kind in ("word", "punct"):
        operator = left[at].fold
    else:
        return None, ""
    at -= 1
    if at >= 0 and left[at].fold == "not":
        at -= 1
    if at < 0 or left[at].kind not in ("word", "name") or (left[at].kind == "word" and left[at].fold in NOT_ALIASES):
        return None, ""
    qualified = at >= 2 and left[at - 1].text == "." and left[at - 2].kind in ("word", "name")
    return (left[at - 2].fold if qualified else "", left[at].fold), operator


def _is_upper(typed: str, before: list[Token]) -> bool:
    """Whether keywords are being written in capitals: by what is typed, else by the last keyword."""
    letters = [c for c in typed if c.isalpha()]
    if letters and len(letters) > 1:
        return all(c.isupper() for c in letters)
    for token in reversed(before[-200:]):
        if token.kind == "word" and token.fold in NOT_ALIASES and len(token.text) > 1:
            return token.text.isupper()
    return bool(letters) and letters[0].isupper()
