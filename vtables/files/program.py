"""Starting a module of hostql in a process of its own, with the code that this process has, wherever it was started."""

from __future__ import annotations

import sys

# What Python's option -P does, for a Python that has not got it: the current directory is not where modules are.
_RUN = (
    "import sys; del sys.path[0]; name = sys.argv.pop(1); import runpy; "
    "runpy.run_module(name, run_name='__main__', alter_sys=True)"
)


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module. `python -m` alone looks into the current directory first: whoever can write that
    would have his json.py run, by root."""
    if sys.version_info >= (3, 11):
        return [sys.executable, "-P", "-m", name, *arguments]
    return [sys.executable, "-c", _RUN, name, *arguments]
