"""Where in a statement the cursor is, and which tables are in scope there: one pass over complete or half-typed SQL.

    with t(a) as (select pid from processes) select | from t join users u

gives, for the cursor `|`, the clause 'select' and a scope with the sources t and u, where t is a table expression with
the column a.
"""

from __future__ import annotations

from .scopes import Expression, Names, Output, Scope, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tokens import Token

# Words that end an operand or a source, so that none of them is taken for an alias or a function.
NOT_ALIASES = frozenset(
    "select distinct all from where and or not in like glob regexp match between is isnull notnull null join left "
    "right full inner cross natural outer on using group by order limit offset having as case when then else end union "
    "except intersect with indexed set values window returning into exists over filter partition escape collate asc "
    "desc".split()
)
_WHOLE = ("statement", "query")


class Here:
    """The cursor's place.

    kind       what it is between: statement, query (a subquery), call, list (after IN or VALUES), using, window,
               columns (of a table expression or INSERT) or group (other parentheses).
    clause     the word that began it: select, from, on, where, ...; '' at the start; argument in a call.
    state      in FROM and the like: table (one is wanted), named (an alias may follow), as, aliased, dotted;
               in WITH: name, columns, named, body.
    opened_by  in a call, the function's name.
    """

    __slots__ = ("clause", "kind", "opened_by", "scope", "source", "state")

    def __init__(self, frame: _Frame) -> None:
        self.kind = frame.kind
        self.clause = frame.clause
        self.state = frame.state
        self.scope = frame.scope
        self.opened_by = frame.opened_by
        self.source = frame.scope.sources[-1] if frame.scope.sources else None


def scan(tokens: Sequence[Token]) -> Here:
    """Where the token of kind 'cursor' is. The scope it gives knows the whole statement, also what follows."""
    return _Scanner(tokens).scan()


class _Frame:
    """What is between one pair of parentheses; the outermost is the statement."""

    __slots__ = ("clause", "expression", "item", "kind", "opened_by", "scope", "state")

    def __init__(self, kind: str, scope: Scope, clause: str = "", state: str = "", opened_by: str = "") -> None:
        self.kind = kind
        self.scope = scope
        self.clause = clause
        self.state = state
        self.opened_by = opened_by
        self.item: list[Token | None] = []
        self.expression: Expression | None = None

    def enter(self, clause: str, state: str = "") -> None:
        self.end_item()
        self.clause = clause
        self.state = state

    def end_item(self) -> None:
        """What was read of the select list so far ends an item of it."""
        if self.item:
            output = _output(self.item)
            if output is not None:
                output.calls = _calls(self.item)
                self.scope.outputs.append(output)
            self.item = []


class _Scanner:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._stack = [_Frame("statement", Scope(None, Names()))]
        self._before = ""
        self._before_that = ""

    def scan(self) -> Here:
        here: Here | None = None
        for at, token in enumerate(self._tokens):
            frame = self._stack[-1]
            if token.kind == "cursor":
                here = Here(frame)
                continue
            if token.kind == "punct":
                self._punct(frame, token, at)
            elif token.kind != "word" or self._before == "." or not self._keyword(token.fold):
                self._operand(self._stack[-1], token)
            self._before_that, self._before = self._before, token.fold
        for frame in self._stack:
            frame.end_item()
        return here or Here(self._stack[-1])

    def _punct(self, frame: _Frame, token: Token, at: int) -> None:
        text = token.text
        if text == "(":
            self._stack.append(self._opened(frame, at))
        elif text == ")":
            if len(self._stack) > 1:
                self._close()
        elif text == "," and frame.clause == "select":
            frame.end_item()
        elif text == "," and frame.clause in ("from", "on") and frame.kind in (*_WHOLE, "group"):
            frame.enter("from", "table")
        elif text == "," and frame.clause == "with" and frame.state != "columns":
            frame.state = "name"
        elif text == "." and frame.state == "named" and frame.scope.sources:
            source = frame.scope.sources[-1]
            source.schema, source.table, source.alias = source.table, "", ""
            frame.state = "dotted"
        elif frame.clause == "select":
            frame.item.append(token)

    def _opened(self, frame: _Frame, at: int) -> _Frame:
        """The frame that an opening parenthesis begins."""
        scope, clause, word = frame.scope, frame.clause, self._before
        if clause == "with" and frame.state == "named":
            opened = _Frame("columns", scope, "with", "columns")
            opened.expression = frame.expression
            return opened
        if (clause == "with" and frame.state == "body") or self._following(at) in ("select", "with", "values"):
            return self._query(frame)
        if clause == "from" and frame.state == "table":
            frame.state = "aliased"
            return _Frame("group", scope, "from", "table")
        if word == "using" or clause == "into":
            return _Frame("using" if word == "using" else "columns", scope, "on" if word == "using" else "into")
        if word in ("in", "values"):
            return _Frame("list", scope, "argument" if clause == "select" else clause)
        inner = "argument" if clause in ("select", "from") else clause
        if word == "over":
            return _Frame("window", scope, "window")
        if (word.isidentifier() and word not in NOT_ALIASES) or word == "filter":
            return _Frame("call", scope, inner, opened_by=word)
        return _Frame("group", scope, inner)

    def _query(self, frame: _Frame) -> _Frame:
        scope = frame.scope
        derived = frame.clause in ("from", "with", "create")
        opened = _Frame("query", Scope(scope.outer if derived else scope, scope.names))
        if frame.clause == "with" and frame.expression:
            frame.expression.query = opened.scope
        elif frame.clause == "from" and frame.state == "table":
            scope.sources.append(Source(query=opened.scope, joined=self._before == "join"))
            frame.state = "named"
        return opened

    def _close(self) -> None:
        self._stack.pop().end_item()
        outside = self._stack[-1]
        if outside.clause == "select":
            # An item in parentheses, or a call, has no name of its own.
            outside.item.append(None)
        if outside.clause == "with" and outside.state == "body":
            outside.state = "done"

    def _following(self, at: int) -> str:
        for token in self._tokens[at + 1 : at + 3]:
            if token.kind != "cursor":
                return token.fold if token.kind == "word" else ""
        return ""

    def _unwound(self) -> _Frame:
        """The innermost whole query: parentheses that were left open within it are given up."""
        while self._stack[-1].kind not in _WHOLE:
            self._stack.pop().end_item()
        return self._stack[-1]

    def _keyword(self, word: str) -> bool:
        """Whether the word begins a clause, or moves one on."""
        frame = self._stack[-1]
        clause = frame.clause
        if word == "select":
            self._select(frame)
        elif word == "from":
            if self._before == "distinct" and self._before_that in ("is", "not"):
                return False
            self._unwound().enter("from", "table")
        elif word == "join":
            (frame if clause in ("from", "on") and frame.kind == "group" else self._unwound()).enter("from", "table")
        elif word == "on" and clause == "from":
            frame.enter("on")
        elif word == "where" or word in ("group", "having", "limit"):
            (frame if frame.opened_by == "filter" else self._unwound()).enter(word)
        elif word == "order":
            (frame if frame.kind in ("window", "call") else self._unwound()).enter(word)
        elif word in ("union", "intersect", "except"):
            self._unwound().enter("compound")
        elif word == "as" and clause in ("with", "from"):
            frame.state = "body" if clause == "with" else "as"
        else:
            return self._statement(frame, word)
        return True

    def _statement(self, frame: _Frame, word: str) -> bool:
        """Whether the word begins a statement that is no SELECT, or a clause of one."""
        clause = frame.clause
        if word == "with" and clause in ("", "explain", "create", "into"):
            if frame.kind == "query":
                frame.scope.names = Names(frame.scope.names)
            frame.enter("with", "name")
        elif word == "into" and self._before in ("insert", "replace", "ignore", "abort", "fail", "rollback"):
            frame.enter("into", "table")
        elif word == "update" and clause in ("", "with"):
            frame.enter("update", "table")
        elif word == "set" and clause == "update":
            frame.enter("set")
        elif word == "values" and clause in ("", "into", "compound", "with"):
            frame.enter("values")
        elif word in ("table", "view") and clause in ("create", "drop", "alter"):
            frame.state = "table"
        elif word in _STATEMENTS and not clause:
            frame.enter(word)
        else:
            return False
        return True

    def _select(self, frame: _Frame) -> None:
        scope = frame.scope
        if scope.selected or scope.sources:
            first = scope.first
            frame.scope = Scope(scope.outer if frame.kind in _WHOLE else scope, scope.names)
            if frame.clause == "compound" or frame.kind not in _WHOLE:
                frame.scope.first = first
        frame.scope.selected = True
        frame.enter("select")

    def _operand(self, frame: _Frame, token: Token) -> None:
        clause, named = frame.clause, token.kind in ("word", "name")
        if clause == "select":
            frame.item.append(token)
        elif not named:
            return
        elif clause == "with":
            self._expression(frame, token.fold)
        elif clause in ("from", "into", "update", "drop") and frame.kind != "columns":
            self._source(frame, token)
        elif clause == "create" and frame.state == "table" and token.fold not in ("if", "not", "exists"):
            frame.state = "named"
        elif clause in ("where", "on"):
            frame.scope.constrained.add(token.fold)

    def _expression(self, frame: _Frame, name: str) -> None:
        if frame.state == "columns" and frame.expression:
            frame.expression.columns.append(name)
        elif frame.state == "name" and name != "recursive":
            frame.expression = frame.scope.names.expressions.setdefault(name, Expression())
            frame.state = "named"

    def _source(self, frame: _Frame, token: Token) -> None:
        sources = frame.scope.sources
        reserved = token.kind == "word" and token.fold in NOT_ALIASES
        if frame.state == "table" and not reserved:
            sources.append(Source(token.fold, joined=self._before == "join"))
            frame.state = "named"
        elif frame.state == "dotted" and sources:
            sources[-1].table = sources[-1].alias = token.fold
            frame.state = "named"
        elif (frame.state == "as" or (frame.state == "named" and not reserved)) and sources:
            sources[-1].alias = token.fold
            frame.state = "aliased"
        elif reserved and frame.state == "named":
            frame.state = "aliased"


_STATEMENTS = frozenset("explain create drop alter attach detach pragma delete insert replace analyze reindex".split())


def _output(item: list[Token | None]) -> Output | None:
    """What one item of a select list is called, and which column it shows; None stands for parentheses."""
    if item[0] is not None and item[0].fold in ("distinct", "all"):
        item = item[1:]
    if not item:
        return None
    last = item[-1]
    texts = [token.fold if token is not None else ")" for token in item]
    if texts[-1] == "*" and (len(item) == 1 or texts[-2] == "."):
        return Output("", texts[0] if len(item) > 1 else "", star=True)
    if last is None or last.kind not in ("word", "name"):
        return Output("")
    if len(item) == 1:
        return Output(last.fold, column=last.fold)
    if texts[-2] == "." and len(item) in (3, 5):
        return Output(last.fold, texts[-3], last.fold)
    body, named = (item[:-2], True) if texts[-2] == "as" else (item[:-1], _ends_operand(item[-2]))
    if not named or last.fold == "end":
        return Output("")
    return Output(last.fold, *_plain(body))


def _calls(item: list[Token | None]) -> frozenset[str]:
    """What stands before parentheses."""
    return frozenset(name.fold for name, after in zip(item, item[1:]) if name is not None and after is None)


def _plain(item: list[Token | None]) -> tuple[str, str]:
    """(qualifier, column) where the item is just a column."""
    words = [token.fold for token in item if token is not None and token.kind in ("word", "name")]
    if len(item) == len(words) == 1:
        return "", words[0]
    if len(item) == 3 and len(words) == 2 and item[1] is not None and item[1].text == ".":
        return words[0], words[1]
    return "", ""


def _ends_operand(token: Token | None) -> bool:
    if token is None or token.kind in ("name", "string", "number", "param"):
        return True
    return token.kind == "word" and (token.fold == "end" or token.fold not in NOT_ALIASES)
