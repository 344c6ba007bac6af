"""Writing a statement in the user's editor."""

from __future__ import annotations

import os

from ...vtables.errors import HostqlError


def edited(text: str) -> str:
    """The text as the editor left it: $VISUAL, $EDITOR, else vi. HostqlError where there is none or it failed."""
    import shlex
    import subprocess
    import tempfile

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.NamedTemporaryFile("w+", suffix=".sql", prefix="hostql-", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        try:
            code = subprocess.call([*shlex.split(editor), file.name])
        except (OSError, ValueError) as error:
            raise HostqlError(f"cannot start the editor {editor}: {error}", "Set $EDITOR.") from error
        if code:
            raise HostqlError(f"the editor {editor} ended with exit code {code}; nothing is run")
        # An editor may have put a new file in the old one's place.
        with open(file.name, encoding="utf-8", errors="replace") as changed:
            return changed.read()
