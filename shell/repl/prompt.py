"""The keyboard: prompt-toolkit put together from history, completion, highlighting, keys and a session."""

from __future__ import annotations

import os
import platform
import sys
import threading
from importlib import import_module

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory, ConditionalAutoSuggest
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.lexers import DynamicLexer, Lexer
from prompt_toolkit.styles import BaseStyle, DynamicStyle, Style

from ..._version import __version__
from .glance import Glance
from .keys import bindings
from .record import keyboard_history
from .session import Session, complete_input, interposed
from .theme import THEMES, theme
from .toolbar import toolbar, user_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

PROMPT = "hostql> "
# Seconds after which completion is imported: the prompt is on the screen by then.
_LATER = 0.1
CONTINUATION = "   ...> "


def loop(session: Session) -> int:
    """Read and handle inputs until the user leaves; returns the exit code."""
    print(welcome(session))
    keyboard = build(session)
    open_statement = ""
    while not session.done:
        sys.stdout.flush()
        try:
            text = keyboard.prompt(default=open_statement)
        except KeyboardInterrupt:
            open_statement = ""
            continue
        except EOFError:
            break
        # A command typed below a statement that is not finished runs, and the statement comes back.
        open_statement, text = interposed(text) or ("", text)
        session.handle(text)
        sys.stderr.flush()
    return 0


def welcome(session: Session) -> str:
    """What this is, where, as whom."""
    facts = [
        f"hostql {__version__}",
        platform.node(),
        f"Linux {platform.release()}",
        user_name(),
        f"{len(session.database.catalog)} tables",
    ]
    return " · ".join(facts) + "\nType SQL ending in ';', .help for commands, Tab to complete.\n"


def build(session: Session) -> PromptSession[str]:
    """The input line, which follows the session's settings as they change."""
    settings = session.settings
    glance = Glance(session.database.settings.state, lambda: keyboard.app.invalidate())
    keyboard: PromptSession[str] = PromptSession(
        message=PROMPT,
        prompt_continuation=CONTINUATION,
        history=keyboard_history(settings.history),
        auto_suggest=ConditionalAutoSuggest(AutoSuggestFromHistory(), Condition(lambda: settings.suggestions)),
        lexer=DynamicLexer(_lexer()),
        completer=_Completer(session),
        complete_while_typing=Condition(lambda: settings.completion == "typing"),
        multiline=Condition(lambda: not complete_input(keyboard.default_buffer.text, session)),
        editing_mode=_editing_mode(session),
        key_bindings=bindings(session),
        bottom_toolbar=None
        if os.environ.get("TERM") == "dumb"
        else lambda: toolbar(session, keyboard.default_buffer.text, glance.words()),
        style=DynamicStyle(lambda: _style(session)),
        include_default_pygments_style=False,
        enable_open_in_editor=True,
        tempfile_suffix=".sql",
    )
    return keyboard


def _style(session: Session) -> BaseStyle:
    name = theme(session.settings.theme, os.environ).name
    found = _STYLES.get(name)
    if found is None:
        found = _STYLES[name] = Style.from_dict(dict(THEMES[name].style))
    return found


_STYLES: dict[str, BaseStyle] = {}


class _Completer(Completer):
    """Completion, imported once the prompt is on the screen: that is 30 ms nobody should wait for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: Completer | None = None
        timer = threading.Timer(_LATER, lambda: import_module(f"{__package__}.completion.completer"))
        timer.daemon = True
        timer.start()

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        return self._completer().get_completions(document, complete_event)

    def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        return self._completer().get_completions_async(document, complete_event)

    def _completer(self) -> Completer:
        if self._found is None:
            from .completion.completer import completer

            self._found = completer(self._session)
        return self._found


def _editing_mode(session: Session) -> EditingMode:
    return EditingMode.VI if session.settings.keys == "vi" else EditingMode.EMACS


def _lexer() -> Callable[[], Lexer]:
    """Gives the lexer; pygments' is imported when the first character is drawn."""
    found: list[Lexer] = []

    def lexer() -> Lexer:
        if not found:
            from prompt_toolkit.lexers import PygmentsLexer
            from pygments.lexers.sql import SqlLexer

            found.append(PygmentsLexer(SqlLexer))
        return found[0]

    return lexer
