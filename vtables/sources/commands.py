"""Asking a program of the host, for the little that no file and no plain system call tells."""

from __future__ import annotations

import os

from ..errors import TableUnavailable
from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

# Where the programs asked for live; PATH is not trusted.
_FOLDERS = ("/usr/sbin", "/sbin", "/usr/bin", "/bin")
_SECONDS = 10.0


def output_of(scan: Scan, name: str, *arguments: str, package: str) -> str | None:
    """What the program prints; None with a note where it fails. TableUnavailable where it is not installed."""
    import subprocess

    scan.host.only_live(f"the answers of {name}")
    path = next((f"{folder}/{name}" for folder in _FOLDERS if os.access(f"{folder}/{name}", os.X_OK)), None)
    if path is None:
        raise TableUnavailable(f"{name} is not installed on this host", f"Install the package {package}.")
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            env={"LC_ALL": "C", "PATH": ":".join(_FOLDERS)},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        scan.note(f"{name} could not be asked: {error}")
        return None
    if done.returncode != 0:
        said = decode(done.stderr).strip().split("\n")[0]
        scan.note(f"{name} failed: {said or f'exit code {done.returncode}'} (it needs root)")
        return None
    return decode(done.stdout)
