"""Standard error that nobody reads, that was closed, or that has no room: nobody waits for it, and nobody fails."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostql.tests.conftest import in_child
from hostql.watchdog import voice
from hostql.watchdog.voice import say, shorten

F_SETPIPE_SZ = 1031
DELIVERY = "from hostql.watchdog.voice import say; print(say('a\\udcff'), say('b' * 9000), say('c'))"


def full_pipe() -> tuple[int, int]:
    """Both ends of a pipe that has no room."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    os.write(writer, bytes(4096))
    return reader, writer


def said(text: str, to: int) -> bool:
    """What `say` answers where standard error is that file."""

    def act() -> bool:
        os.dup2(to, 2)
        return say(text)

    return bool(in_child(lambda: None, act))


def test_what_could_drive_a_terminal_is_escaped() -> None:
    code = "from hostql.watchdog.voice import say; say('a\x1b]0;t\x07\\u202e\\n\\x9bé\\udcff')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stderr == "a\\x1b]0;t\\x07\\u202e\\n\\x9bé\\udcff\n".encode()


def test_a_line_is_said_or_what_of_it_has_room() -> None:
    done = subprocess.run([sys.executable, "-c", DELIVERY], capture_output=True, check=True)
    assert done.stdout.split() == [b"True"] * 3
    assert done.stderr == b"a\\udcff\n" + b"b" * 4092 + b"...\nc\n"


def test_a_pipe_that_nobody_reads() -> None:
    reader, writer = full_pipe()
    assert not said("nobody hears it", writer)
    assert os.read(reader, 8192) == bytes(4096)
    assert said("now", writer) and os.read(reader, 100) == b"now\n"
    os.close(reader)
    assert not said("its reader is gone", writer)
    os.close(writer)


def test_a_file_on_a_full_disk() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    file = os.open("/dev/full", os.O_WRONLY)
    assert not said("no room", file)
    os.close(file)


def shortened(log: Path) -> None:
    """Have `log` be standard error, of which three bytes are enough."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)

    def act() -> None:
        os.dup2(descriptor, 2)
        voice.LARGEST = 3
        shorten(str(log))

    in_child(lambda: None, act)
    # Another process that has it open appends to what is left.
    os.write(descriptor, b"later\n")
    os.close(descriptor)


def test_a_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    log, kept = tmp_path / "daemon.log", tmp_path / "daemon.log.1"
    log.write_bytes(b"ab\n")
    shortened(log)
    assert log.read_bytes() == b"ab\nlater\n" and not kept.exists()
    shortened(log)
    assert kept.read_bytes() == b"ab\nlater\n" and kept.stat().st_mode & 0o777 == 0o600
    assert log.read_text() == f"what was said before is in {kept}\nlater\n"
    shortened(log)
    assert kept.read_text() == f"what was said before is in {kept}\nlater\n"
    # What cannot be kept does not stay.
    kept.unlink()
    kept.mkdir()
    shortened(log)
    assert log.read_text() == f"what was said before could not be kept in {kept}: Is a directory\nlater\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [log.name, kept.name]


def test_a_log_that_is_not_standard_error_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "daemon.log").write_bytes(b"abcdef")
    other = tmp_path / "other"
    other.write_bytes(b"abcdef")
    with open(other, "ab") as file:

        def act() -> None:
            os.dup2(file.fileno(), 2)
            voice.LARGEST = 3
            shorten(str(tmp_path / "daemon.log"))

        in_child(lambda: None, act)
    assert [path.read_bytes() for path in (other, tmp_path / "daemon.log")] == [b"abcdef"] * 2
