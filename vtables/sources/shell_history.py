"""History files in the form of each shell that writes them: commands, and when they were typed."""

from __future__ import annotations

from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Entries = Iterator[tuple[int, str]]

# What a file of ksh93 and of mksh begins with.
_KSH93, _MKSH = b"\x81\x01", b"\xab\xcd"
# Bytes that zsh writes as this one and the byte xor 32: NUL, and 0x83 to 0xa2.
_META = b"\x83"


def parse_history(raw: bytes, shell: str = "") -> Entries:
    r"""(Unix time, command) of each entry; 0 where the shell kept no time.

    shell  zsh, bash, fish or sh; '' where only the file's own form can tell, which is bash's in case of doubt

    >>> list(parse_history(b"ls\n#1700000000\nid\n")), list(parse_history(b": 1700000001:0;pwd\n"))
    ([(0, 'ls'), (1700000000, 'id')], [(1700000001, 'pwd')])
    """
    for start, reader in ((_KSH93, _ksh93), (_MKSH, _mksh)):
        if raw.startswith(start):
            return reader(raw)
    return _READERS[shell or _form(raw)](raw)


def _form(raw: bytes) -> str:
    import re

    if re.match(rb":\s*\d+:\d+;", raw):
        return "zsh"
    return "fish" if raw.startswith(b"- cmd: ") else "bash"


def _sh(raw: bytes) -> Entries:
    """A line each (busybox)."""
    return ((0, decode(line)) for line in _lines(raw) if line.strip())


def _bash(raw: bytes) -> Entries:
    """A line each, and a comment with the time before it (tcsh has a plus sign in it).

    If the file begins with a time, all that is between two times is one command of several lines.
    """
    in_blocks = _stamp(raw.partition(b"\n")[0]) is not None
    time = 0
    command: list[bytes] = []
    for line in _lines(raw):
        stamp = _stamp(line)
        if stamp is None and (in_blocks or line):
            command.append(line)
        if command and (stamp is not None or not in_blocks):
            yield from _entry(time, b"\n".join(command))
            command, time = [], 0
        time = time if stamp is None else stamp
    yield from _entry(time, b"\n".join(command))


def _zsh(raw: bytes) -> Entries:
    """`: TIME:SECONDS;command` or the command alone (zshoptions(1), EXTENDED_HISTORY), metafied.

    A newline in it has a backslash before it, and so has a colon that it begins with; a space follows a backslash that
    it ends in.
    """
    import re

    extended = re.compile(rb":\s*(\d{1,18}):\d*;(.*)", re.DOTALL)
    escaped = re.compile(_META + b"(.)", re.DOTALL)
    parts: list[bytes] = []
    for line in _lines(raw):
        if line.endswith(b"\\"):
            parts.append(line[:-1])
            continue
        text = b"\n".join([*parts, line])
        parts = []
        found = extended.fullmatch(text)
        time, text = (int(found[1]), found[2]) if found else (0, text[1:] if text.startswith(b"\\:") else text)
        if text.endswith(b" ") and text.rstrip(b" ").endswith(b"\\"):
            text = text[:-1]
        yield from _entry(time, escaped.sub(lambda pair: bytes([pair[1][0] ^ 32]), text))
    yield from _entry(0, b"\n".join(parts))


def _fish(raw: bytes) -> Entries:
    """`- cmd: command` with its backslashes and newlines escaped, `when: TIME` and paths on lines below it."""
    import re

    command = b""
    time = 0
    for line in _lines(raw):
        name, _, value = line.partition(b": ")
        if name == b"- cmd":
            yield from _entry(time, command)
            time = 0
            command = re.sub(rb"\\([\\n])", lambda pair: b"\n" if pair[1] == b"n" else b"\\", value)
        elif name == b"  when" and value.isdigit() and len(value) < 19:
            time = int(value)
    yield from _entry(time, command)


def _ksh93(raw: bytes) -> Entries:
    """Commands that end in a newline and NULs; what else is there numbers them."""
    for chunk in raw[len(_KSH93) :].split(b"\0"):
        if chunk.endswith(b"\n"):
            yield from _entry(0, chunk)


def _mksh(raw: bytes) -> Entries:
    """0xff, a number of four bytes, the command, NUL; for each."""
    at = len(_MKSH)
    while raw[at : at + 1] == b"\xff":
        end = raw.find(b"\0", at + 5)
        end = len(raw) if end < 0 else end
        yield from _entry(0, raw[at + 5 : end])
        at = end + 1


_READERS: dict[str, Callable[[bytes], Entries]] = {"bash": _bash, "zsh": _zsh, "fish": _fish, "sh": _sh}


def _entry(time: int, command: bytes) -> Entries:
    command = command.rstrip(b"\n")
    if command.strip():
        yield time, decode(command)


def _lines(raw: bytes) -> Iterator[bytes]:
    """The lines, without a list of them all."""
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", start)
        end = len(raw) if end < 0 else end
        yield raw[start:end]
        start = end + 1


def _stamp(line: bytes) -> int | None:
    digits = line[2:] if line[:2] == b"#+" else line[1:]
    return int(digits) if line[:1] == b"#" and digits.isdigit() and len(digits) < 12 else None
