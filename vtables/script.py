"""An SQL text cut into its statements, in time that grows with its length alone."""

from __future__ import annotations

import apsw

_SPACE = " \t\r\n\f;"
# What begins a literal, a quoted name or a comment, and what ends it. A doubled quote ends one and begins the next.
_CLOSES = {"'": "'", '"': '"', "`": "`", "[": "]", "--": "\n", "/*": "*/"}


def split(sql: str) -> list[tuple[int, str]]:
    r"""The statements of an SQL text, each with the offset of its first character; empty ones are left out.

    >>> split("SELECT ';'; -- none;\nSELECT 2")
    [(0, "SELECT ';';"), (11, ' -- none;\nSELECT 2')]
    """
    found: list[tuple[int, str]] = []
    start = before = at = 0
    marks = _Marks(sql)
    while True:
        place, mark = marks.next(at)
        if mark != ";":
            close = sql.find(_CLOSES[mark], place + len(mark)) if mark else -1
            if close < 0:
                break
            at = close + len(_CLOSES[mark])
            continue
        at = place + 1
        if not _goes_on(sql, start, before, at):
            _add(found, sql, start, at)
            start = at
        before = at
    _add(found, sql, start, len(sql))
    return found


def blank(sql: str) -> bool:
    """Whether a text holds nothing but space, comments and semicolons."""
    at = 0
    while at < len(sql):
        if sql[at] in _SPACE:
            at += 1
        elif sql.startswith(("--", "/*"), at):
            close = _CLOSES[sql[at : at + 2]]
            end = sql.find(close, at + 2)
            at = len(sql) if end < 0 else end + len(close)
        else:
            return False
    return True


# What quotes names, and all quotes.
NAMES, QUOTES = '"`[', "'\"`["


def bare(sql: str, keep: str = NAMES) -> str:
    """The text with comments as spaces, and what is in quotes that are not among `keep`; all else stays in its place.

    >>> bare("SELECT ':no', :yes -- :no")
    'SELECT      , :yes       '
    """
    pieces: list[str] = []
    kept = at = 0
    marks = _Marks(sql)
    while True:
        place, mark = marks.next(at)
        if not mark:
            return "".join(pieces) + sql[kept:]
        at = place + 1
        if mark == ";":
            continue
        close = sql.find(_CLOSES[mark], place + len(mark))
        at = len(sql) if close < 0 else close + len(_CLOSES[mark])
        if mark not in keep:
            pieces.append(sql[kept:place] + " " * (at - place))
            kept = at


class _Marks:
    """Where the next semicolon, literal, quoted name or comment begins; each is looked for once in each stretch."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._places = {mark: sql.find(mark) for mark in (";", *_CLOSES)}

    def next(self, at: int) -> tuple[int, str]:
        """(place, mark) of the first at or after `at`; (-1, '') where there is none."""
        first, found = -1, ""
        for mark, place in self._places.items():
            if 0 <= place < at:
                place = self._places[mark] = self._sql.find(mark, at)
            if place >= 0 and (first < 0 or place < first):
                first, found = place, mark
        return first, found


def _goes_on(sql: str, start: int, before: int, at: int) -> bool:
    """Whether the semicolon before `at` is one within a trigger, which ends by `; END;`.

    `before` is the end of the semicolon before, 0 for none.
    """
    if before <= start:
        words = sql[start:at].lower()
        return "trigger" in words and "create" in words and not apsw.complete(sql[start:at])
    return "end" not in sql[before:at].lower() or not apsw.complete(sql[start:at])


def _add(found: list[tuple[int, str]], sql: str, start: int, end: int) -> None:
    text = sql[start:end]
    if not blank(text):
        found.append((start, text))
