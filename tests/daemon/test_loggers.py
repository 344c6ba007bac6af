"""Loggers over real sockets, pipes and files: whole lines, and nobody waits for one that is down."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hostql.daemon.config.options import Options
from hostql.daemon.loggers import stdout, syslog
from hostql.daemon.loggers.delivery import Delivery
from hostql.daemon.loggers.filesystem import FILES, Filesystem
from hostql.daemon.loggers.logger import RESULT, STATUS
from hostql.daemon.loggers.outlets import Outlets
from hostql.daemon.loggers.stdout import Stdout
from hostql.daemon.loggers.syslog import CUT, Syslog
from hostql.daemon.state import State
from hostql.tests.host import IS_ROOT, PATIENCE

LINE = '{"name":"é","action":"added"}'


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def listening(path: Path) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    found.bind(str(path))
    found.settimeout(20)
    return found


def test_a_message_of_syslog(tmp_path: Path) -> None:
    logger = Syslog(Options({"logger_syslog_prepend_cee": True}), str(tmp_path / "log"))
    with listening(tmp_path / "log") as receiver:
        assert logger.write(RESULT, [LINE, "second"]) == 2 and logger.write(STATUS, ["said"]) == 1
        # local3 is 19; notice is 5 and info 6.
        told = [receiver.recv(9000).decode() for _ in range(3)]
    mark = f"hostql[{os.getpid()}]: "
    assert told == [f"<157>{mark}@cee:{LINE}", f"<157>{mark}@cee:second", f"<158>{mark}said"]
    logger.close()


def test_syslog_over_a_stream(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "log"))
        listener.listen()
        logger = Syslog(Options(), str(tmp_path / "log"))
        logger.write(RESULT, ["one", "two"])
        logger.close()
        taken, _ = listener.accept()
        with taken, taken.makefile("rb") as file:
            assert [part.rpartition(b": ")[2] for part in file.read().split(b"\0")] == [b"one", b"two", b""]


def test_syslog_that_goes_and_comes_back(tmp_path: Path) -> None:
    logger = Syslog(Options(), str(tmp_path / "log"))
    with pytest.raises(FileNotFoundError):
        logger.write(RESULT, [LINE])
    with listening(tmp_path / "log"):
        assert logger.write(RESULT, [LINE]) == 1
    with pytest.raises(ConnectionRefusedError):
        logger.write(RESULT, [LINE])
    (tmp_path / "log").unlink()
    with listening(tmp_path / "log") as receiver:
        assert logger.write(RESULT, ["back"]) == 1
        assert receiver.recv(9000).endswith(b": back")
    logger.close()


def test_a_message_larger_than_any_socket_takes(tmp_path: Path) -> None:
    """As root the socket is made larger; else the message says that it was cut."""
    logger = Syslog(Options(), str(tmp_path / "log"))
    with listening(tmp_path / "log") as receiver:
        assert logger.write(RESULT, ["x" * 500_000]) == 1
        found = receiver.recv(1 << 20)
        assert found.endswith(b"x" * 500_000 if IS_ROOT else b"bytes in all") and len(found) > CUT
        assert logger.write(RESULT, ["next"]) == 1 and receiver.recv(9000).endswith(b": next")
    logger.close()


def test_a_receiver_of_syslog_that_does_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "PATIENCE", 0.05)
    lines = [f"line {n}" for n in range(5000)]
    state = State(str(tmp_path / "daemon.db"))
    delivery = Delivery(Syslog(Options(), str(tmp_path / "log")), lambda: State(state.path))
    with listening(tmp_path / "log") as receiver:
        delivery.start()
        state.say(RESULT, lines, ["syslog"])
        delivery.wake()
        until(lambda: "timed out" in delivery.problem)
        # Others write to the spool meanwhile.
        state.say(RESULT, ["last"], ["syslog"])
        told = [receiver.recv(9000).decode().rpartition(": ")[2] for _ in range(5001)]
        assert told == [*lines, "last"]
        until(lambda: not delivery.problem and not state.spooled())
    # It goes, and comes back.
    state.say(RESULT, ["while it was gone"], ["syslog"])
    delivery.wake()
    until(lambda: "refused" in delivery.problem)
    (tmp_path / "log").unlink()
    with listening(tmp_path / "log") as receiver:
        delivery.wake()
        assert receiver.recv(9000).endswith(b": while it was gone")
        delivery.close()
    assert state.spooled() == {} and state.lost() == {}


def test_standard_output_goes_on_amid_a_line_when_the_configuration_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stdout, "PATIENCE", 0.05)
    reader, writer = os.pipe()
    monkeypatch.setattr("hostql.daemon.loggers.outlets.make", lambda options: ([Stdout(writer)], []))
    state = State(str(tmp_path / "daemon.db"))
    outlets = Outlets(state, lambda: None)
    outlets.use(Options())
    # A pipe has 16 pages: one of these lines, and a part of the next.
    lines = [f"{n} {'x' * 33_000}" for n in range(10)]
    state.say(RESULT, lines, ["stdout"])
    outlets.wake()
    until(outlets.problems)
    outlets.use(Options({"config_refresh": 7}))
    found: list[str] = []

    def read() -> None:
        with os.fdopen(reader) as file:
            found.extend(file.read().splitlines())

    thread = threading.Thread(target=read)
    thread.start()
    until(lambda: not state.spooled())
    outlets.close()
    os.close(writer)
    thread.join()
    assert found == lines


def test_standard_output_is_written_whole_lines_after_its_reader_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdout, "PATIENCE", 0.05)
    reader, writer = os.pipe()
    logger = Stdout(writer)
    lines = [f"{n} {'x' * 30_000}" for n in range(10)]
    left = list(lines)
    # A pipe holds some lines and a part of the next.
    left = left[logger.write(RESULT, left) :]
    assert 0 < len(left) < 10
    with pytest.raises(TimeoutError, match="nobody reads"):
        logger.write(RESULT, left)
    found: list[bytes] = []

    def read() -> None:
        with os.fdopen(reader, "rb") as file:
            found.append(file.read())

    monkeypatch.setattr(stdout, "PATIENCE", 20.0)
    thread = threading.Thread(target=read)
    thread.start()
    assert logger.write(RESULT, [*left, LINE]) == len(left) + 1
    os.close(writer)
    thread.join()
    assert found[0].decode().splitlines() == [*lines, LINE]


def test_standard_output_without_a_reader() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        Stdout(writer).write(RESULT, [LINE])
    os.close(writer)


def test_files_are_rotated_and_private(tmp_path: Path) -> None:
    options = {"logger_path": str(tmp_path / "log"), "logger_mode": "0600", "logger_rotate": True}
    logger = Filesystem(Options({**options, "logger_rotate_size": 40, "logger_rotate_max_files": 2}))
    for number in range(6):
        assert logger.write(RESULT, [f"{number} {'x' * 20}"] * 2) == 2
    name = FILES[RESULT]
    assert sorted(os.listdir(tmp_path / "log")) == [name, f"{name}.1", f"{name}.2"]
    assert [(tmp_path / "log" / f"{name}{end}").read_text()[0] for end in ("", ".1", ".2")] == ["5", "4", "3"]
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "log").iterdir()} == {0o600}
    logger.close()


def test_fewer_rotated_files_are_kept_from_the_next_rotation_on(tmp_path: Path) -> None:
    name = FILES[RESULT]
    for other in (name, *(f"{name}.{n}" for n in range(1, 13)), f"{name}.1.gz", f"{name}.old"):
        (tmp_path / other).write_text(f"{other}\n")
    options = {"logger_path": str(tmp_path), "logger_rotate": True, "logger_rotate_size": 5}
    logger = Filesystem(Options({**options, "logger_rotate_max_files": 3}))
    assert logger.write(RESULT, [LINE]) == 1
    logger.close()
    told = {file.name: file.read_text() for file in tmp_path.iterdir()}
    # What others left there stays.
    assert told == {
        name: f"{LINE}\n",
        **{f"{name}.{n + 1}": f"{name}.{n}\n" for n in (1, 2)},
        f"{name}.1": f"{name}\n",
        f"{name}.1.gz": f"{name}.1.gz\n",
        f"{name}.old": f"{name}.old\n",
    }


@pytest.mark.parametrize("umask", [0, 0o077])
def test_a_files_mode_is_the_options_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        logger = Filesystem(Options({"logger_path": str(tmp_path), "logger_mode": "0640"}))
        logger.write(RESULT, [LINE])
    finally:
        os.umask(before)
    file = tmp_path / FILES[RESULT]
    assert file.stat().st_mode & 0o777 == 0o640
    # What somebody else made or changed stays as it is.
    file.chmod(0o604)
    logger.reopen()
    logger.write(RESULT, [LINE])
    logger.close()
    assert file.stat().st_mode & 0o777 == 0o604 and file.read_text() == f"{LINE}\n{LINE}\n"


def rotating(folder: Path, most: int) -> Filesystem:
    """A logger that rotates before each write but the first."""
    options = {"logger_path": str(folder), "logger_rotate": True, "logger_rotate_size": 5}
    return Filesystem(Options({**options, "logger_rotate_max_files": most}))


def test_rotation_moves_only_the_names_that_it_makes(tmp_path: Path) -> None:
    name = FILES[RESULT]
    strays = [f"{name}.{end}" for end in ("007", "0", "20260101", "9" * 40, "4", "-1", "1.gz", "\u0661")]
    for stray in strays:
        (tmp_path / stray).write_text(stray)
    logger = rotating(tmp_path, 2)
    for number in range(5):
        assert logger.write(RESULT, [f"line {number}"]) == 1
    logger.close()
    told = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert told == {
        **{stray: stray for stray in strays},
        **{f"{name}{end}": f"line {number}\n" for end, number in (("", 4), (".1", 3), (".2", 2))},
    }
    assert logger.problem == ""


def test_rotation_passes_over_what_is_no_file(tmp_path: Path) -> None:
    name = FILES[RESULT]
    (tmp_path / f"{name}.1").mkdir()
    (tmp_path / f"{name}.3").symlink_to("/nowhere")
    logger = rotating(tmp_path, 2)
    for number in range(5):
        assert logger.write(RESULT, [f"line {number}"]) == 1
    assert [(tmp_path / f"{name}{end}").read_text() for end in ("", ".2", ".4")] == ["line 4\n", "line 3\n", "line 2\n"]
    assert sorted(os.listdir(tmp_path)) == [name, *(f"{name}.{n}" for n in range(1, 5))]
    # What was written before it was rotated is found there.
    place = logger.place(RESULT)
    assert logger.write(RESULT, ["next"]) == 1
    assert logger.written(RESULT, place, ["next"]) == 1
    logger.close()


@pytest.mark.skipif(not IS_ROOT, reason="becomes an ordinary user, whom a directory's mode binds")
def test_files_that_cannot_be_rotated_grow_and_are_told(tmp_path: Path) -> None:
    # pytest's own directories are root's alone.
    with TemporaryDirectory(dir="/var/tmp") as folder:
        os.chown(folder, 65534, 65534)
        before = os.geteuid()
        os.seteuid(65534)
        try:
            logger = rotating(Path(folder), 2)
            assert logger.write(RESULT, ["line 0"]) == 1
            os.chmod(folder, 0o555)
            assert logger.write(RESULT, ["line 1"]) == 1
            assert "cannot be rotated, and grows: Permission denied" in logger.problem
            assert Path(folder, FILES[RESULT]).read_text() == "line 0\nline 1\n"
            os.chmod(folder, 0o755)
            assert logger.write(RESULT, ["line 2"]) == 1 and logger.problem == ""
            assert Path(folder, FILES[RESULT]).read_text() == "line 2\n"
            logger.close()
        finally:
            os.seteuid(before)


def test_a_fifo_in_a_files_place_makes_nobody_wait(tmp_path: Path) -> None:
    logger = Filesystem(Options({"logger_path": str(tmp_path)}))
    os.mkfifo(tmp_path / FILES[RESULT])
    with pytest.raises(OSError, match="it is a FIFO, not a file"):
        logger.write(RESULT, [LINE])
    reader = os.open(tmp_path / FILES[RESULT], os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="it is a FIFO, not a file"):
        logger.write(RESULT, [LINE])
    assert os.read(reader, 100) == b""
    os.close(reader)
    logger.close()
