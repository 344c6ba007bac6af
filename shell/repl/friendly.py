r"""What people type who come from other shells, and what they mean by it: a pure function.

meant("show tables", tables)   -> '.tables'
meant(r"\d processes", tables) -> '.describe processes'
meant("processes", tables)     -> 'SELECT * FROM processes;'
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...vtables.catalog import Catalog

# A pattern of the whole input, and the command it stands for; `\1` is what it was about. The first that fits counts.
_PHRASES = tuple(
    (re.compile(rf"(?:{pattern})\s*;?", re.IGNORECASE | re.DOTALL), command)
    for pattern, command in (
        (r"(?:help|\?|\\\?|\\h|h)", ".help"),
        (r"(?:help|\\h|\?)\s+\.?(\w+)", r".help \1"),
        (r"(?:quit|exit|bye|logout|q|:q!?|:wq|\\q)(?:\s*\(\s*\))?", ".quit"),
        (r"(?:show|list)\s+tables|tables|\\dt?\+?|ls|\.ls", ".tables"),
        (r"(?:show|list)\s+tables\s+like\s+'?([^';\s]+)'?|\\dt\+?\s+(\S+)", r".tables \1\2"),
        (r"(?:describe|desc)\s+(?:table\s+)?(\w+)|\\d\+?\s+(\w+)", r".describe \1\2"),
        (r"(?:show|list)\s+(?:columns|fields)\s+(?:from|in|of)\s+(\w+)", r".describe \1"),
        (r"show\s+create\s+table\s+(\w+)", r".schema \1"),
        (r"(?:show|list)\s+functions|\\df\+?", ".functions"),
        (r"(?:show|list)\s+(?:databases|schemas)|\\l\+?|\.databases", ".attach"),
        (r"(?:show\s+)?(?:settings|variables)|show\s+all|\\set", ".config"),
        (r"history|\\s", ".history"),
        (r"clear|cls", ".clear"),
        (r"\\x(?:\s+on)?", ".mode line"),
        (r"\\x\s+(?:off|auto)", ".mode auto"),
        (r"\\timing(?:\s+(on|off))?", r".timer \1"),
        (r"(?:\\i|source)\s+(\S.*?)", r".read \1"),
        (r"\\o(?:\s+(\S.*?))?", r".output \1"),
        (r"\\e", ".edit"),
        (r"(?:\\!|!)\s*(\S.*)", r".shell \1"),
        (r"\\watch(?:\s+(\S+))?", r".watch \1"),
        (r"explain\s+(?:analyze\s+)?((?:select|with|values)\b.*?)", r".explain \1"),
    )
)
_NAME = re.compile(r"\s*(\w+)\s*;?\s*")


def meant(text: str, tables: Catalog) -> str:
    """The command or statement that the input stands for; the input itself where it is already one."""
    stripped = text.strip()
    named = _NAME.fullmatch(stripped)
    if named and named[1].lower() in tables:
        return f"SELECT * FROM {named[1].lower()};"
    for pattern, command in _PHRASES:
        found = pattern.fullmatch(stripped)
        if found:
            return found.expand(command).strip()
    return text
