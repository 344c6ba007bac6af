"""Asking what may never answer: a system call on a dead network or FUSE file system ends with its server's answer only,
in state D, where not even SIGKILL ends it. So it is made by a child process, which can be left behind; a thread could
not, since no process ends before all of its threads have.
"""

from __future__ import annotations

import marshal
import os
import signal

from .host import LIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

# Seconds in which an answer must come.
PATIENCE = 5.0
# Milliseconds between two looks at whether the statement was stopped.
_LOOK = 100
_LENGTH = 4
# Children left behind that have not ended yet, and what some of them wait for: nobody waits for that a second time.
_left: set[int] = set()
_stuck: dict[Any, int] = {}


def answers(
    function: Callable[[Any], tuple[Any, ...]], questions: Sequence[Any], check: Callable[[], None]
) -> Iterator[tuple[Any, ...] | OSError | None]:
    """What `function` returns for each question, or the OSError it raises; None where that takes too long.

    A child process calls it: it may return what marshal can write, and change nothing. `check` may raise to end it all.
    """
    _left.difference_update([child for child in _left if _has_ended(child)])
    at = 0
    while at < len(questions):
        if _is_stuck(questions[at]):
            at += 1
            yield None
            continue
        end = next((i for i in range(at, len(questions)) if _is_stuck(questions[i])), len(questions))
        child, pipe = _child(function, questions[at:end])
        try:
            while at < end:
                answer = _answer(pipe, check)
                if answer is None:
                    _stuck[questions[at]] = child
                    break
                at += 1
                yield OSError(*answer[1:]) if answer[0] == "error" else answer[1]
        finally:
            os.close(pipe)
            os.kill(child, signal.SIGKILL)
            if at == end:
                os.waitpid(child, 0)
            else:
                # It may be in state D, whatever ended this: an answer that did not come, or the statement.
                _left.add(child)


def _child(function: Callable[[Any], tuple[Any, ...]], questions: Sequence[Any]) -> tuple[int, int]:
    """A process that answers the questions one after the other, and the pipe on which it does."""
    import warnings

    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of other threads: they may hold locks, of which the child needs none.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    try:
        # Whoever reads what this process writes must not wait for a child that is left behind.
        for fd in LIVE.listdir("/proc/self/fd"):
            if int(fd) != writer:
                _close(int(fd))
        for question in questions:
            try:
                answer: tuple[Any, ...] = ("answer", function(question))
            except OSError as error:
                answer = ("error", error.errno, error.strerror)
            raw = marshal.dumps(answer)
            os.write(writer, len(raw).to_bytes(_LENGTH, "little") + raw)
    finally:
        os._exit(0)


def _close(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:
        # That of the directory itself.
        pass


def _answer(pipe: int, check: Callable[[], None]) -> tuple[Any, ...] | None:
    import select
    from time import monotonic

    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    until = monotonic() + PATIENCE
    while not poll.poll(_LOOK):
        check()
        if monotonic() > until:
            return None
    # One write of less than a page (PIPE_BUF) arrives whole.
    head = os.read(pipe, _LENGTH)
    if len(head) < _LENGTH:
        return None
    answer: tuple[Any, ...] = marshal.loads(os.read(pipe, int.from_bytes(head, "little")))
    return answer


def _is_stuck(question: Any) -> bool:
    child = _stuck.get(question)
    if child is not None and child not in _left:
        del _stuck[question]
    return question in _stuck


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True
