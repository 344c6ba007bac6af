"""`Positions`: on which line of a JSON text each value stands, so that an error can point at it."""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    Path = tuple["str | int", ...]

# Everything in JSON that is not space, a colon or a comma. The text is known to be JSON: strings are whole.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


class Positions:
    """Lines of the values of a JSON text that was parsed without error.

    duplicates  members that stand more than once in an object, of which a parser keeps the last: {path: its line}
    """

    def __init__(self, text: str) -> None:
        self.duplicates: dict[Path, int] = {}
        self._lines: dict[Path, int] = {}
        self._scan(text)

    def line(self, *path: str | int) -> int:
        """The line, from 1, on which the member or element at this path begins; 0 for none such.

        >>> Positions('{"a":\\n [1,\\n {"b": 2}]}').line("a", 1, "b")
        3
        """
        return self._lines.get(path, 0)

    def _scan(self, text: str) -> None:
        # For each open object or array: its path, and the index of the next element (None in an object).
        open_: list[list[int | None]] = []
        path: list[str | int] = []
        line, at, key_next = 1, 0, False
        for token in _TOKEN.finditer(text):
            line += text.count("\n", at, token.start())
            at = token.start()
            what = token[0]
            if what == ":":
                key_next = False
            elif what == ",":
                path.pop()
                index = open_[-1][0]
                open_[-1][0] = index = index if index is None else index + 1
                key_next = index is None
            elif what in "}]":
                if len(path) == len(open_):
                    path.pop()
                open_.pop()
                key_next = False
            elif key_next:
                path.append(json.loads(what))
                here = tuple(path)
                if here in self._lines:
                    self.duplicates[here] = line
                self._lines[here] = line
            else:
                if open_ and open_[-1][0] is not None:
                    path.append(open_[-1][0])
                    self._lines[tuple(path)] = line
                if what in "{[":
                    open_.append([None if what == "{" else 0])
                    key_next = what == "{"
