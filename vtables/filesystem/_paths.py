"""Which paths a query on `file` or `hash` asks for: by path, directory or pattern."""

from __future__ import annotations

import errno
import os
from itertools import chain

from ..scan import Scan
from ..sources.patterns import expand, matcher
from ..sources.text import from_os, to_os
from ..sources.ways import named, reaches, searching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any


def asked_paths(scan: Scan) -> Iterable[tuple[str, str]]:
    """(path, directory) as the query names them; paths are as os functions take them, without the host's root."""
    if scan.settings.osquery_patterns:
        return _as_osquery(scan)
    # Whatever the rows are found by, a pattern means the same: SQLite's own LIKE lets `%` be several levels.
    paths_match, directories_match = _matchers(scan.patterns("path")), _matchers(scan.patterns("directory"))
    named = scan.equals("path") is not None or scan.equals("directory") is not None
    if len(paths_match) + len(directories_match) <= (not named):
        # One pattern, and it is the one that is expanded.
        return _candidates(scan)
    return (
        (path, directory)
        for path, directory in _candidates(scan)
        if all(matches(from_os(path)) for matches in paths_match)
        and all(matches(from_os(directory)) for matches in directories_match)
    )


def _matchers(patterns: list[tuple[str, str]]) -> list[Callable[[str], object]]:
    return [matcher(*each) for each in patterns if each[1].startswith("/")]


def _candidates(scan: Scan) -> Iterable[tuple[str, str]]:
    paths, directories, patterns = scan.equals("path"), scan.equals("directory"), scan.patterns("path")
    if paths is not None:
        return _named(scan, paths)
    if directories is not None:
        return _listed(scan, directories)
    if any(pattern.startswith("/") for _, pattern in patterns) or not scan.patterns("directory"):
        return ((path, _parent(path)) for path in expand(scan, patterns))
    found = (each for each in expand(scan, scan.patterns("directory")) if scan.host.isdir(each))
    return chain.from_iterable(_inside(scan, directory) for directory in found)


def _as_osquery(scan: Scan) -> Iterator[tuple[str, str]]:
    """Whatever any of the constraints finds, once: of two patterns one may find what the other does not."""
    from ..sources.osquery_patterns import expand_as_osquery

    def finds(operator: str, pattern: str) -> Iterator[str]:
        return expand_as_osquery(scan, pattern) if operator == "LIKE" else expand(scan, [(operator, pattern)])

    seen: set[tuple[str, str]] = set()
    found = [_named(scan, scan.equals("path") or ()), _listed(scan, scan.equals("directory") or ())]
    found += [((path, _parent(path)) for path in finds(*each)) for each in scan.patterns("path")]
    found += [
        (inside for path in finds(*each) if path.endswith("/") for inside in _inside(scan, path))
        for each in scan.patterns("directory")
    ]
    for pair in chain.from_iterable(found):
        if pair not in seen:
            seen.add(pair)
            yield pair


def _named(scan: Scan, paths: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for path in paths:
        for name in to_os(path) if isinstance(path, str) and path and "\0" not in path else ():
            if named(scan, name):
                yield name, _parent(name)


def _listed(scan: Scan, directories: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for directory in directories:
        for name in to_os(directory) if isinstance(directory, str) and directory and "\0" not in directory else ():
            searching(scan)
            yield from _inside(scan, name)


def _inside(scan: Scan, directory: str) -> Iterator[tuple[str, str]]:
    if not reaches(scan, directory, inside=True):
        return
    scan.tried("directories", directory)
    try:
        with scan.host.scandir(directory) as entries:
            for entry in entries:
                scan.check()
                yield os.path.join(directory, entry.name), directory
    except PermissionError:
        scan.denied("directories", directory)
    except OSError as error:
        # Not there, or no directory: nothing is in it.
        note_beyond(scan, directory, error)


def note_beyond(scan: Scan, path: str, error: Exception) -> bool:
    """A note where a path of another root leads by way of a link that only the kernel follows: out of that root.

    Gives whether it does."""
    beyond = isinstance(error, OSError) and error.errno == errno.ELOOP and scan.host.kernel_proc
    if beyond:
        scan.note("what lies beyond a link of a process (/proc/PID/root, cwd) is not read", path)
    return beyond


def _parent(path: str) -> str:
    # os.path.dirname costs three times as much, which tells in a walk; it is only needed for doubled slashes.
    head, slash, _ = path.rpartition("/")
    return os.path.dirname(path) if head[-1:] == "/" else head or slash or "."
