"""Gives prompt-toolkit what `completion.suggest` found."""

from __future__ import annotations

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document

from .commands import COMMANDS
from .completion import Words, suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .session import Session


def completer(session: Session) -> Completer:
    """Completion for the input line of a session."""
    return ThreadedCompleter(_SqlCompleter(words(session)))


def words(session: Session) -> Words:
    """All that can be completed in this session."""
    catalog = session.database.catalog

    def columns(table: str) -> list[tuple[str, str]]:
        return [(c.name, f"{c.type} {c.doc}") for c in catalog.load(table).columns if not c.hidden]

    connection = session.database.connection
    functions = sorted({name for (name,) in connection.execute("SELECT name FROM pragma_function_list")})
    named = [name for name in functions if name.isidentifier()]
    return Words(catalog, columns, named, [(name, command.help) for name, command in COMMANDS.items()])


class _SqlCompleter(Completer):
    def __init__(self, words: Words) -> None:
        self._words = words

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        length, found = suggest(document.text_before_cursor, document.text_after_cursor, self._words)
        for suggestion in found:
            yield Completion(suggestion.text, -length, display_meta=suggestion.about or suggestion.kind)
