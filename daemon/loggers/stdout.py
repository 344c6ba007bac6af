"""The stdout logger: lines on standard output."""

from __future__ import annotations

import os

from .logger import Logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Stdout(Logger):
    """Every line as it is."""

    name = "stdout"

    def write(self, kind: str, lines: Sequence[str]) -> None:
        raw = memoryview("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
        written = 0
        while written < len(raw):
            written += os.write(1, raw[written:])
