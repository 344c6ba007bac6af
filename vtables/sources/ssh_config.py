r"""The grammar of ssh_config(5): keywords, arguments with quotes, comments; what an Include names.

No line is continued. Quotes and backslashes as OpenSSH 10.0 takes them (ssh -G prints what it understood).
"""

from __future__ import annotations

from .text import lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Their argument is the rest of the line, with its quotes and what looks like a comment.
_COMMANDS = ("proxycommand", "localcommand", "remotecommand", "knownhostscommand")
_BLANKS = " \t\r\n\f"


def parse_ssh_config(text: str) -> Iterator[tuple[str, list[str]] | None]:
    r"""(keyword in lower case, arguments) of each line; None for one without argument or with an open quote.

    >>> list(parse_ssh_config('Host=a "b c" # d\n\tUser = x#y\nProxyCommand sh -c "z # z"\nPort\n'))
    [('host', ['a', 'b c']), ('user', ['x#y']), ('proxycommand', ['sh -c "z # z"']), None]
    """
    for line in lines(text):
        line = line.rstrip(_BLANKS).lstrip(" \t\r")
        if not line or line.startswith("#"):
            continue
        keyword, rest = _cut_keyword(line)
        arguments = split_words(rest)
        if arguments and keyword.isascii() and keyword.isalnum():
            yield keyword, [rest] if keyword in _COMMANDS else arguments
        else:
            yield None


def parse_client_config(text: str) -> Iterator[tuple[str, list[str]] | None]:
    """As parse_ssh_config; None, too, for a line with an empty argument, which ssh refuses where sshd may not.

    Only commands may be empty, and what comes after the first word of Match.

    >>> list(parse_client_config('User ""\\nHost a ""\\nProxyCommand ""\\n'))
    [None, None, ('proxycommand', ['""'])]
    """
    for record in parse_ssh_config(text):
        if record is not None and not all(record[1][:1] if record[0] == "match" else record[1]):
            record = None
        yield record


def _cut_keyword(line: str) -> tuple[str, str]:
    """The keyword may be in quotes; blanks, one = sign or both come after it."""
    if line.startswith('"'):
        keyword, _, rest = line[1:].partition('"')
    else:
        end = next((place for place, letter in enumerate(line) if letter in ' \t="'), len(line))
        keyword, rest = line[:end], line[end:]
    rest = rest.lstrip(" \t")
    return keyword.lower(), rest[rest.startswith("=") :].lstrip(" \t")


def split_words(text: str) -> list[str] | None:
    r"""The words of a line up to a comment; None where a quote stays open.

    Either quote may stand anywhere; a backslash protects quotes, itself and, outside of quotes, a space.

    >>> split_words(r'a"b c" \"d e\ f # g'), split_words("'"), split_words("a#b")
    (['ab c', '"d', 'e f'], None, ['a#b'])
    """
    words: list[str] = []
    word: list[str] | None = None
    quote = ""
    letters = iter(range(len(text)))
    for place in letters:
        letter, after = text[place], text[place + 1 : place + 2]
        if not quote and letter in " \t":
            if word is not None:
                words.append("".join(word))
            word = None
            continue
        if letter == "#" and word is None:
            break
        word = [] if word is None else word
        if letter == "\\" and after and (after in "\"'\\" or (after == " " and not quote)):
            word.append(after)
            next(letters)
        elif letter == quote:
            quote = ""
        elif not quote and letter in "\"'":
            quote = letter
        else:
            word.append(letter)
    if quote:
        return None
    return words if word is None else [*words, "".join(word)]


def shown(keyword: str, arguments: list[str]) -> str:
    """A setting in one form, however it was written: arguments with blanks in them are in double quotes.

    >>> shown("identityfile", ["~/a b"]), shown("proxycommand", ["nc %h %p"])
    ('identityfile "~/a b"', 'proxycommand nc %h %p')
    """
    if keyword in _COMMANDS:
        return f"{keyword} {arguments[0]}"
    return " ".join([keyword, *(f'"{each}"' if " " in each or not each else each for each in arguments)])


def included_path(name: str, folder: str, home: str, user: str) -> str | None:
    """The pattern that an Include names, for a user with that home; `folder` is where relative names begin.

    None where a variable of the environment or another user's home decides.

    >>> included_path("~/x", "/etc/ssh", "/home/ann", "ann"), included_path("conf.d/*", "/etc/ssh", "/root", "root")
    ('/home/ann/x', '/etc/ssh/conf.d/*')
    """
    name = name.replace("${HOME}", home).replace("%d", home).replace("%u", user).replace("%%", "%")
    if "${" in name:
        return None
    if name.startswith("~"):
        owner, _, rest = name[1:].partition("/")
        return f"{home}/{rest}" if owner in ("", user) else None
    return name if name.startswith("/") else f"{folder}/{name}"
