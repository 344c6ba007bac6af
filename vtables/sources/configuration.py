"""Configuration files read as text: one place for those that are missing or may not be read."""

from __future__ import annotations

from .files import read
from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan


def text_of(scan: Scan, path: str, *, expected: bool = True) -> str:
    """The text of a file, '' where it cannot be read: a note says why, but for a missing one that need not exist."""
    scan.tried("files", path)
    try:
        return decode(read(scan.host.path(path)))
    except PermissionError:
        scan.denied("files", path)
    except (FileNotFoundError, NotADirectoryError):
        if expected:
            scan.note(f"there is no {path}")
    except OSError as error:
        scan.note(f"cannot read {path}: {error.strerror}")
    return ""


def split_comment(line: str) -> tuple[list[str], str]:
    """The words of a line and the comment after `#`.

    >>> split_comment("ssh 22/tcp # Secure Shell")
    (['ssh', '22/tcp'], 'Secure Shell')
    """
    words, _, comment = line.partition("#")
    return words.split(), comment.strip()
