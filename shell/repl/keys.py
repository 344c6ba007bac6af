"""Key bindings of the input line beyond prompt-toolkit's own."""

from __future__ import annotations

from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import completion_is_selected, emacs_mode, has_completions
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from .session import Session


def bindings(session: Session) -> KeyBindings:
    """The bindings, which change the session's settings."""
    keys = KeyBindings()

    @keys.add("enter", filter=completion_is_selected)
    def _accept_completion(event: KeyPressEvent) -> None:
        """Enter on a chosen candidate takes it; the next Enter runs."""
        event.current_buffer.complete_state = None

    # In vi mode Escape leaves insert mode, which closes the menu as well.
    @keys.add("escape", filter=has_completions & emacs_mode, eager=False)
    def _close_menu(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()

    @keys.add("f2")
    def _vertical(event: KeyPressEvent) -> None:
        session.settings.set("mode", "auto" if session.settings.mode == "line" else "line")

    @keys.add("f4")
    def _keys(event: KeyPressEvent) -> None:
        vi = session.settings.keys != "vi"
        session.settings.set("keys", "vi" if vi else "emacs")
        event.app.editing_mode = EditingMode.VI if vi else EditingMode.EMACS

    return keys
