"""Key bindings of the input line beyond prompt-toolkit's own."""

from __future__ import annotations

from prompt_toolkit.application import get_app
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, completion_is_selected, emacs_mode, has_completions
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from .session import Session


@Condition
def _candidates_are_awaited() -> bool:
    """The menu is being made and has nothing yet."""
    state = get_app().current_buffer.complete_state
    return state is not None and not state.completions


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

    # prompt-toolkit would move in the empty menu: the key would do nothing.
    @keys.add("up", filter=_candidates_are_awaited)
    def _up(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()
        event.current_buffer.auto_up(count=event.arg)

    @keys.add("down", filter=_candidates_are_awaited)
    def _down(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()
        event.current_buffer.auto_down(count=event.arg)

    @keys.add("f2")
    def _vertical(event: KeyPressEvent) -> None:
        session.settings.set("mode", "auto" if session.settings.mode == "line" else "line")

    @keys.add("f4")
    def _keys(event: KeyPressEvent) -> None:
        vi = session.settings.keys != "vi"
        session.settings.set("keys", "vi" if vi else "emacs")
        event.app.editing_mode = EditingMode.VI if vi else EditingMode.EMACS

    return keys
