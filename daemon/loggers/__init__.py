"""Where results and status lines go."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..config.options import Options
    from .logger import Logger


def make(options: Options) -> tuple[list[Logger], list[str]]:
    """The loggers that `logger_plugin` names, and in words what is wrong with others."""
    from .filesystem import Filesystem
    from .stdout import Stdout
    from .syslog import Syslog

    made: list[Logger] = []
    problems = []
    for name in dict.fromkeys(word.strip() for word in options.logger_plugin.split(",") if word.strip()):
        try:
            if name == "filesystem":
                made.append(Filesystem(options))
            elif name == "stdout":
                made.append(Stdout())
            elif name == "syslog":
                made.append(Syslog(options))
            else:
                problems.append(f"there is no logger {name}; there are filesystem, stdout and syslog")
        except ValueError as error:
            problems.append(f"the logger {name} cannot be used: {error}")
    return made, problems
