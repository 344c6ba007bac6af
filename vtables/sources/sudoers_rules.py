"""What may come after the first part of a line of sudoers(5): whether sudo takes a whole line for a rule or a setting.

Checked against cvtsudoers 1.9.13 and 1.9.16. Every expression is deterministic, so that no line takes long.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

_GAP = " ?"
_NOT = rf"(?:!{_GAP})*"
_QUOTED = r'"(?:\\.|[^"\\])+"'
_NAME = r'(?:[^ \t\r\n#>!=:,()\\"]|\\.)+'
_USER = rf"{_NOT}(?!sudoedit[ ,=])(?:%?:?#-?[0-9]+|{_QUOTED}|(?:%:?|\+)?{_NAME})"
_HOST = rf"{_NOT}(?:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:/[0-9]+)?|{_QUOTED}|{_NAME})"
# A regular expression, which may hold what else ends a command.
_REGULAR = r"(?<![^ =,!])\^.{0,1000}?\$(?= ?(?:[,:]|\Z)| )"
# Arguments go on to the next command or host; quotes protect nothing in them.
_ESCAPED = r"\\[^A-Za-z0-9]"
_ARGUMENTS = rf"(?: (?:{_ESCAPED}|[^ \\,:])+)*"
_PATH = rf"/(?:{_ESCAPED}|[^\\,:= ])*"
_SPECIAL = rf"sudoedit{_ARGUMENTS}|list(?![^ \t,:])"
_COMMAND = rf"{_NOT}(?:{_PATH}{_ARGUMENTS}|{_SPECIAL}|[A-Z][A-Z0-9_]*(?![^ \t,:]))"
_LENGTHS = (("224", 56, 38), ("256", 64, 43), ("384", 96, 64), ("512", 128, 86))
_SUM = "|".join(
    [f"{bits}{_GAP}:{_GAP}(?:[0-9A-Fa-f]{{{hex}}}|[A-Za-z0-9+/]{{{long}}}={{0,2}})" for bits, hex, long in _LENGTHS]
)
_DIGEST = rf"sha(?:{_SUM})"
_OPTION = rf"(?:CWD|CHROOT|ROLE|TYPE|PRIVS|LIMITPRIVS|TIMEOUT|NOTBEFORE|NOTAFTER|APPARMOR_PROFILE){_GAP}={_GAP}"
_OPTION += rf"(?:{_QUOTED}|(?:\\.|[^ \t,\\\"])+){_GAP}"
_WORDS = "PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|FOLLOW|MAIL|INTERCEPT"
_TAG = rf"(?:NO)?(?:{_WORDS}){_GAP}:{_GAP}"
# A setting, with a value or without; none with a value is negated.
_SETTING = rf'(?:!{_GAP})*[a-z_]+(?![^ \t,])|[a-z_]+{_GAP}[+-]?={_GAP}(?:{_QUOTED}|(?:\\.|[^ \t,=\\"])+)'


def _list(item: str) -> str:
    return rf"(?:{item})(?:{_GAP},{_GAP}(?:{item}))*"


USERS = _list(_USER).replace(" ?", "[ \\t]*")
_USERS = _list(_USER)
_GROUPS = _list(rf"{_NOT}(?:#-?[0-9]+|{_QUOTED}|(?![%+]){_NAME})")
_RUNAS = rf"\({_GAP}(?:{_USERS})?{_GAP}(?::{_GAP}(?:{_GROUPS})?{_GAP})?\){_GAP}"
_DIGESTED = rf"(?:{_list(_DIGEST)} )?{_COMMAND}"
_COMMANDS = _list(_DIGESTED)
_RULE = rf"{_list(_HOST)}{_GAP}={_GAP}" + _list(rf"(?:{_RUNAS})?(?:{_OPTION}|{_TAG})*{_DIGESTED}")
_MEMBERS = {"User": _USERS, "Runas": _USERS, "Host": _list(_HOST), "Cmnd": _COMMANDS, "Cmd": _COMMANDS}
_ALIAS = rf"[A-Z][A-Z0-9_]*{_GAP}={_GAP}"


def is_valid(header: str, details: str) -> bool:
    """Whether sudo understands what comes after the first part of a line.

    >>> is_valid("ann", "ALL=(ALL) NOPASSWD: /bin/ls -l : h = ALL"), is_valid("ann", "ALL=bin/ls")
    (True, False)
    >>> is_valid("User_Alias", "X = a, b : Y = c"), is_valid("Defaults:ann", "!x, y+=z"), is_valid("Defaults", "x y")
    (True, True, False)
    """
    kind = header.partition("_Alias")[0]
    if header == "Defaults" or header[:9] in ("Defaults:", "Defaults@", "Defaults>", "Defaults!"):
        part = _list(_SETTING)
    elif header.endswith("_Alias") and kind in _MEMBERS:
        part = _parts(_ALIAS + _MEMBERS[kind])
    else:
        part = _parts(_RULE)
    return _whole(part, details) is not None


def _parts(part: str) -> str:
    return rf"{part}(?:{_GAP}:{_GAP}{part})*"


def _whole(form: str, text: str) -> re.Match[str] | None:
    import re

    text = re.sub(_REGULAR, "/x", re.sub(r"[ \t]+", " ", text))
    return re.fullmatch(form + _GAP, text)
