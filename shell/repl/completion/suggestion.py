"""`Suggestion`: one completion; and their order: how well each fits what was typed, then how likely it is meant."""

from __future__ import annotations

from .fuzzy import ORDER, Match, match

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# A menu is read from its top; nobody scrolls further than this.
MOST = 300


class Suggestion:
    """A completion: the text that is put in, what kind it is, and a line about it.

    shown      the text in the menu, where it differs: a mark behind it, a name without what is before it.
    sought     what the typed characters are compared with, where that is not the text.
    worth      how likely it is meant at this place; the greater, the higher in the menu.
    positions  the characters of `shown` that were typed.
    """

    __slots__ = ("_about", "kind", "positions", "shown", "sought", "text", "worth")

    def __init__(
        self,
        text: str,
        kind: str,
        about: str | Callable[[], str] = "",
        *,
        worth: int = 0,
        sought: str = "",
        shown: str = "",
    ) -> None:
        self.text = text
        self.kind = kind
        self._about = about
        self.worth = worth
        self.sought = sought or text
        self.shown = shown or text
        self.positions: tuple[int, ...] = ()

    @property
    def about(self) -> str:
        """The line about it, which may be worked out when it is shown."""
        return self._about if isinstance(self._about, str) else self._about()

    def __repr__(self) -> str:
        return f"Suggestion({self.text}, {self.kind})"


def ranked(typed: str, candidates: Iterable[Suggestion], recent: Mapping[str, int]) -> list[Suggestion]:
    """The candidates that fit what was typed, the best first, each text once."""
    found: list[tuple[tuple[int, int, int, int], Suggestion]] = []
    by_chance: list[tuple[tuple[int, int, int, int], Suggestion]] = []
    seen: set[str] = set()
    for number, suggestion in enumerate(candidates):
        fit = match(typed, suggestion.sought)
        if fit is None:
            continue
        bonus = min(recent.get(suggestion.sought.lower(), 0), 9)
        key = (-fit.grade, -suggestion.worth - bonus, fit.cost, number)
        _mark(suggestion, fit)
        (by_chance if fit.grade == ORDER else found).append((key, suggestion))
    # Letters that merely occur in order are shown where nothing fits better.
    found = found or by_chance
    found.sort(key=lambda pair: pair[0])
    best: list[Suggestion] = []
    for _, suggestion in found:
        if suggestion.text not in seen:
            seen.add(suggestion.text)
            best.append(suggestion)
            if len(best) == MOST:
                break
    if len(best) == 1 and best[0].text == typed:
        return []
    return best


def _mark(suggestion: Suggestion, fit: Match) -> None:
    at = suggestion.shown.lower().find(suggestion.sought.lower())
    if at >= 0:
        suggestion.positions = tuple([position + at for position in fit.positions])
