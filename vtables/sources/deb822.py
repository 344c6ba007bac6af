"""Stanzas of fields (deb822(5)), as apt reads its sources and release files; and what a signature is wrapped around."""

from __future__ import annotations

from itertools import chain

from .text import BLANKS, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"


def stanzas(text: str) -> Iterator[dict[str, str] | None]:
    r"""The fields of each stanza, by names in lower case; None for one with a line that belongs to no field.

    An empty line ends a stanza; one of white space alone goes on with a value. A line that begins with `#` is none at
    all. Of two fields with one name the last counts.

    >>> list(stanzas("# c\nTypes: deb\nURIs:\n http://a\n# c\n http://b\n \nEnabled : no\n\n#\n\njunk\n"))
    [{'types': 'deb', 'uris': 'http://a\nhttp://b\n', 'enabled': 'no'}, None]
    """
    fields: dict[str, list[str]] = {}
    last: list[str] | None = None
    broken = False
    for line in chain(lines(text), [""]):
        if line[:1] == "#":
            continue
        if not line.rstrip("\r"):
            if broken or fields:
                yield None if broken else {name: "\n".join(value).lstrip("\n") for name, value in fields.items()}
            fields, last, broken = {}, None, False
        elif line[0] in BLANKS:
            if last is None:
                broken = True
            else:
                last.append(line.strip(BLANKS))
        else:
            name, colon, value = line.partition(":")
            last = [value.strip(BLANKS)]
            fields[name.rstrip(BLANKS).lower()] = last
            broken = broken or not colon


def signed_text(text: str) -> str:
    r"""What a cleartext signature (RFC 9580, 7) is for, without the armour and its own fields; other text as it is.

    >>> signed_text(f"{_SIGNED}\nHash: SHA512\n\na\n- -b\n{_SIGNATURE}\nVersion: 1\n")
    'a\n-b'
    """
    if not text.startswith(_SIGNED):
        return text
    found: list[str] = []
    inside = False
    for line in lines(text):
        if line.startswith(_SIGNATURE):
            break
        if inside:
            found.append(line[2:] if line.startswith("- ") else line)
        inside = inside or not line.strip(BLANKS)
    return "\n".join(found)
