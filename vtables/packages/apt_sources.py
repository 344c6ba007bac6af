"""The table `apt_sources`: where apt fetches packages from (sources.list(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import names_in, text_of, understood
from ..sources.text import from_os, lines
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILE, _FOLDER = "/etc/apt/sources.list", "/etc/apt/sources.list.d"
_LISTS = "/var/lib/apt/lists"


class Source:
    """An archive: its address, release, components, and the architectures it is limited to."""

    __slots__ = ("architectures", "components", "release", "uri")

    def __init__(self, uri: str, release: str, components: str, architectures: str) -> None:
        self.uri = uri.rstrip("/")
        self.release = release
        self.components = components
        self.architectures = architectures


def parse_list(text: str) -> Iterator[Source | None]:
    r"""The archives of a one-line-style file, those of source packages left out; None for a broken line.

    >>> source = next(parse_list("deb [arch=amd64 signed-by=/k] http://h/debian/ stable main contrib\n"))
    >>> source.uri, source.release, source.components, source.architectures
    ('http://h/debian', 'stable', 'main contrib', 'amd64')
    """
    for line in lines(text):
        line = line.partition("#")[0].strip()
        if not line or line.startswith(("deb-src ", "deb-src\t")):
            continue
        if not line.startswith(("deb ", "deb\t")):
            yield None
            continue
        rest, options = line[3:].strip(), ""
        if rest.startswith("["):
            options, _, rest = rest[1:].partition("]")
        words = rest.split()
        limits = [option[5:].replace(",", " ") for option in options.split() if option.startswith("arch=")]
        yield Source(words[0], words[1], " ".join(words[2:]), " ".join(limits)) if len(words) > 1 else None


def parse_deb822(text: str) -> Iterator[Source | None]:
    r"""The archives of a deb822-style file; None for a paragraph that does not say what it is of.

    >>> [s.release for s in parse_deb822("Types: deb\nURIs: http://h\nSuites: a a-updates\nComponents: main\n")]
    ['a', 'a-updates']
    """
    for block in lines(text, "\n\n"):
        fields: dict[str, str] = {}
        last = ""
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            if line[:1] in (" ", "\t"):
                # The value goes on.
                fields[last] = f"{fields.get(last, '')} {line.strip()}"
            elif colon and line[0] != "#":
                last = name.lower()
                fields[last] = value.strip()
        if not fields.get("types") or not fields.get("uris") or not fields.get("suites"):
            if any(line and line[0] != "#" for line in block.split("\n")):
                yield None
        elif "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in (
            "no",
            "false",
            "0",
        ):
            for uri in fields.get("uris", "").split():
                for suite in fields.get("suites", "").split():
                    yield Source(uri, suite, fields.get("components", ""), fields.get("architectures", ""))


class AptSources(Table):
    """Archives that apt is set to fetch from, with what their index says of them."""

    name = Column(TEXT, "Address without the scheme, and the release")
    source = Column(TEXT, "File that names the archive")
    base_uri = Column(TEXT, "Address of the archive")
    release = Column(TEXT, "Release (suite) that is asked for")
    version = Column(TEXT, "Version of the release, by its index; '' for unknown", collate="VERSION_DPKG")
    maintainer = Column(TEXT, "Who keeps the archive, by its index; '' for unknown")
    components = Column(TEXT, "Components, a space between them, by the index where there is one")
    architectures = Column(TEXT, "Architectures, a space between them, by the index where there is one")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 5
    examples = ["SELECT base_uri, release FROM apt_sources;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for file, parse in [(_FILE, parse_list), *_files(scan)]:
            for found in understood(scan, file, parse(text_of(scan, file, expected=False)), "source"):
                index = _index(scan, found)
                yield (
                    f"{found.uri.partition('://')[2]} {found.release}",
                    from_os(file),
                    found.uri,
                    found.release,
                    index.get("Version", ""),
                    index.get("Origin", ""),
                    index.get("Components") or found.components,
                    index.get("Architectures") or found.architectures,
                    0,
                )


def _files(scan: Scan) -> Iterator[tuple[str, Any]]:
    for name in names_in(scan, _FOLDER):
        if name.endswith(".list"):
            yield f"{_FOLDER}/{name}", parse_list
        elif name.endswith(".sources"):
            yield f"{_FOLDER}/{name}", parse_deb822


def _index(scan: Scan, source: Source) -> dict[str, str]:
    """The fields of the archive's index as apt keeps it; none before the first `apt update`."""
    name = f"{source.uri.partition('://')[2]}/dists/{source.release}".replace("_", "%5f").replace("/", "_")
    for ending in ("_InRelease", "_Release"):
        text = text_of(scan, f"{_LISTS}/{name}{ending}", expected=False)
        found = [line.partition(": ") for line in lines(text) if line[:1].isalpha()]
        fields = {key: value.strip() for key, colon, value in found if colon}
        if fields:
            return fields
    return {}
