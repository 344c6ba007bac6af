"""The status bar: who and where, the last query, what is set."""

from __future__ import annotations

import os
import platform
import pwd

from .display import counted, duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples

    from .session import Session


# What is said while Enter would not run what is typed.
OPEN = "end with ; to run, Enter begins a new line"


def user_name() -> str:
    """The user's name, or the number where there is no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def toolbar(session: Session, typed: str = "", agent: str = "") -> StyleAndTextTuples:
    """The bar's parts; what is not the default is shown, the rest is not. `typed` is what is in the input line, `agent`
    what is to be said of the agent."""
    from .commands.host import limits_text
    from .session import complete_input

    root = os.geteuid() == 0
    parts: list[tuple[str, str]] = [
        ("class:bottom-toolbar.root" if root else "class:bottom-toolbar.text", f" {user_name()}@{platform.node()} ")
    ]
    if not root:
        parts.append(("class:bottom-toolbar.text", "not root: other users' processes in part"))
    last = session.last
    if not complete_input(typed, session):
        parts.append(("class:bottom-toolbar.hint", OPEN))
    elif session.failed:
        parts.append(("class:bottom-toolbar.error", "failed"))
    elif last is not None:
        parts.append(("class:bottom-toolbar.text", f"{counted(last.count)} in {duration(last.seconds)}"))
        if last.notes:
            noted = f"{len(last.notes)} note{'' if len(last.notes) == 1 else 's'}"
            parts.append(("class:bottom-toolbar.notes", noted))
    for label, value in (
        ("mode", session.settings.mode if session.settings.mode != "auto" else ""),
        ("to", session.destination.name if session.destination.name != "the terminal" else ""),
        ("limits", limits_text(session)),
        ("keys", "vi" if session.settings.keys == "vi" else ""),
    ):
        if value:
            parts.append(("class:bottom-toolbar.text", f"{label}: {value}"))
    if agent:
        parts.append((f"class:bottom-toolbar.{'error' if ':' in agent else 'text'}", agent))
    shown: StyleAndTextTuples = []
    for i, part in enumerate(parts):
        if i:
            shown.append(("class:bottom-toolbar.text", " │ "))
        shown.append(part)
    return shown
