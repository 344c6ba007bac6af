"""How well a name fits what was typed: the beginning first, then beginnings of its words, then anything in order.

match("proc", "processes")            a prefix
match("pos", "process_open_sockets")  the beginnings of its words
match("sock", "process_open_sockets") the beginning of a word
match("esse", "processes")            within a word
match("pcs", "processes")             the letters in order
"""

from __future__ import annotations

EXACT, PREFIX, INITIALS, WITHIN, ORDER = 5, 4, 3, 2, 1
# Names are short; a pasted one of a megabyte is not searched.
_LONGEST = 200


class Match:
    """How a name fits: `grade` (EXACT ... ORDER), `cost` (the lower the better among equals), and which of the name's
    characters the typed ones are."""

    __slots__ = ("cost", "grade", "positions")

    def __init__(self, grade: int, cost: int, positions: tuple[int, ...]) -> None:
        self.grade = grade
        self.cost = cost
        self.positions = positions


_ALL = Match(PREFIX, 0, ())


def match(typed: str, name: str) -> Match | None:
    """How `name` fits `typed`, ignoring case; None where it does not. Nothing typed fits everything alike."""
    if not typed:
        return _ALL
    small = typed.lower()
    text = name.lower()
    if text.startswith(small):
        if len(text) == len(small):
            return Match(EXACT, 0, tuple(range(len(small))))
        # `use`: users before user_groups.
        return Match(PREFIX, text.count("_", len(small)), tuple(range(len(small))))
    if len(small) > len(text) or len(text) > _LONGEST:
        return None
    rough = _in_order(small, text)
    if rough is None:
        return None
    initials = _initials(small, text)
    if initials is not None:
        # `pos`: the fewer words are skipped, the better; from the first word on is best.
        return Match(INITIALS, initials[0] * 4 + _words_outside(initials, text), initials)
    if len(small) < 2:
        return None
    at = text.find(small)
    if at >= 0:
        return Match(WITHIN, at, tuple(range(at, at + len(small))))
    span = rough[-1] - rough[0] + 1
    # Letters strewn over a long name are chance, not meaning.
    if span > 3 * len(small) + 4 or (len(small) < 3 and rough[0] != 0):
        return None
    return Match(ORDER, span + rough[0], rough)


def _in_order(small: str, text: str) -> tuple[int, ...] | None:
    found: list[int] = []
    at = -1
    for character in small:
        at = text.find(character, at + 1)
        if at < 0:
            return None
        found.append(at)
    return tuple(found)


def _initials(small: str, text: str) -> tuple[int, ...] | None:
    """Where each typed character begins a word or goes on from the one before; the earliest such places."""
    starts = [at for at, c in enumerate(text) if c != "_" and (at == 0 or text[at - 1] in "_. -/")]
    if not any(text[at] == small[0] for at in starts):
        return None
    # ends[i]: places that small[:i] can end before, each with where it came from.
    paths: dict[int, tuple[int, ...]] = {}
    for at in starts:
        if text[at] == small[0]:
            paths.setdefault(at, (at,))
    for character in small[1:]:
        if character == "_":
            longer = {under: (*path, under) for at, path in paths.items() if (under := text.find("_", at + 1)) > 0}
        else:
            longer = {}
            for at, path in paths.items():
                following = at + 1
                if text[following : following + 1] == character:
                    longer.setdefault(following, (*path, following))
                for start in starts:
                    if start > following - 1 and text[start] == character:
                        longer.setdefault(start, (*path, start))
        if not longer:
            return None
        paths = longer
    return min(paths.values(), key=lambda path: (path[0], path))


def _words_outside(path: tuple[int, ...], text: str) -> int:
    """How many words of the name were not touched."""
    touched = {text.count("_", 0, at) for at in path}
    return text.count("_") + 1 - len(touched)
