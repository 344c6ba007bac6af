"""Runs the command as a script would."""

from __future__ import annotations

import subprocess
import sys


def hostql(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hostql", *arguments], input=stdin, capture_output=True, text=True, timeout=60
    )
