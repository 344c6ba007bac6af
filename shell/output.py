"""`Output`: where rows go. A file takes its name only when all its rows are in it, so no half file passes for a whole.

    with Output("rows.json") as output:
        output.stream.write(...)
        output.complete = True

Without `complete`, whatever had that name before is left as it was.
"""

from __future__ import annotations

import sys

from ..vtables.errors import HostqlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

    from ..vtables.files.write import NewFile


class Output:
    """Standard output for '', else a file (`files/write.py` says which are replaced, which written as they are). Raises
    HostqlError."""

    def __init__(self, name: str) -> None:
        self.complete = False
        self._name = name
        self._file: NewFile | None = None
        self.stream: TextIO = sys.stdout
        if name:
            from ..vtables.files.write import NewFile

            try:
                self._file = NewFile(name)
            except OSError as error:
                raise self._failed(error) from error
            self.stream = self._file.text()

    def _failed(self, error: OSError) -> HostqlError:
        return HostqlError(f"cannot write {self._name}: {error.strerror}")

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        try:
            try:
                if self.complete:
                    self._file.publish()
            finally:
                self._file.close()
        except OSError as failure:
            raise self._failed(failure) from failure
