"""`Rescan`: after events were lost, a look at every watched file, for those that changed since."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .file_changes import Changes
    from .watches import Watches

# Entries of directories looked at in one go: some 10 ms.
ENTRIES = 2_000


class Rescan:
    """Tells files whose inode changed at Unix second `since` or later as RESCANNED.

    What was deleted meanwhile cannot be told. `enter` as for `Watches.walk`. `told` counts the rows.
    """

    def __init__(self, watches: Watches, changes: Changes, since: float, enter: Callable[[str], bool]) -> None:
        self.told = 0
        self._entries = self._walk(watches, changes, since, enter)

    def finished(self) -> bool:
        """Look at some more; whether that was all."""
        return not any(count >= ENTRIES for count, _ in enumerate(self._entries, 1))

    def _walk(self, watches: Watches, changes: Changes, since: float, enter: Callable[[str], bool]) -> Iterator[None]:
        for path, entry in watches.walk("", enter):
            category = watches.category(path)
            try:
                if category is not None and entry.stat(follow_symlinks=False).st_ctime >= since:
                    self.told += 1
                    changes.add(path, category, "RESCANNED", int(time.time()))
            except OSError:
                # Gone again.
                pass
            yield
