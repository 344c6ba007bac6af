"""The first bytes of what the journal compresses: xz by Python itself, zstd and lz4 by the C libraries that it uses.

They are where systemd is. Beginnings are enough here, so that what unpacks to gigabytes costs no more than they do.
"""

from __future__ import annotations

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def beginning(raw: bytes, kind: str, most: int) -> bytes | None:
    """At most so many bytes of what `raw` begins with: xz, zstd or lz4.

    None where it is damaged, or where there is no library. An lz4 block stands behind its unpacked size, 8 bytes.
    """
    if kind == "xz":
        import lzma

        try:
            return lzma.LZMADecompressor().decompress(raw, most)
        except lzma.LZMAError:
            return None
    library = _library(f"lib{kind}.so.1")
    if library is None:
        return None
    return (_zstd if kind == "zstd" else _lz4)(library, raw, most)


def _zstd(library: Any, raw: bytes, most: int) -> bytes | None:
    """ZSTD_decompressStream() of zstd.h."""
    import ctypes

    class Buffer(ctypes.Structure):
        _fields_ = (("at", ctypes.c_char_p), ("size", ctypes.c_size_t), ("position", ctypes.c_size_t))

    stream = _declared(library.ZSTD_createDStream, ctypes.c_void_p)()
    if not stream:
        return None
    space = ctypes.create_string_buffer(most)
    source = Buffer(raw, len(raw), 0)
    target = Buffer(ctypes.cast(space, ctypes.c_char_p), most, 0)
    decompress = _declared(library.ZSTD_decompressStream, ctypes.c_size_t)
    try:
        while target.position < most:
            before = source.position, target.position
            left = decompress(ctypes.c_void_p(stream), ctypes.byref(target), ctypes.byref(source))
            if _declared(library.ZSTD_isError, ctypes.c_uint)(ctypes.c_size_t(left)):
                return None
            if not left or (source.position, target.position) == before:
                break
    finally:
        library.ZSTD_freeDStream(ctypes.c_void_p(stream))
    return space.raw[: target.position]


def _lz4(library: Any, raw: bytes, most: int) -> bytes | None:
    """LZ4_decompress_safe_partial() of lz4.h."""
    import ctypes

    size = min(int.from_bytes(raw[:8], "little"), most)
    space = ctypes.create_string_buffer(size or 1)
    decompress = _declared(library.LZ4_decompress_safe_partial, ctypes.c_int)
    got = decompress(ctypes.c_char_p(raw[8:]), space, len(raw) - 8, size, size)
    return space.raw[:got] if got >= 0 else None


def _declared(function: Any, result: Any) -> Callable[..., Any]:
    function.restype = result
    called: Callable[..., Any] = function
    return called


@cache
def _library(name: str) -> Any:
    import ctypes

    try:
        return ctypes.CDLL(name)
    except OSError:
        return None
