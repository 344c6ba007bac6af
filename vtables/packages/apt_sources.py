"""The table `apt_sources`: where apt fetches packages from (sources.list(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.apt import Source, index_name, is_read, parse_deb822, parse_list, snapshot_of, with_architecture
from ..sources.configuration import bytes_of, names_in, text_of, understood
from ..sources.deb822 import signed_text, stanzas
from ..sources.text import decode, from_os, words
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILE, _FOLDER = "/etc/apt/sources.list", "/etc/apt/sources.list.d"
_LISTS = "/var/lib/apt/lists"
_STATUS = "/var/lib/dpkg/status"


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
                source = found
                if "$(ARCH)" in found.uri + found.release:
                    source = with_architecture(found, scan.shared("architecture", lambda: _architecture(scan)))
                index = _index(scan, source)
                if source.snapshot:
                    # apt fetches the index of the archive itself as well.
                    snapshot = snapshot_of(source, index)
                    if snapshot is None:
                        scan.note(f"where {source.uri} has its snapshot {source.snapshot} is not known")
                    else:
                        yield _row(snapshot, file, _index(scan, snapshot))
                yield _row(source, file, index)


def _row(source: Source, file: str, index: dict[str, str]) -> tuple[Any, ...]:
    return (
        f"{source.address.rstrip('/')} {source.release}",
        from_os(file),
        source.uri.rstrip("/"),
        source.release,
        index.get("version", ""),
        index.get("origin", ""),
        *(" ".join(words(index.get(name) or getattr(source, name))) for name in ("components", "architectures")),
        0,
    )


def _files(scan: Scan) -> Iterator[tuple[str, Any]]:
    for name in names_in(scan, _FOLDER):
        if is_read(name):
            yield f"{_FOLDER}/{name}", parse_list if name.endswith(".list") else parse_deb822
        elif name.endswith((".list", ".sources")):
            scan.note(f"apt does not read {from_os(f'{_FOLDER}/{name}')}, for its name")


def _architecture(scan: Scan) -> str:
    """The host's architecture, which is that of its dpkg; `$(ARCH)` where that is not known."""
    import re

    raw = bytes_of(scan, _STATUS, expected=False)
    found = re.search(rb"^Package: dpkg\n(?:.+\n)*?Architecture: (\S+)", raw, re.MULTILINE)
    return decode(found[1]) if found else "$(ARCH)"


def _index(scan: Scan, source: Source) -> dict[str, str]:
    """The fields of the archive's index as apt keeps it; none before the first `apt update`."""
    for ending in ("InRelease", "Release"):
        text = text_of(scan, f"{_LISTS}/{index_name(source)}{ending}", expected=False)
        fields = next(stanzas(signed_text(text)), None)
        if fields:
            return fields
    return {}
