"""Where apt fetches from (sources.list(5)), in both styles, and the name under which it keeps an archive's index."""

from __future__ import annotations

from .deb822 import stanzas
from .text import lines, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What apt's StringToBool takes for no; a number that is 0 is no, too.
_NO = ("no", "false", "without", "off", "disable")
_YES = ("yes", "true", "with", "on", "enable")
_TYPES = ("deb", "deb-src")
# Where snapshots of archives are, as apt's own settings have it: by host, by the index's origin.
_DEBIAN, _PPA = "https://snapshot.debian.org/archive/", "https://snapshot.ppa.launchpadcontent.net/"
_SNAPSHOT_HOSTS = {
    "deb.debian.org": _DEBIAN,
    **dict.fromkeys(
        ("archive.ubuntu.com", ".archive.ubuntu.com", "security.ubuntu.com"), "https://snapshot.ubuntu.com/"
    ),
    **dict.fromkeys(("ppa.launchpadcontent.net", "ppa.launchpad.net"), _PPA),
}
_SNAPSHOT_ORIGINS = {"Debian": f"{_DEBIAN}debian/", "Ubuntu": "https://snapshot.ubuntu.com/ubuntu/"}
# Characters that apt does not leave as they are in a file's name, nor in the part of an address that a release is.
_NOT_IN_NAMES = frozenset('\\|{}[]<>"^~_=!@#$%^&*')
_NOT_IN_RELEASES = frozenset("+~%")


class Source:
    """An archive of binary packages: its address, release, components, the architectures it is limited to.

    snapshot  the state of it that is asked for; '' for today's
    """

    __slots__ = ("architectures", "components", "release", "snapshot", "uri")

    def __init__(self, uri: str, release: str, components: str, architectures: str, snapshot: str = "") -> None:
        self.uri = uri
        self.release = release
        self.components = components
        self.architectures = architectures
        self.snapshot = snapshot

    @property
    def is_flat(self) -> bool:
        """Whether the release is a directory with the index in it, beside the packages: no components."""
        return self.release.endswith("/")

    @property
    def address(self) -> str:
        """The address without the scheme."""
        rest = self.uri.partition(":")[2]
        return rest[2:] if rest.startswith("//") else rest


def is_read(name: str) -> bool:
    """Whether apt reads a file of that name in sources.list.d.

    >>> [is_read(name) for name in ("a-1_B:x.list", "a.sources", ".a.list", "a b.list", "a.list.save")]
    [True, True, False, False, False]
    """
    known = all((character.isascii() and character.isalnum()) or character in "_-.:" for character in name)
    return known and name.endswith((".list", ".sources")) and name[0] != "."


def parse_list(text: str) -> Iterator[Source | None]:
    r"""The archives of a one-line-style file, those of source packages left out; None for a broken line.

    >>> source = next(parse_list("deb [arch=amd64 signed-by=/k] http://h/debian/ stable main contrib # c\n"))
    >>> source.uri, source.release, source.components, source.architectures
    ('http://h/debian/', 'stable', 'main contrib', 'amd64')
    >>> next(parse_list("deb cdrom:[Disc 1 #2]/ stable main\n")).uri
    'cdrom:[Disc 1 #2]/'
    """
    for line in lines(text):
        kind, *rest = words(_without_comment(line), 1)[:2] or [""]
        if not kind:
            continue
        options, given = _options(rest[0]) if rest else ({}, None)
        if kind not in _TYPES or given is None or not _is_source(given[:1], given[1:2], given[2:]):
            yield None
        elif kind == "deb":
            architectures = options.get("arch", "").replace(",", " ")
            yield Source(given[0], given[1], " ".join(given[2:]), architectures, _snapshot(options.get("snapshot", "")))


def parse_deb822(text: str) -> Iterator[Source | None]:
    r"""The archives of a deb822-style file that are enabled; None for a stanza that does not say what it is of.

    >>> [s.release for s in parse_deb822("Types: deb\nURIs: http://h\nSuites: a a-updates\nComponents: main\n")]
    ['a', 'a-updates']
    """
    for fields in stanzas(text):
        if fields is None:
            yield None
            continue
        types, uris, suites, components = (
            words(fields.get(name, "")) for name in ("types", "uris", "suites", "components")
        )
        if is_off(fields.get("enabled", "")):
            continue
        if not types or not set(types) <= set(_TYPES) or not _is_source(uris, suites, components):
            yield None
        elif "deb" in types:
            architectures = words(fields.get("architectures", "").replace(",", " "))
            snapshot = _snapshot(fields.get("snapshot", ""))
            for uri in uris:
                for suite in suites:
                    yield Source(uri, suite, " ".join(components), " ".join(architectures), snapshot)


def _snapshot(value: str) -> str:
    """The state that is asked for; a word for yes leaves it to an option of apt's, one for no forbids it."""
    return "" if value.lower() in _YES or is_off(value) else value


def snapshot_of(source: Source, index: dict[str, str]) -> Source | None:
    """The archive that has the snapshot which a source asks for; None where neither it nor its index tells.

    >>> snapshot_of(Source("http://deb.debian.org/debian/", "s", "main", "", "20240101T000000Z"), {}).uri
    'https://snapshot.debian.org/archive/debian/20240101T000000Z/'
    """
    host, _, path = source.address.rpartition("@")[2].strip("/").partition("/")
    known = [each for each in _SNAPSHOT_HOSTS if host == each or (each[0] == "." and host.endswith(each))]
    template = index.get("snapshots", "")
    if index.get("label") == "Debian-Security":
        template = f"{_DEBIAN}debian-security/@SNAPSHOTID@/"
    elif not template and known:
        template = f"{_SNAPSHOT_HOSTS[known[0]]}{path}/@SNAPSHOTID@/"
    elif not template and index.get("origin") in _SNAPSHOT_ORIGINS:
        template = _SNAPSHOT_ORIGINS[index["origin"]] + "@SNAPSHOTID@/"
    if "@SNAPSHOTID@" not in template:
        return None
    uri = template.replace("@SNAPSHOTID@", source.snapshot)
    return Source(uri, source.release, source.components, source.architectures)


def is_off(word: str) -> bool:
    """Whether the value of `Enabled` switches a stanza off.

    >>> [is_off(word) for word in ("no", "Without", "0x0", "yes", "no # c", "", "0_0")]
    [True, True, True, False, False, False, False]
    """
    try:
        return word.lower() in _NO or (word.isascii() and "_" not in word and int(word, 0) == 0)
    except ValueError:
        return bool(word) and not word.strip("0")


def _is_source(uris: list[str], suites: list[str], components: list[str]) -> bool:
    """Whether apt takes these words: an address has a scheme; components are for releases that are no directory."""
    flat = {suite.endswith("/") for suite in suites}
    return bool(uris) and all(":" in uri for uri in uris) and flat == {not components}


def _without_comment(line: str) -> str:
    """A line up to the first `#` that is not in brackets."""
    start = 0
    while (hash := line.find("#", start)) >= 0:
        bracket = line.find("[", start, hash)
        end = line.find("]", bracket) if bracket >= 0 else -1
        if end < 0:
            return line[:hash]
        start = end
    return line


def _options(rest: str) -> tuple[dict[str, str], list[str] | None]:
    """The options in brackets, and the words after them; None for words where an option is none."""
    import re

    options: dict[str, str] = {}
    at = 0
    if rest[0] == "[":
        # An option may have quotes around its spaces; the bracket may follow the last one at once.
        option = re.compile(r'\s*(?:\]|((?:"[^"]*"|[^\s"])+))', re.ASCII)
        word: str | None = "["
        at = 1
        while word and word[-1] != "]":
            found = option.match(rest, at)
            if found is None:
                return {}, None
            at, word = found.end(), found[1]
            name, _, value = (word or "").removesuffix("]").replace('"', "").partition("=")
            if word and not (name and value):
                return {}, None
            options[name] = value
    # A word has quotes or brackets around its spaces; the brackets belong to the name of a disc.
    bracket = r"|\[[^]]*\]" if "]" in rest else ""
    plain = re.findall(rf'(?:"[^"]*"{bracket}|[^\s"])+', rest[at:], re.ASCII)
    return options, [each.replace('"', "") for each in plain]


def with_architecture(source: Source, architecture: str) -> Source:
    """The source with the host's architecture for `$(ARCH)`: in the address, and in the release of a flat archive."""
    release = source.release.replace("$(ARCH)", architecture) if source.is_flat else source.release
    uri = source.uri.replace("$(ARCH)", architecture)
    return Source(uri, release, source.components, source.architectures, source.snapshot)


def index_name(source: Source) -> str:
    """The name of the archive's index in /var/lib/apt/lists, up to the ending `InRelease` or `Release`.

    >>> index_name(Source("http://u:p@h/a_b/", "stable", "main", ""))
    'h_a%5fb_dists_stable_'
    >>> index_name(Source("file:///srv/flat", "./", "", "")), index_name(Source("http://h", "/", "", ""))
    ('_srv_flat_._', 'h_')
    >>> index_name(Source("cdrom:[Disc 1/2]/", "s", "main", ""))
    'Disc%201_2_dists_s_'
    """
    from urllib.parse import unquote

    address = unquote(source.address)
    if address.startswith("["):
        # The name of a disc, which may have slashes; or an IPv6 address.
        host, _, path = address[1:].partition("]")
        address = host + path
    elif not address.startswith("/"):
        host, slash, path = address.partition("/")
        address = host.rpartition("@")[2].replace("[", "").replace("]", "") + slash + path
    directory = address if address.endswith("/") else address + "/"
    release = _quoted(source.release, _NOT_IN_RELEASES)
    if not source.is_flat:
        directory += f"dists/{release}/"
    elif release != "/":
        directory += release
    return _quoted(directory, _NOT_IN_NAMES).replace("/", "_")


def _quoted(text: str, characters: frozenset[str]) -> str:
    """The text with `%xx` for these characters, and for all that is not printable ASCII."""
    return "".join(
        character
        if " " < character < "\x7f" and character not in characters
        else "".join(f"%{byte:02x}" for byte in character.encode())
        for character in text
    )
