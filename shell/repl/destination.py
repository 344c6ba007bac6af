"""Where results go: the terminal, a file, or another command's standard input; for the next result or from now on."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

from ...vtables.errors import HostqlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from ...vtables.files.write import NewFile

# A file's ending tells the format, where the mode leaves it open.
_ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "ndjson",
    ".ndjson": "ndjson",
    ".md": "markdown",
    ".html": "html",
    ".htm": "html",
}


def format_for(path: str) -> str:
    """The format a file's name asks for; '' where it does not tell."""
    return _ENDINGS.get(os.path.splitext(path)[1].lower(), "")


class Destination:
    """The place of the next result. `name` says it in words; `format` is what a file's ending asks for, or ''."""

    def __init__(self) -> None:
        self.name = "the terminal"
        self.format = ""
        self._stream: IO[str] | None = None
        self._file: NewFile | None = None
        self._command = ""
        self._once = False

    def to_terminal(self) -> None:
        """From now on to the terminal."""
        file, name = self._file, self.name
        self._file, self._stream, self._command, self._once = None, None, "", False
        self.name, self.format = "the terminal", ""
        if file is not None:
            try:
                file.close()
            except OSError as error:
                raise HostqlError(f"cannot write to {name}: {error.strerror}") from error

    def to_file(self, path: str, *, once: bool = False) -> None:
        """To a file: a new one, which is there from now on, or for the next result alone when that is complete.
        HostqlError where it cannot be written."""
        from ...vtables.files.write import NewFile

        path = os.path.expanduser(path)
        try:
            file = NewFile(path)
            if not once:
                file.publish()
        except OSError as error:
            raise HostqlError(f"cannot write {path}: {error.strerror}") from error
        self.to_terminal()
        self._file, self._stream, self._once = file, file.text(), once
        self.name, self.format = path, format_for(path)

    def to_command(self, command: str) -> None:
        """The next result to a shell command."""
        self.to_terminal()
        self._command, self._once, self.name = command, True, f"| {command}"

    @contextmanager
    def opened(self) -> Iterator[IO[str] | None]:
        """What to write the next result to; None for the terminal. A reader that has enough ends it quietly."""
        if self._stream is None and not self._command:
            yield None
            return
        try:
            if self._command:
                with _running(self._command) as pipe:
                    yield pipe
            else:
                assert self._stream is not None and self._file is not None
                yield self._stream
                self._stream.flush()
                if self._once:
                    self._file.publish()
        except OSError as error:
            raise HostqlError(f"cannot write to {self.name}: {error.strerror}") from error
        finally:
            if self._once:
                self.to_terminal()


@contextmanager
def _running(command: str) -> Iterator[IO[str]]:
    import subprocess

    sys.stdout.flush()
    process = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, encoding="utf-8", errors="backslashreplace")
    assert process.stdin is not None
    try:
        yield process.stdin
        process.stdin.flush()
    except BrokenPipeError:
        pass
    finally:
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        process.wait()
    if process.returncode > 0:
        raise HostqlError(f"{command} ended with exit code {process.returncode}")
