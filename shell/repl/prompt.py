"""The keyboard: prompt-toolkit put together from completion, history, highlighting and a session."""

from __future__ import annotations

import os
import platform
import sys

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

from ..._version import __version__
from .commands import COMMANDS
from .completion import Words, suggest
from .history import history
from .session import Session, complete_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def loop(session: Session) -> int:
    """Read and handle inputs until the user leaves; returns the exit code."""
    print(welcome(session))
    keyboard = _keyboard(session)
    while not session.done:
        try:
            text = keyboard.prompt("hostql> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            break
        session.handle(text)
        sys.stderr.flush()
    return 0


def welcome(session: Session) -> str:
    """What this is, where, as whom."""
    who = "root" if os.geteuid() == 0 else f"uid {os.geteuid()}"
    facts = [
        f"hostql {__version__}",
        platform.node(),
        f"Linux {platform.release()}",
        who,
        f"{len(session.database.catalog)} tables",
    ]
    return " · ".join(facts) + "\nType SQL ending in ';', .help for commands, Tab to complete.\n"


def _keyboard(session: Session) -> PromptSession[str]:
    keyboard: PromptSession[str] = PromptSession(
        history=history(),
        lexer=PygmentsLexer(SqlLexer),
        completer=ThreadedCompleter(_SqlCompleter(words(session))),
        complete_while_typing=False,
        prompt_continuation="   ...> ",
        multiline=Condition(lambda: not complete_input(keyboard.default_buffer.text)),
        enable_open_in_editor=True,
    )
    return keyboard


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
    """Gives prompt-toolkit what `suggest` found."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        length, found = suggest(document.text_before_cursor, document.text_after_cursor, self._words)
        for suggestion in found:
            yield Completion(suggestion.text, -length, display_meta=suggestion.about or suggestion.kind)
