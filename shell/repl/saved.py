"""Saved queries: one readable file each, `$XDG_CONFIG_HOME/hostql/queries/NAME.sql`."""

from __future__ import annotations

import os
import re

from ...vtables.errors import HostqlError
from ...vtables.files.private import private_folder
from ...vtables.files.write import NewFile
from ...vtables.script import bare
from ...vtables.suggest import nearest
from .settings import config_folder

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_PARAMETER = re.compile(r"[:@$]([A-Za-z_]\w*)")


class SavedQueries:
    """The queries of a folder, by name."""

    def __init__(self, folder: str = "") -> None:
        self.folder = folder or os.path.join(config_folder(), "queries")

    def names(self) -> list[str]:
        """The names, sorted; none where the folder does not exist or may not be read."""
        try:
            return sorted(name[:-4] for name in os.listdir(self.folder) if name.endswith(".sql"))
        except OSError:
            return []

    def get(self, name: str) -> str:
        """The SQL. HostqlError for an unknown name, with the nearest ones."""
        try:
            with open(self._path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            meant = nearest(name, self.names())
            hint = f"Did you mean {' or '.join(meant)}?" if meant else ".saved lists them, .save makes one."
            raise HostqlError(f"no saved query {name}", hint) from None
        except (OSError, UnicodeDecodeError) as error:
            raise HostqlError(f"cannot read {self._path(name)}: {error}") from error

    def put(self, name: str, sql: str) -> str:
        """Keep the SQL under the name, in place of what was there; returns the file. HostqlError."""
        path = self._path(name)
        try:
            private_folder(self.folder)
            with NewFile(path, mode=0o600, durable=True) as file:
                file.text().write(sql.strip() + "\n")
        except OSError as error:
            raise HostqlError(f"cannot write {path}: {error.strerror}") from error
        return path

    def remove(self, name: str) -> None:
        """Delete a query. HostqlError."""
        self.get(name)
        try:
            os.unlink(self._path(name))
        except OSError as error:
            raise HostqlError(f"cannot delete {self._path(name)}: {error.strerror}") from error

    def _path(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise HostqlError(f"{name!r} cannot be a query's name", "Use letters, digits, '_', '-' and '.'.")
        return os.path.join(self.folder, name + ".sql")


def parameters(sql: str) -> list[str]:
    """The names of the parameters in the order in which they first come.

    >>> parameters("select :pid, ':no', @name -- :not")
    ['pid', 'name']
    """
    return list(dict.fromkeys(_PARAMETER.findall(bare(sql, keep=""))))
