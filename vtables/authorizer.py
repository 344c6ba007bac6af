"""`Authorizer`: answers what SQLite asks while a statement is prepared, by a policy."""

from __future__ import annotations

import apsw

from .errors import QueryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .attaching import Attachment
    from .policy import Policy

# Actions that say nothing of what a statement may change.
_READING = (apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE)


class Authorizer:
    """The callback for `Connection.authorizer`.

    denied      what was refused, and what to do, in words
    attachment  the file that the statement attaches, None for none
    reads       (table, column, schema, view) of what is read, where somebody wants to know; else None
    """

    def __init__(self, policy: Policy) -> None:
        self.denied: list[tuple[str, str]] = []
        self.attachment: Attachment | None = None
        self.reads: set[tuple[str, str, str, str]] | None = None
        self._policy = policy
        self._allows = policy.authorizer(self.denied.append)
        # Whether the statement asked for more than reading.
        self._asked = False

    def begin(self) -> None:
        """Another statement is to be prepared, or the same again."""
        self.denied.clear()
        self._asked = False

    def __call__(self, action: int, one: str | None, two: str | None, schema: str | None, view: str | None) -> int:
        if action not in _READING:
            self._asked = True
            if action == apsw.SQLITE_ATTACH and self._policy.attach:
                return apsw.SQLITE_OK if self._may_attach(one) else apsw.SQLITE_DENY
        elif action == apsw.SQLITE_READ and self.reads is not None:
            self.reads.add(((one or "").lower(), two or "", (schema or "").lower(), (view or "").lower()))
        allowed: int = self._allows(action, one, two, schema, view)
        return allowed

    def check(self, cursor: apsw.Cursor) -> None:
        """Raises QueryError for a prepared statement that writes without having asked: VACUUM, also INTO a file."""
        if self._asked or cursor.is_readonly or self._policy.write_attached:
            return
        hint = "Start hostql with --writable to write database files." if self._policy.attach else ""
        raise QueryError("VACUUM writes a file, which is not allowed here", hint)

    def _may_attach(self, name: str | None) -> bool:
        """Whether the statement may open this file. Where it is only to be read it is denied, unless it is named as
        `attachment` says."""
        from .attaching import Attachment

        if self.attachment is not None and self.attachment.name == name:
            return True
        if name is None:
            self.denied.append(
                ("the file that is attached has to be named by a literal", "Write ATTACH 'FILE' AS NAME.")
            )
            return False
        try:
            self.attachment = Attachment(name, write=self._policy.write_attached)
        except QueryError as error:
            self.denied.append((error.message, error.hint))
            return False
        return self.attachment.name == name
