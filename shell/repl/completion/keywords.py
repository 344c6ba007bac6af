"""Which keywords fit where, and which words must be quoted to be names."""

from __future__ import annotations

from .scanner import NOT_ALIASES
from .suggestion import Suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .context import Context
    from .tokens import Token

# Words SQLite takes for no name unless they are quoted.
RESERVED = frozenset(
    "add all alter and as autoincrement between case check collate commit constraint create default deferrable delete "
    "distinct drop else escape except exists foreign from group having in index insert intersect into is isnull join "
    "limit not nothing notnull null on or order primary references returning select set table then to transaction "
    "union unique update using values when where".split()
)
# What a word alone asks for next.
_NEXT = {
    "group": ("by",),
    "order": ("by",),
    "partition": ("by",),
    "left": ("join",),
    "right": ("join",),
    "full": ("join",),
    "inner": ("join",),
    "cross": ("join",),
    "outer": ("join",),
    "natural": ("join", "left join"),
    "insert": ("into",),
    "replace": ("into",),
    "delete": ("from",),
    "create": ("temp table", "temp view"),
    "temp": ("table", "view"),
    "temporary": ("table", "view"),
    "drop": ("table", "view"),
    "is": ("null", "not null", "distinct from", "not distinct from"),
    "nulls": ("first", "last"),
    "query": ("plan",),
    "explain": ("query plan", "select", "with"),
    "plan": ("select", "with"),
    "values": ("(",),
}
_START = ("select", "with", "explain query plan", "create temp table", "create temp view", "insert into", "update",
          "delete from", "drop table", "attach", "detach", "pragma", "values")  # fmt: skip
_TAIL = ("group by", "order by", "limit", "union all", "union", "except", "intersect")
_COMPARE = ("=", "in (", "like", "is null", "is not null", "not in (", "not like", "between", "glob", "<>", ">", "<",
            ">=", "<=", "||")  # fmt: skip
_OPERAND = ("not", "null", "case when", "cast(", "exists (")
_TYPES = ("integer", "text", "real", "blob", "numeric")


# What the clauses are for, for those who do not write SQL every day.
_ABOUT = {
    "select": "which columns",
    "from": "which tables",
    "where": "which rows",
    "join": "rows of another table that belong to these",
    "left join": "the same; NULLs where there are none",
    "cross join": "each row with each of another table",
    "on": "which rows belong together: a condition",
    "using (": "which rows belong together: columns by the same name",
    "as": "another name for it",
    "group by": "one row for all that are equal in this",
    "having": "which groups",
    "order by": "in which order",
    "limit": "at most so many rows",
    "offset": "leave out so many rows first",
    "union": "with the rows of another query, each once",
    "union all": "with the rows of another query",
    "except": "without the rows of another query",
    "intersect": "only rows that another query gives too",
    "distinct": "each row once",
    "with": "name a query first, then ask it",
    "recursive": "a query that goes on from its own rows",
    "explain query plan": "how SQLite would answer",
    "create temp table": "keep rows while this session lasts",
    "create temp view": "name a query while this session lasts",
    "attach": "join a database file",
    "and": "both conditions",
    "or": "one of the conditions",
    "not": "the condition does not hold",
    "in (": "one of these values, or of a query's",
    "not in (": "none of these values",
    "like": "a pattern: % any text, _ any character",
    "glob": "a pattern: * any text, ? any character",
    "between": "from one value to another, both included",
    "is null": "has no value",
    "is not null": "has a value",
    "exists (": "a query gives rows at all",
    "case when": "a value by conditions",
    "cast(": "as another type",
    "desc": "the greatest first",
    "asc": "the least first",
    "over (": "computed over neighbouring rows",
    "partition by": "apart for each value of this",
    "||": "one text after the other",
    "=": "equal",
    "<>": "not equal",
}


def suggestion(found: Context, word: str, worth: int = 0, about: str = "") -> Suggestion:
    """A keyword, in capitals where the user writes them so."""
    return Suggestion(word.upper() if found.upper else word, "keyword", about or _ABOUT.get(word, ""), worth=worth)


def starting(query: bool) -> tuple[str, ...]:
    """Keywords that begin a statement, or a query in parentheses."""
    return ("select", "with", "values") if query else _START


def following(found: Context) -> list[str]:
    """Keywords that fit after a complete operand or table, the likeliest first."""
    here, previous = found.here, found.previous
    if previous in _NEXT and (len(found.before) < 2 or found.before[-2].text != "."):
        return list(_NEXT[previous])
    if previous == "not":
        return ["in (", "like", "between", "glob", "null"]
    whole = here.kind in ("statement", "query")
    case = _case(found)
    if case:
        return [*case, "and", "or", *_COMPARE]
    if here.clause == "select":
        window = ["over (", "filter (where"] if previous == ")" else []
        return ["from", "as", *window, *_COMPARE, "and", "or", *_TAIL[3:]]
    if here.clause in ("from", "update"):
        return _after_table(found, whole)
    if here.clause in ("where", "having", "on"):
        return _after_condition(found, whole)
    if here.clause in ("group", "order"):
        return _after_terms(here.clause, whole, previous)
    if here.clause == "window":
        return ["partition by", "order by"] if previous == "(" else ["order by", "desc", "asc", "rows between"]
    if here.clause == "limit":
        return ["offset"]
    if here.clause == "with":
        after = {"name": ["recursive"], "named": ["as ("], "body": ["(", "materialized (", "not materialized ("]}
        return after.get(here.state, ["select"])
    if here.clause == "into":
        return ["select", "values (", "default values", "with"]
    if here.clause == "create":
        return ["as select", "as"]
    if here.clause in ("set", "values"):
        return ["where", *_COMPARE] if here.clause == "set" else ["union all"]
    return ["and", "or", *_COMPARE, "as"]


def operands(found: Context) -> list[str]:
    """Keywords that can stand where a value is wanted."""
    here, previous = found.here, found.previous
    words = list(_OPERAND)
    if previous == "select" or (here.kind == "call" and previous == "("):
        words = ["distinct", *words]
    if here.kind == "list" and previous == "(":
        words = ["select", *words]
    elif here.kind == "window" and previous == "(":
        words = ["partition by", "order by"]
    elif previous == "is":
        words = ["null", "not null", "distinct from", "not distinct from"]
    elif previous == "not":
        before = found.before[-2].fold if len(found.before) > 1 else ""
        words = ["null", "distinct from"] if before == "is" else ["exists ("]
    elif previous == "when" or previous == "case":
        words = [*(["when"] if previous == "case" else []), *words]
    elif found.here.kind == "group" and previous == "(":
        words = ["select", *words]
    return words


def types() -> tuple[str, ...]:
    """What CAST can make of a value."""
    return _TYPES


def _after_table(found: Context, whole: bool) -> list[str]:
    here = found.here
    source = here.source
    words: list[str] = []
    if here.clause == "update":
        return ["set", "as"]
    if source is not None and source.joined and found.previous != ")":
        words += ["on", "using ("]
    words += ["join", "left join", *(["where"] if whole else [])]
    words += _TAIL[:3] if whole else ()
    words += ["as"] if here.state == "named" else []
    return [*words, "cross join", *(_TAIL[3:] if whole else ())]


def _after_condition(found: Context, whole: bool) -> list[str]:
    before = _before_operand(found.before)
    if before == "between":
        return ["and"]
    words = ["and", "or"]
    if before in ("where", "and", "or", "not", "on", "having", "(", "when"):
        words = [*_COMPARE, *words]
    if whole:
        words += ["where", "join", "left join"] if found.here.clause == "on" else []
        words += _TAIL if found.here.clause != "having" else _TAIL[1:]
    return words


def _after_terms(clause: str, whole: bool, previous: str) -> list[str]:
    words: list[str] = []
    if clause == "order":
        words = ["desc", "asc"] if previous not in ("asc", "desc") else []
        words += ["nulls last", "nulls first", "collate"] if whole else []
        return [*words, *(["limit"] if whole else [])]
    return ["having", *_TAIL[1:]] if whole else words


def _before_operand(tokens: list[Token]) -> str:
    """The word or mark before the operand at the end: a comparison where a condition is complete.

    'between' where the operand is the first of a BETWEEN, '=' where it is the second.
    """
    at = _operand_start(tokens, len(tokens) - 1) - 1
    if at >= 0 and tokens[at].fold == "and":
        first = _operand_start(tokens, at - 1) - 1
        return "=" if first >= 0 and tokens[first].fold == "between" else "and"
    return tokens[at].fold if at >= 0 else ""


def _operand_start(tokens: list[Token], at: int) -> int:
    """Where the operand that ends at `at` begins: a name with its qualifiers, a call, parentheses or a literal."""
    if at >= 0 and tokens[at].text == ")":
        depth = 0
        while at >= 0:
            depth += {")": 1, "(": -1}.get(tokens[at].text, 0)
            if not depth:
                break
            at -= 1
        if at > 0 and tokens[at - 1].kind == "word" and tokens[at - 1].fold not in NOT_ALIASES:
            at -= 1
        return at
    while at > 1 and tokens[at - 1].text == "." and tokens[at - 2].kind in ("word", "name"):
        at -= 2
    return at


def _case(found: Context) -> list[str]:
    """What an open CASE wants next; [] outside of one."""
    word = _last_of(found, ("case", "when", "then", "else", "end"))
    return {"case": ["when"], "when": ["then"], "then": ["when", "else", "end"], "else": ["end"]}.get(word, [])


def _last_of(found: Context, words: tuple[str, ...]) -> str:
    """The last of these words before the cursor, within its parentheses."""
    depth = 0
    for token in reversed(found.before):
        if token.text == ")":
            depth += 1
        elif token.text == "(":
            depth -= 1
            if depth < 0:
                return ""
        elif not depth and token.kind == "word" and token.fold in words:
            return token.fold
    return ""
