"""Which distribution a host is (os-release(5))."""

from __future__ import annotations

from .configuration import text_of, understood
from .text import BLANKS, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..scan import Scan

# No such file is longer.
_LARGEST = 65536
_FILES = ("/etc/os-release", "/usr/lib/os-release")


def parse_os_release(text: str) -> Iterator[tuple[str, str] | None]:
    r"""(name, value) of each assignment, quotes and shell escapes undone; None for a line that is none.

    >>> list(parse_os_release('NAME="Debian GNU/Linux"\nID=debian\n# x\nHOME_URL=\'a#b\' # c\n'))
    [('NAME', 'Debian GNU/Linux'), ('ID', 'debian'), ('HOME_URL', 'a#b')]
    """
    for line in lines(text):
        line = line.strip(BLANKS)
        if not line or line.startswith("#"):
            continue
        name, equals, quoted = line.partition("=")
        value = _unquoted(quoted)
        yield (name, value) if equals and name.isidentifier() and value is not None else None


def _unquoted(quoted: str) -> str | None:
    """What a shell makes of a value, up to a comment; None where a quote is not closed. Spaces need no quotes."""
    found: list[str] = []
    quote = ""
    characters = iter(quoted)
    for character in characters:
        if character == quote:
            quote = ""
        elif character == "\\" and quote != "'":
            following = next(characters, "")
            # In double quotes it protects what a shell would expand there, and stands for itself before all else.
            found.append(following if not quote or following in '$`"\\' else character + following)
        elif not quote and character in "\"'":
            quote = character
        elif not quote and character == "#" and (not found or found[-1] in BLANKS):
            break
        else:
            found.append(character)
    return None if quote else "".join(found).strip(BLANKS)


def os_release(scan: Scan) -> dict[str, str] | None:
    """The fields of the file, None where there is none."""
    for file in _FILES:
        text = text_of(scan, file, expected=False, limit=_LARGEST)
        if text:
            return dict(understood(scan, file, parse_os_release(text)))
    return None


def distributions(scan: Scan) -> list[str]:
    """The short name of the distribution, and of those it is like; empty where it is not known."""
    fields = os_release(scan) or {}
    return [*fields.get("ID", "").lower().split(), *fields.get("ID_LIKE", "").lower().split()]
