"""/proc/cpuinfo: the fields of each logical CPU (proc_cpuinfo(5))."""

from __future__ import annotations

from .text import decode


def parse_cpuinfo(raw: bytes) -> list[dict[str, str]]:
    r"""The fields of each logical CPU by name.

    >>> parse_cpuinfo(b"processor\t: 0\nmodel name\t: X\n\nprocessor\t: 1\n")
    [{'processor': '0', 'model name': 'X'}, {'processor': '1'}]
    """
    found = []
    for block in decode(raw).split("\n\n"):
        fields = {}
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            if colon:
                fields[name.strip()] = value.strip()
        if "processor" in fields:
            found.append(fields)
    return found
