"""Users, groups and memberships of systemd's user database (nss-systemd(8), https://systemd.io/USER_RECORD).

Records are JSON: NAME.user, NAME.group in the folders below, with or without a daemon; UID.user and GID.group, mostly
links to them, are what a look-up by number finds. USER:GROUP.membership is a membership. What nobody else should know
is in NAME.user-privileged beside the record. Users of systemd-homed have theirs in a service instead.
"""

from __future__ import annotations

from .configuration import bytes_of, names_in, text_of
from .text import clean, decode, from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..scan import Scan

# What is in the first hides what has the same name in those after it.
_FOLDERS = ("/etc/userdb", "/run/userdb", "/run/host/userdb", "/usr/local/lib/userdb", "/usr/lib/userdb")
# The services of the running host that have users of their own, whom getent(1) lists: those of systemd-homed, and
# those that systemd makes for a service while it runs. The others look into files themselves, or ask services.
_SERVICES = tuple(f"/run/systemd/userdb/io.systemd.{name}" for name in ("Home", "DynamicUser"))
_LARGEST = 1 << 20
_LONGEST_NAME = 4096
# What a record may say for some machines alone, of what is read here.
_PER_MACHINE = frozenset(
    (
        "uid",
        "gid",
        "shell",
        "locked",
        "notAfterUSec",
        *(f"passwordChange{of}USec" for of in ("Min", "Max", "Warn", "Inactive")),
    )
)
# Ids that stand for no user: those of 32 and of 16 bits that all are one.
_NOBODY = (0xFFFFFFFF, 0xFFFF)
_NOLOGIN = "/usr/sbin/nologin"


class Record:
    """A user or group record of this machine. `fields` are the record's own, `source` is its file or service."""

    __slots__ = ("fields", "id", "name", "source")

    def __init__(self, name: str, id: int, fields: dict[str, Any], source: str) -> None:
        self.name = name
        self.id = id
        self.fields = fields
        self.source = source

    def text(self, key: str) -> str:
        """A field that is a text, '' for none."""
        value = self.fields.get(key)
        return clean(value) if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """A field that is an unsigned number."""
        return _number(self.fields.get(key))

    def texts(self, key: str, within: str = "") -> list[str]:
        """The texts of a field that is a list of them, of a section of the record where one is named."""
        section = self.fields.get(within) if within else self.fields
        values = section.get(key) if isinstance(section, dict) else None
        return [clean(value) for value in values if isinstance(value, str)] if isinstance(values, list) else []

    @property
    def gid(self) -> int:
        """The primary group of a user: the group of the same number, if the record says nothing."""
        gid = self.number("gid")
        return self.id if gid is None else gid

    @property
    def directory(self) -> str:
        """The home directory of a user; where the record has none, what systemd takes for its kind of user."""
        given = self.text("homeDirectory")
        if given.startswith("/"):
            return given
        return "/root" if self.id == 0 else f"/home/{self.name}" if self._regular else "/"

    @property
    def shell(self) -> str:
        """The login shell of a user, as its home directory."""
        return self.text("shell") or ("/bin/sh" if self.id == 0 else "/bin/bash" if self._regular else _NOLOGIN)

    @property
    def _regular(self) -> bool:
        """Whether it is a person's account, by its disposition or else by its number (systemd.io/UIDS-GIDS)."""
        said = self.text("disposition")
        if said in ("intrinsic", "system", "dynamic", "container", "foreign", "reserved"):
            return False
        other = self.id == 65534 or 61184 <= self.id <= 65519 or 524288 <= self.id <= 1879048191
        return said == "regular" or (1000 <= self.id < 1 << 31 and not other)


def parse_record(text: str, machine: str, host: str) -> dict[str, Any] | None:
    """The fields of a record with what it says of the machine of this id and host name; None for what is no record.

    >>> parse_record('{"uid": 1, "perMachine": [{"matchHostname": "h", "shell": "/bin/zsh"}]}', "", "h")["shell"]
    '/bin/zsh'
    """
    import json

    try:
        # Of two members of the same name systemd takes the first.
        fields = json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    sections = fields.get("perMachine")
    for section in sections if isinstance(sections, list) else []:
        if isinstance(section, dict) and (
            _matches(section.get("matchMachineId"), machine) or _matches(section.get("matchHostname"), host)
        ):
            fields.update({key: value for key, value in section.items() if key in _PER_MACHINE})
    # What homed decided here, if it may decide that.
    binding = fields.get("binding")
    decided = binding.get(machine) if isinstance(binding, dict) else None
    for key in ("uid", "gid", "homeDirectory"):
        if isinstance(decided, dict) and key in decided:
            fields[key] = decided[key]
    return fields


def _matches(given: Any, own: str) -> bool:
    return bool(own) and own in (given if isinstance(given, list) else [given])


def user_records(scan: Scan) -> list[Record]:
    """The users, those that can be found by name before those by number alone; notes say which are no accounts."""
    return scan.shared("userdb users", lambda: [*_records(scan, ".user", "userName", "uid"), *_of_services(scan)])


def group_records(scan: Scan) -> list[Record]:
    """The groups, as `user_records`."""
    return scan.shared("userdb groups", lambda: list(_records(scan, ".group", "groupName", "gid")))


def memberships(scan: Scan) -> list[tuple[str, str]]:
    """(user, group) of each membership that has a file of its own; an empty one says that there is none."""
    found = []
    for name, folder in _files(scan, ".membership").items():
        user, colon, group = name[: -len(".membership")].partition(":")
        if colon and user and group and _has_content(scan, f"{folder}/{name}"):
            found.append((from_os(user), from_os(group)))
    return found


def privileged(scan: Scan, user: Record) -> Record | None:
    """A user with what others should not know, and the file that this is in; None, with a note, if it is forbidden."""
    path = f"{user.source}-privileged"
    if not user.source.endswith(".user") or not scan.host.lexists(path):
        return user
    raw = bytes_of(scan, path, expected=False, limit=_LARGEST)
    fields = parse_record(decode(raw), "", "") if raw else {}
    if fields is None:
        scan.note(f"{from_os(path)} is no user record")
    elif "privileged" in fields:
        return Record(user.name, user.id, {**user.fields, "privileged": fields["privileged"]}, from_os(path))
    return None if not raw and _has_content(scan, path) else user


def _has_content(scan: Scan, path: str) -> bool:
    try:
        return scan.host.stat(path).st_size > 0
    except OSError:
        return False


def _files(scan: Scan, ending: str) -> dict[str, str]:
    """{name: folder} of the files with an ending; the first folder that has a name hides the others'."""
    found: dict[str, str] = {}
    for folder in _FOLDERS:
        for name in names_in(scan, folder):
            if name.endswith(ending):
                found.setdefault(name, folder)
    return found


def _records(scan: Scan, ending: str, name_key: str, id_key: str) -> Iterator[Record]:
    files = _files(scan, ending)
    if not files:
        return
    machine = text_of(scan, "/etc/machine-id", expected=False, limit=_LONGEST_NAME).strip()
    host = _host_name(scan)
    seen = set()
    for file in sorted(files, key=lambda file: (_is_number(file[: -len(ending)]), file)):
        scan.check()
        path = f"{files[file]}/{file}"
        text = text_of(scan, path, expected=False, limit=_LARGEST)
        if not text.strip():
            # Empty, or a link to /dev/null: it hides one of the same name in another folder.
            continue
        fields, stem = parse_record(text, machine, host), file[: -len(ending)]
        name, id = (None, None) if fields is None else (fields.get(name_key), _number(fields.get(id_key)))
        if fields is None or not isinstance(name, str) or not name or id is None or id in _NOBODY:
            scan.note(f"{from_os(path)} is no record of an account with a name and a number")
        elif stem != (str(id) if _is_number(stem) else name):
            scan.note("a record is found neither by its name nor by its number, so it is no account", path)
        elif (name, id) not in seen:
            seen.add((name, id))
            yield Record(clean(name), id, fields, from_os(path))


def _of_services(scan: Scan) -> Iterator[Record]:
    """The users of services of the running host."""
    from .varlink import call

    for path in _SERVICES:
        if not scan.host.live or not scan.host.exists(path):
            continue
        try:
            for reply in call(path, "io.systemd.UserDatabase.GetUserRecord", {"service": path.rpartition("/")[2]}):
                fields = reply.get("record")
                fields = fields if isinstance(fields, dict) else {}
                name, id = fields.get("userName"), _number(fields.get("uid"))
                if isinstance(name, str) and id is not None:
                    yield Record(clean(name), id, fields, path)
        except OSError as error:
            scan.note(f"the users of {path} are not known: {error}")


def _host_name(scan: Scan) -> str:
    if scan.host.live:
        import os

        return os.uname().nodename
    return text_of(scan, "/etc/hostname", expected=False, limit=_LONGEST_NAME).strip()


def _number(value: Any) -> int | None:
    """A number of 32 bits without sign; JSON's true is none."""
    return value if type(value) is int and 0 <= value < 1 << 32 else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
