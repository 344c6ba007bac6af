"""`Record`: keeps what was entered and gives it to the keyboard; a history that fails costs a note, not the session."""

from __future__ import annotations

import apsw

from ...vtables.sources.history import History, entries, history_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prompt_toolkit.history import History as KeyboardHistory

# Statements that the arrow keys and Ctrl-R reach (10 ms to load); the table `hostql_history` has all.
RECALLED = 10_000


class Record:
    """Statements on their way to the history's file."""

    def __init__(self, history: History | None, note: Callable[[str], None]) -> None:
        self._history = history
        self._note = note

    @classmethod
    def nowhere(cls) -> Record:
        """A record that keeps nothing."""
        return cls(None, lambda text: None)

    @classmethod
    def kept(cls, note: Callable[[str], None]) -> Record:
        """A record in the user's history; `note` is told once where that cannot be."""
        path = history_path()
        try:
            return cls(History(path), note)
        except (OSError, apsw.Error) as error:
            note(f"no history is kept: cannot use {path}: {getattr(error, 'strerror', None) or error}")
            return cls(None, note)

    @property
    def path(self) -> str:
        """The file of the history; '' where none is kept."""
        return "" if self._history is None else self._history.path

    def begin(self, text: str) -> int:
        """An input, before it is done; what begins with a space is not kept. Returns its id."""
        if text.startswith(" "):
            return 0
        return self._do(lambda history: history.begin(text.strip())) or 0

    def end(self, id: int, seconds: float, rows: int | None, error: str) -> None:
        """How the input with that id went."""
        if id:
            self._do(lambda history: history.end(id, seconds, rows, error))

    def close(self) -> None:
        """Let go of the file."""
        if self._history is not None:
            self._history.close()

    def _do(self, action: Callable[[History], int | None]) -> int | None:
        if self._history is None:
            return None
        try:
            return action(self._history)
        except apsw.Error as error:
            self._note(f"the history is not kept any more: {self._history.path}: {error}")
            self._history = None
            return None


def keyboard_history(kept: bool) -> KeyboardHistory:
    """The history as prompt-toolkit reads it, newest first; `Record` does the writing."""
    from itertools import islice

    from prompt_toolkit.history import History as KeyboardHistory

    class FromFile(KeyboardHistory):
        def load_history_strings(self) -> Iterator[str]:
            try:
                found = entries(history_path(), newest_first=True) if kept else iter(())
                for row in islice(found, RECALLED):
                    yield row[2]
            except apsw.Error:
                # Said already, by the record that could not be opened.
                return

        def store_string(self, string: str) -> None:
            pass

    return FromFile()
