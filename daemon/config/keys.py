"""Which keys the objects of a configuration have, and what becomes of others: nobody writes one for nothing."""

from __future__ import annotations

from ...vtables.suggest import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Words for people.
_COMMENTS = frozenset(("author", "comment", "comments", "description", "oncall", "references", "value"))
QUERY = frozenset(
    ("query", "interval", "snapshot", "removed", "denylist", "blacklist", "platform", "version", "shard", *_COMMENTS)
)
PACK_PATHS = ("file_paths", "exclude_paths")
PACK = frozenset(("queries", "schedule", "platform", "version", "shard", "discovery", "name", *PACK_PATHS, *_COMMENTS))
DECORATORS = frozenset(("load", "always", "interval"))
TABLE = frozenset(("query", "path", "columns", "platform", *_COMMENTS))


def unknown(keys: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(key, what is wrong with it) for each key that is not known. Those that begin like a comment are comments.

    >>> list(unknown(["query", "intervall", "_note"], QUERY))
    [('intervall', 'unknown key; did you mean interval?')]
    """
    for key in keys:
        if key not in known and not key.startswith(("_", "//", "#")):
            meant = nearest(key, known)[:1]
            yield key, f"unknown key; did you mean {meant[0]}?" if meant else "unknown key"
