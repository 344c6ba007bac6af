r"""The grammar of sudoers(5): logical lines, their first part, and what an include names.

A comment ends at the end of its line, even after a backslash; `#` and a number is a uid. Elsewhere a backslash at the
end of a line (blanks may follow it) continues it, inside double quotes too. `#include` counts at the beginning of a
line alone, `@include` after blanks as well. Checked against cvtsudoers 1.9.16.
"""

from __future__ import annotations

from .sudoers_rules import USERS, is_valid
from .text import lines, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTINUED = r"\\[ \t]*\r?\n[ \t]*"
_COMMENT = r"#(?!-?[0-9])[^\n]*"
_INCLUDE = (
    rf"(?:[ \t]*@|#)(?P<directive>include(?:dir)?)(?:[ \t]|\\[ \t]*\r?\n)+"
    r'(?P<target>"(?:\\"|[^"\n])*"|(?:\\[^\r\n]|[^ \t\r\n"\\])(?:\\[^\r\n]|[^ \t\r\n\\])*)'
    rf"(?:[ \t]|\\[ \t]*\r?\n)*(?:{_COMMENT})?\r?(?:\n|\Z)"
)
_PIECE = (
    rf"(?P<continued>{_CONTINUED})|(?P<end>\r?\n)|(?P<comment>{_COMMENT})"
    r'|(?P<string>"(?:\\(?:.|\n)|[^"\\\n])*")|(?P<plain>\\.|[^\\"#\r\n]+|.)'
)
_BLANKS = " \t\r\n"
_BOUND = r'(?:"(?:\\.|[^"\\])*"|(?:\\.|[^ \t,"\\=!])+|![ \t]*)+'
# What a line begins with.
_HEADERS = (
    rf"Defaults(?:[:@>!][ \t]*{_BOUND}(?:[ \t]*,[ \t]*{_BOUND})*)?(?=[ \t])",
    r"(?:User|Runas|Host|Cmnd|Cmd)_Alias(?=[ \t])",
    rf"(?!Defaults[ \t]){USERS}",
)


def parse_sudoers(text: str) -> Iterator[tuple[str, str] | None]:
    r"""(header, the rest) of each logical line, without comments; None for one that sudo cannot parse.

    The header is an include directive, `Defaults` with what it is bound to, the kind of an alias, or a list of users.

    >>> list(parse_sudoers("# x \\\nDefaults env_reset\nann, bob ALL=(ALL) \\\n  ALL # y\n@includedir /etc/d # z\n"))
    [('Defaults', 'env_reset'), ('ann, bob', 'ALL=(ALL) ALL'), ('@includedir', '/etc/d')]
    >>> list(parse_sudoers('#1000 ALL=/bin/a\\#b\n"%two words" ALL=ALL\njunk\n@include "/a b" c\n'))
    [('#1000', 'ALL=/bin/a\\#b'), ('"%two words"', 'ALL=ALL'), None, None]
    """
    import re

    include, piece = re.compile(_INCLUDE, re.ASCII), re.compile(_PIECE, re.ASCII)
    at = 0
    while at < len(text):
        found = include.match(text, at)
        if found:
            at = found.end()
            yield ("#" if found[0][0] == "#" else "@") + found["directive"], found["target"]
            continue
        parts: list[str] = []
        while at < len(text):
            found = piece.match(text, at)
            assert found is not None, "the last alternative takes any character"
            at = found.end()
            if found.lastgroup == "end":
                break
            if found.lastgroup == "continued":
                parts = ["".join(parts).rstrip(" \t"), " "]
            elif found.lastgroup == "string":
                parts.append(re.sub(_CONTINUED, "", found[0]))
            elif found.lastgroup == "plain":
                parts.append(found[0])
        line = "".join(parts).strip(_BLANKS)
        if line:
            yield _split(line)


def _split(line: str) -> tuple[str, str] | None:
    import re

    for header in _HEADERS:
        found = re.match(header, line)
        if found:
            details = line[found.end() :].strip(_BLANKS)
            return (found[0], details) if is_valid(found[0], details) else None
    return None


def include_target(details: str, folder: str, host: str) -> str:
    r"""The path that an include names, in a file of `folder`, on a host of that short name.

    >>> include_target(r"/etc/a\ b", "/etc", "x"), include_target('"%h b"', "/etc", "x")
    ('/etc/a b', '/etc/x b')
    """
    import re

    if details.startswith('"'):
        path = details[1:-1].replace('\\"', '"')
    else:
        path = re.sub(r"\\(.)", r"\1", details)
    path = path.replace("%h", host.replace("/", "_"))
    return path if path.startswith("/") else f"{folder}/{path}"


def policy_plugins(text: str) -> list[tuple[str, str, list[str]]]:
    r"""(symbol, file, options) of each plugin that sudo.conf(5) names, but for those that only log or ask.

    >>> policy_plugins("# x\nPlugin sudoers_policy sudoers.so sudoers_file=/etc/rules sudoers_mode=0400\n")
    [('sudoers_policy', 'sudoers.so', ['sudoers_file=/etc/rules', 'sudoers_mode=0400'])]
    """
    found = []
    for line in lines(text.replace("\\\n", "")):
        kind, symbol, *rest = [*words(line.partition("#")[0]), "", ""]
        if kind.lower() == "plugin" and rest[0] and symbol not in ("sudoers_io", "sudoers_audit"):
            found.append((symbol, rest[0], rest[1:-2] if len(rest) > 2 else []))
    return found


def option(options: list[str], name: str) -> str:
    """The value of an option of a plugin, '' where it is not set."""
    return next((word[len(name) + 1 :] for word in options if word.startswith(f"{name}=")), "")
