"""hostql as a user has it: in an environment of its own, without the import hooks of an editable install."""

from __future__ import annotations

import atexit
import os
import shutil
import sysconfig
import tempfile
import venv
from functools import lru_cache

# What only a checkout has: its import hooks would slow Python down and so flatter us.
_HOOKS = (".pth", ".egg-link")


@lru_cache(maxsize=1)
def python() -> str:
    """The interpreter of a fresh environment that shows this checkout and the packages installed beside it."""
    folder = tempfile.mkdtemp(prefix="hostql-bench-")
    atexit.register(shutil.rmtree, folder)
    venv.create(folder, with_pip=False, symlinks=True)
    theirs = sysconfig.get_path(
        "purelib", "venv" if "venv" in sysconfig.get_scheme_names() else "posix_prefix", {"base": folder}
    )
    for name in os.listdir(sysconfig.get_path("purelib")):
        if not name.endswith(_HOOKS) and not name.startswith(("__", "hostql")):
            os.symlink(os.path.join(sysconfig.get_path("purelib"), name), os.path.join(theirs, name))
    os.symlink(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), os.path.join(theirs, "hostql"))
    return os.path.join(folder, "bin", "python")


def hostql(*arguments: str) -> list[str]:
    """The command `hostql ARGUMENTS`, as its installed script runs it."""
    return [python(), os.path.join(os.path.dirname(__file__), "..", "bin", "hostql"), *arguments]
