"""`Ring`: a BPF ring buffer, read through its memory mapping.

Layout (kernel/bpf/ringbuf.c): a page with the consumer's position, a page with the producer's, then the data. A record
is a header of 8 bytes (length with two flag bits, page offset) and the data, rounded up to 8. The kernel would map the
data twice in a row, so that none is in two pieces; once is half the memory on our account, and one copy at each turn.
"""

from __future__ import annotations

import mmap
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEADER = 8
_BUSY, _DISCARDED = 1 << 31, 1 << 30
_LENGTH = _DISCARDED - 1


class Ring:
    """The reading end."""

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self._size = size
        page = mmap.PAGESIZE
        self._maps = (
            mmap.mmap(fd, page, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=0),
            mmap.mmap(fd, page + size, mmap.MAP_SHARED, mmap.PROT_READ, offset=page),
        )
        everything = memoryview(self._maps[1])
        # Items of 8 bytes are read and written at once.
        self._consumer = memoryview(self._maps[0])[:8].cast("Q")
        self._producer = everything[:8].cast("Q")
        self._data = everything[page:]
        self._words = self._data.cast("I")
        everything.release()

    def batch(self, shape: struct.Struct, most: int) -> list[tuple[Any, ...]]:
        """Up to `most` records of one size, `shape` being header and record together."""
        found: list[tuple[Any, ...]] = []
        while len(found) < most:
            run = self._run(shape, most - len(found))
            if not run:
                break
            found += run
        return found

    def records(self, most: int) -> list[bytes]:
        """Up to `most` records of any size."""
        position, end = self._consumer[0], self._producer[0]
        found: list[bytes] = []
        while position < end and len(found) < most:
            start = position % self._size
            length = self._words[start // 4]
            if length & _BUSY:
                break
            size = length & _LENGTH
            if not length & _DISCARDED:
                found.append(self._copy(start + HEADER, size))
            position += (size + HEADER + 7) & ~7
        self._consumer[0] = position
        return found

    def _run(self, shape: struct.Struct, most: int) -> list[tuple[Any, ...]]:
        """Records that lie in one piece, or the one that does not."""
        position, size = self._consumer[0], shape.size
        start = position % self._size
        in_one = (self._size - start) // size
        count = min((self._producer[0] - position) // size, most, in_one or 1)
        # The headers first: a record is read once it is known to be complete.
        lengths = self._words[start // 4 : start // 4 + max(count * size // 4 - 1, 0) : size // 4].tolist()
        if lengths and max(lengths) >= _BUSY:
            count = next(i for i, length in enumerate(lengths) if length & _BUSY)
        if not count:
            return []
        end = start + count * size
        found = list(shape.iter_unpack(self._data[start:end] if in_one else self._copy(start, size)))
        self._consumer[0] = position + count * size
        return found

    def _copy(self, start: int, size: int) -> bytes:
        start %= self._size
        over = start + size - self._size
        return bytes(self._data[start : start + size]) + bytes(self._data[: max(over, 0)])

    def close(self) -> None:
        """Unmap. The file descriptor is its owner's."""
        for view in (self._consumer, self._producer, self._words, self._data):
            view.release()
        for mapped in self._maps:
            mapped.close()
