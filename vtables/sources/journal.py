"""Entries of systemd's journal files (https://systemd.io/JOURNAL_FILE_FORMAT/), found by the values of a field.

The files are read, not mapped: their writer cuts them, and what is damaged costs that file alone. An entry's fields are
objects of their own, shared by all entries that have the same value; each value leads to its entries.
"""

from __future__ import annotations

import os
import struct

from .configuration import names_in
from .decompression import beginning
from .text import decode, from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ..scan import Scan

# Where journald keeps what lasts, and what does not.
_FOLDERS = ("/var/log/journal", "/run/log/journal")
_SIGNATURE = b"LPKSHHRH"
# Places in the header: flags of features that a reader must know, the hash table of fields, the time of the last entry.
_FEATURES_AT, _FIELDS_AT, _LAST_AT = 12, 120, 192
_DATA, _FIELD, _ENTRY, _ARRAY = 1, 2, 3, 6
_COMPACT, _KNOWN = 16, 31
_COMPRESSIONS = {1: "xz", 2: "lz4", 4: "zstd"}
# Bytes read at a time, and how many such blocks and values are kept.
_BLOCK, _BLOCKS, _VALUES = 1 << 16, 256, 1 << 16
# More of one value than any message that is looked for has.
_LONGEST = 4096
_LARGEST_ARRAY = 64 << 20
_CIRCLE = "its objects lead to each other in a circle"


class DamagedError(Exception):
    """The file is no journal, or is damaged; says how."""


class Journal:
    """One file that is open. `entries` gives its entries; raises DamagedError and OSError.

    check   called now and then; may raise
    last    when its last entry was written, in Unix seconds
    unread  how many values were met that are compressed in a way that cannot be undone here
    """

    def __init__(self, fd: int, check: Callable[[], None]) -> None:
        self._fd = fd
        self._check = check
        self._size = os.fstat(fd).st_size
        self._blocks: dict[int, bytes] = {}
        self._values: dict[int, tuple[str, str]] = {}
        # Bytes of what was looked at: there are no more of them in a file that is not damaged.
        self._seen = 0
        self.unread = 0
        header = self._read(0, _LAST_AT + 8)
        if not header.startswith(_SIGNATURE):
            raise DamagedError("it is no journal")
        flags = struct.unpack_from("<I", header, _FEATURES_AT)[0]
        if flags & ~_KNOWN:
            raise DamagedError("it has features that are not known here")
        self._compact = bool(flags & _COMPACT)
        self._fields_at, self._fields_size = struct.unpack_from("<QQ", header, _FIELDS_AT)
        self.last = struct.unpack_from("<Q", header, _LAST_AT)[0] / 1e6

    def entries(
        self, wanted: Mapping[str, Iterable[str]], fields: Iterable[str]
    ) -> Iterator[tuple[float, dict[str, str]]]:
        """(Unix time, values of these fields) of each entry in which a field has one of the values wanted for it."""
        named = frozenset(fields)
        for offset in sorted(set(self._found(wanted))):
            body = self._object(offset, _ENTRY, 1 << 16)
            step, form = (4, "<I") if self._compact else (16, "<Q")
            found = {}
            for at in range(64, len(body) - step + 1, step):
                name, value = self._value(struct.unpack_from(form, body, at)[0])
                if name in named:
                    found[name] = value
            yield struct.unpack_from("<Q", body, 24)[0] / 1e6, found

    def _found(self, wanted: Mapping[str, Iterable[str]]) -> Iterator[int]:
        """Offsets of entries, some more than once."""
        for name, head in self._field_objects():
            values = frozenset(wanted.get(name, ()))
            while head and values:
                body = self._object(head, _DATA, 72)
                if self._value(head)[1] in values:
                    first, array = struct.unpack_from("<QQ", body, 40)
                    if first:
                        yield first
                        yield from self._array(array)
                # The newest value stands first; what was written later leads to what was written earlier.
                head = _link(body, 32, head, forward=False)

    def _field_objects(self) -> Iterator[tuple[str, int]]:
        """(name, offset of its first value) of each field of the file."""
        for at in range(self._fields_at, self._fields_at + min(self._fields_size, self._size), 16):
            offset = struct.unpack("<Q", self._read(at, 8))[0]
            while offset:
                body = self._object(offset, _FIELD, 40 + 256)
                yield decode(body[40:]), struct.unpack_from("<Q", body, 32)[0]
                offset = _link(body, 24, offset)

    def _array(self, offset: int) -> Iterator[int]:
        """What the chain of arrays that begins here holds."""
        while offset:
            body = self._object(offset, _ARRAY, _LARGEST_ARRAY)
            if int.from_bytes(body[8:16], "little") > len(body):
                raise DamagedError("an array of it is too large")
            self._step(len(body))
            for (item,) in struct.iter_unpack("<I" if self._compact else "<Q", _whole(body[24:], self._compact)):
                # The rest of the last array is not used yet.
                if not item:
                    return
                yield item
            offset = _link(body, 16, offset)

    def _value(self, offset: int) -> tuple[str, str]:
        """(field, value) of a data object; ('', '') of one that is compressed in a way that cannot be undone here."""
        found = self._values.get(offset)
        if found is None:
            body = self._object(offset, _DATA, _LONGEST)
            payload = body[72 if self._compact else 64 :]
            compression = _COMPRESSIONS.get(body[1] & 7)
            if compression:
                plain = beginning(payload, compression, _LONGEST)
                self.unread += plain is None
                payload = plain or b""
            name, _, value = payload.partition(b"=")
            found = decode(name), decode(value)
            if len(self._values) >= _VALUES:
                self._values.clear()
            self._values[offset] = found
        return found

    def _object(self, offset: int, kind: int, limit: int) -> bytes:
        """The first bytes of an object, its header among them; never fewer than each of its kind has."""
        self._step(_SMALLEST[_ARRAY])
        for _ in range(2):
            head = self._read(offset, 16)
            size = int.from_bytes(head[8:], "little")
            if head[0] == kind and 64 <= max(size, 64) <= self._size - offset and size >= _SMALLEST[kind]:
                return self._read(offset, min(size, limit))
            # It was written after the block around it had been read.
            self._blocks.clear()
        raise DamagedError(f"there is no object of type {kind} at {offset}")

    def _step(self, size: int) -> None:
        if (self._seen + size) // _BLOCK != self._seen // _BLOCK:
            self._check()
        self._seen += size
        if self._seen > 2 * self._size:
            raise DamagedError(_CIRCLE)

    def _read(self, offset: int, size: int) -> bytes:
        if offset < 0 or offset + size > self._size:
            raise DamagedError("it ends too early")
        parts = []
        while size > 0:
            number, at = divmod(offset, _BLOCK)
            block = self._blocks.get(number)
            if block is None:
                if len(self._blocks) >= _BLOCKS:
                    self._blocks.clear()
                block = self._blocks[number] = os.pread(self._fd, _BLOCK, number * _BLOCK)
            part = block[at : at + size]
            if not part:
                raise DamagedError("it became shorter")
            parts.append(part)
            offset += len(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


_SMALLEST = {_DATA: 64, _FIELD: 40, _ENTRY: 64, _ARRAY: 24}


def _link(body: bytes, at: int, offset: int, *, forward: bool = True) -> int:
    """The offset of the object after the one at `offset` in a chain that runs one way, 0 at its end."""
    after: int = struct.unpack_from("<Q", body, at)[0]
    if after and (after > offset) is not forward:
        raise DamagedError(_CIRCLE)
    return after


def journals_of(scan: Scan, machine: str) -> list[str]:
    """Paths of the journal files of the machine of this id, of users' own and of rotated ones, too.

    A folder is of one machine, MACHINE or MACHINE.NAMESPACE; journals that were sent here by others are in folders of
    theirs or in `remote`, and left out with a note. Where the machine's id is unknown, all but `remote` count.
    """
    found = []
    others = 0
    for top in _FOLDERS:
        for folder in names_in(scan, top):
            if folder == "remote" or (machine and folder.partition(".")[0] != machine):
                others += any(".journal" in name for name in names_in(scan, f"{top}/{folder}"))
                continue
            names = names_in(scan, f"{top}/{folder}")
            # journald renames what it finds damaged to NAME.journal~, and goes on with a new file.
            found += [f"{top}/{folder}/{name}" for name in names if name.endswith((".journal", ".journal~"))]
    if others:
        scan.note(f"{others} folders of journals are of other machines and are left out")
    return found


def entries_of(
    scan: Scan, path: str, wanted: Mapping[str, Iterable[str]], fields: Iterable[str], since: float
) -> Iterator[tuple[float, dict[str, str]]]:
    """The entries of a journal file as `Journal.entries` gives them, none of a file that ends before `since`.

    Notes say what could not be read.
    """
    shown = from_os(path)
    scan.tried("journals", shown)
    try:
        fd = scan.host.open_regular(path)
    except PermissionError:
        scan.denied("journals", shown)
        return
    except FileNotFoundError:
        # Rotated since the folder was listed.
        return
    except OSError as error:
        scan.note(f"cannot read {shown}: {error.strerror}")
        return
    try:
        journal = Journal(fd, scan.check)
        if journal.last >= since:
            yield from journal.entries(wanted, fields)
        if journal.unread:
            scan.note(f"{journal.unread} values of {shown} are compressed and are not read")
    except (DamagedError, struct.error) as error:
        scan.note(f"{shown} cannot be read whole: {error}")
    except OSError as error:
        scan.note(f"cannot read {shown}: {error.strerror}")
    finally:
        os.close(fd)


def _whole(raw: bytes, compact: bool) -> bytes:
    size = 4 if compact else 8
    return raw[: len(raw) // size * size]
