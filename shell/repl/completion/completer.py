"""Gives prompt-toolkit what `suggest` found: off the typing thread, with type, documentation and the typed characters
marked."""

from __future__ import annotations

import asyncio
import threading

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples

from ...formats.safe import printable
from . import Suggestion, suggest
from .vocabulary import Vocabulary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from ..session import Session

# prompt-toolkit's own names for these, which its styles and the themes know.
_OUTSIDE, _TYPED = "class:fuzzymatch.outside", "class:fuzzymatch.inside.character"
_LONGEST_META = 160


def completer(session: Session) -> Completer:
    """Completion for the input line of a session; its tables are imported behind the prompt."""
    vocabulary = Vocabulary(session)
    vocabulary.load_later()
    return SqlCompleter(vocabulary)


class SqlCompleter(Completer):
    """Completions of a session's words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """The completions, worked out here and now."""
        if threading.current_thread() is threading.main_thread():
            self._vocabulary.refresh()
        yield from self._found(document)

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """The completions, worked out on another thread. The connection is asked on this one, which owns it."""
        self._vocabulary.refresh()
        asked = complete_event.completion_requested
        for completion in await asyncio.get_running_loop().run_in_executor(None, self._found, document, asked):
            yield completion

    def _found(self, document: Document, asked: bool = True) -> list[Completion]:
        length, found = suggest(document.text_before_cursor, document.text_after_cursor, self._vocabulary.words)
        if not asked and not length and found and found[0].kind == "keyword":
            # After each word some keyword could come; a menu of them opens when it is asked for.
            return []
        return [_completion(suggestion, length) for suggestion in found]


def _completion(suggestion: Suggestion, length: int) -> Completion:
    about = printable(suggestion.about or suggestion.kind)
    if len(about) > _LONGEST_META:
        about = about[: _LONGEST_META - 1] + "…"
    return Completion(suggestion.text, -length, display=_display(suggestion), display_meta=about)


def _display(suggestion: Suggestion) -> StyleAndTextTuples:
    shown = suggestion.shown
    typed = set(suggestion.positions)
    if not typed:
        return [("", printable(shown))]
    pieces: StyleAndTextTuples = []
    start = 0
    for at in range(1, len(shown) + 1):
        if at == len(shown) or (at in typed) != (start in typed):
            pieces.append((_TYPED if start in typed else _OUTSIDE, printable(shown[start:at])))
            start = at
    return pieces
