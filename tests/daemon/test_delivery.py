"""From the spool to the files: each line once, whenever the process is killed. Without a spool losses are counted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hostql.daemon.config.options import Options
from hostql.daemon.loggers.delivery import Delivery
from hostql.daemon.loggers.filesystem import FILES, Filesystem
from hostql.daemon.loggers.logger import RESULT, SNAPSHOT, STATUS, Logger
from hostql.daemon.loggers.outlets import Outlets
from hostql.daemon.state import State

SMALL = {"logger_rotate": True, "logger_rotate_size": 60}


class Killed(BaseException):
    """The process ends here."""


class Dying(Filesystem):
    """Is killed once it has written `after` bytes of a batch: all of them, or some."""

    def __init__(self, options: Options, after: int) -> None:
        super().__init__(options)
        self._after = after

    def write(self, kind: str, lines: Sequence[str]) -> int:
        file = self._file(kind)
        before = os.fstat(file).st_size
        whole = sum(len(line) + 1 for line in lines)
        if self._after >= whole:
            super().write(kind, lines)
        else:
            # The kernel ends a killed process's write between pages.
            raw = "".join(f"{line}\n" for line in lines)[: self._after]
            assert os.write(file, raw.encode()) + before == os.fstat(file).st_size
        raise Killed


def options(folder: Path, **more: object) -> Options:
    return Options({"logger_path": str(folder), **more})


def delivered(state: State, logger: Logger) -> None:
    """What a delivery's thread does, until nothing waits."""
    delivery = Delivery(logger, lambda: state)
    while delivery.deliver(state):
        pass


def told(folder: Path, kind: str = RESULT) -> list[str]:
    """The lines of a kind in all files, the oldest first."""
    files = {int(path.suffix[1:] if path.suffix != ".log" else 0): path for path in folder.glob(f"{FILES[kind]}*")}
    return [line for number in sorted(files, reverse=True) for line in files[number].read_text().splitlines()]


@pytest.mark.parametrize("more", [{}, SMALL], ids=["one file", "rotated"])
@pytest.mark.parametrize("earlier", [0, 1, 5])
@pytest.mark.parametrize("after", [0, 1, 7, 8, 9, 20, 1000])
def test_a_line_comes_once_wherever_the_process_was_killed(
    tmp_path: Path, after: int, earlier: int, more: dict[str, object]
) -> None:
    chosen = options(tmp_path / "log", **more)
    state = State(str(tmp_path / "daemon.db"))
    state.say(RESULT, [f"early {n}" for n in range(earlier)], ["filesystem"])
    delivered(state, Filesystem(chosen))
    state.say(RESULT, [f"first {n}" for n in range(5)], ["filesystem"])
    with pytest.raises(Killed):
        delivered(state, Dying(chosen, after))
    state.say(SNAPSHOT, ["other"], ["filesystem"])
    state.say(RESULT, [f"later {n}" for n in range(5)], ["filesystem"])
    delivered(state, Filesystem(chosen))
    wanted = [
        *(f"early {n}" for n in range(earlier)),
        *(f"{word} {n}" for word in ("first", "later") for n in range(5)),
    ]
    assert told(tmp_path / "log") == wanted
    assert told(tmp_path / "log", SNAPSHOT) == ["other"]


def test_lines_that_were_there_before_and_files_that_were_moved_count_for_nothing(tmp_path: Path) -> None:
    chosen = options(tmp_path)
    file = tmp_path / FILES[RESULT]
    file.write_text("line 0\n")
    state = State(str(tmp_path / "daemon.db"))
    for number in range(4):
        state.say(RESULT, ["line 0", f"line {number}"], ["filesystem"])
        delivered(state, Filesystem(chosen))
        if number == 1:
            file.rename(tmp_path / "moved")
        elif number == 2:
            # As a logrotate that copies and truncates.
            os.truncate(file, 0)
    assert (tmp_path / "moved").read_text().split("\n")[:-1] == ["line 0"] * 3 + ["line 0", "line 1"]
    assert told(tmp_path) == ["line 0", "line 3"]


class Refusing(Logger):
    name = "refusing"

    def write(self, kind: str, lines: Sequence[str]) -> int:
        raise OSError("no")


def test_straight_to_the_loggers_nothing_is_kept(tmp_path: Path) -> None:
    state = State(str(tmp_path / "daemon.db"))
    outlets = Outlets(state, lambda: None)
    assert outlets.use(options(tmp_path / "log", logger_direct=True, logger_spool_bytes=1000)) == []
    state.say(RESULT, ["a", "b"], outlets.names)
    state.say(STATUS, ["c"], [])
    assert state.spooled() == {}
    outlets.close()
    assert told(tmp_path / "log") == ["a", "b"] and not told(tmp_path / "log", STATUS)
    assert state.lost() == {}


def test_what_a_logger_does_not_take_is_lost_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hostql.daemon.loggers.outlets.make", lambda options: ([Refusing()], []))
    state = State(str(tmp_path / "daemon.db"))
    outlets = Outlets(state, lambda: None)
    outlets.use(options(tmp_path, logger_direct=True, logger_spool_bytes=1000))
    state.say(RESULT, ["x" * 100] * 25, outlets.names)
    assert outlets.bound(1000) == 15 and outlets.bound(1000) == 0
    outlets.close()
    assert state.lost() == {"refusing": 25}
    # Without, they wait on the disk.
    outlets.use(options(tmp_path))
    state.say(RESULT, ["y"], outlets.names)
    outlets.close()
    assert state.spooled() == {"refusing": (1, 1)}
