"""`Rules`: an exclusion profile, checked and ready to be compiled.

An event that matches every field of a rule is dropped: fields are AND-ed within a rule, rules are OR-ed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


# What a rule can ask about.
FIELDS = ("cidr", "port", "protocol", "path", "parent_path", "comm", "uid", "cgroup", "container", "success")


class PathPattern:
    """A path to compare with: `kind` is exact, prefix (a directory and all below it) or glob.

    In a glob `*` and `?` stay within one name, `**` crosses directories, `[abc]` and `[!abc]` are classes.
    """

    __slots__ = ("kind", "text")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text


class Rule:
    """One rule. An empty tuple is a field that is not asked about; several values of a field are alternatives.

    id           its number among all rules in force, from 0
    source       its JSON, in one spelling: what makes it the same rule after a change of the profile
    profile      the profile it is of, and `number` its place there, from 0
    event_class  process, socket, dns, file, user, security, hardware, syslog; '' for all
    cidr         networks of the remote address (of the local one where there is no remote)
    port         (lowest, highest) of the remote port (of the local one where there is no remote)
    protocol     protocol numbers
    path         the executable of the process; for class file, the file (of a rename or link, both names)
    parent_path  the executable of the parent
    comm         names of the process's main thread, at most 15 bytes
    uid          user ids
    cgroup       control group paths; the group and all below it
    container    container ids, their beginnings (12 hexadecimal digits or more), names; '*' is any container
    success      whether the system call succeeded; None is not asked about
    """

    __slots__ = (
        *("cgroup", "cidr", "comm", "container", "event_class", "id", "number", "parent_path", "path", "port"),
        *("profile", "protocol", "source", "success", "uid"),
    )

    def __init__(
        self,
        id: int,
        source: str,
        *,
        event_class: str = "",
        cidr: tuple[IPv4Network | IPv6Network, ...] = (),
        port: tuple[tuple[int, int], ...] = (),
        protocol: tuple[int, ...] = (),
        path: tuple[PathPattern, ...] = (),
        parent_path: tuple[PathPattern, ...] = (),
        comm: tuple[str, ...] = (),
        uid: tuple[int, ...] = (),
        cgroup: tuple[str, ...] = (),
        container: tuple[str, ...] = (),
        success: bool | None = None,
        profile: str = "",
        number: int | None = None,
    ) -> None:
        self.id = id
        self.source = source
        self.profile = profile
        self.number = id if number is None else number
        self.event_class = event_class
        self.cidr = cidr
        self.port = port
        self.protocol = protocol
        self.path = path
        self.parent_path = parent_path
        self.comm = comm
        self.uid = uid
        self.cgroup = cgroup
        self.container = container
        self.success = success

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same rule in two editions of a configuration."""
        return self.profile, self.source

    def fields(self) -> frozenset[str]:
        """The names of the fields that are asked about."""
        return frozenset(name for name in FIELDS if getattr(self, name) not in ((), None))


class Rules:
    """The rules in force; `profile` names the profile they are of, or several, separated by commas."""

    __slots__ = ("profile", "rules")

    def __init__(self, profile: str = "", rules: tuple[Rule, ...] = ()) -> None:
        self.profile = profile
        self.rules = rules

    def of_class(self, event_class: str) -> tuple[Rule, ...]:
        """The rules that can drop events of a class."""
        return tuple(rule for rule in self.rules if rule.event_class in ("", event_class))
