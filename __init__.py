"""hostql: SQL over the live state of a Linux host.

The folders beside this file are its rooms; docs/architecture.md is their map.
"""

from ._version import __version__

__all__ = ["__version__"]
