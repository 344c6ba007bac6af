"""`python -m hostql`, and what the command `hostql` (bin/hostql) runs."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# What start-up makes stays: with the threshold of 700 objects the collector looks at it in vain six times (0.7 ms).
_COLLECT_EVERY = 50_000


def main() -> int:
    """Run the command line; returns the exit code."""
    from .shell.cli import run

    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        # Python leaves None where the stream was closed before it started (`hostql ... >&-`).
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
    return run(sys.argv[1:])


def end() -> NoReturn:
    """Run the command line and end the process without taking the interpreter apart, which would cost 2 ms of 20."""
    import atexit

    from .shell.messages import take_over

    gc.set_threshold(_COLLECT_EVERY)
    take_over()
    code = main()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    end()
