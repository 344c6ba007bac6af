"""Users, groups and memberships of systemd's user database (nss-systemd(8), https://systemd.io/USER_RECORD).

Records are JSON: NAME.user, NAME.group in the folders below, with or without a daemon; UID.user and GID.group, mostly
links to them, are what a look-up by number finds. USER:GROUP.membership is a membership. What nobody else should know
is in NAME.user-privileged beside the record. Users of systemd-homed have theirs in a service instead.
"""

from __future__ import annotations

from .configuration import bytes_of, names_in, text_of
from .machine import machine_of
from .text import clean, decode, from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ..scan import Scan

# What is in the first hides what has the same name in those after it.
_FOLDERS = ("/etc/userdb", "/run/userdb", "/run/host/userdb", "/usr/local/lib/userdb", "/usr/lib/userdb")
# The services of the running host that have accounts of their own, which getent(1) lists: those of systemd-homed, and
# those that systemd makes for a service while it runs. The others look into files themselves, or ask services.
_SERVICES = tuple(f"/run/systemd/userdb/io.systemd.{name}" for name in ("Home", "DynamicUser"))
_LARGEST = 1 << 20
_LONGEST_NAME = 4096
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
        """A field that is an unsigned number of 64 bits."""
        return _number(self.fields.get(key), 64)

    @property
    def members(self) -> list[str]:
        """The members of a group; one name that cannot be any costs the list, as systemd reads it."""
        given = self.fields.get("members")
        return [clean(str(name)) for name in given] if isinstance(given, list) and all(map(is_name, given)) else []

    def secrets(self, key: str) -> list[str]:
        """The texts of a privileged field, a list of them or a single one."""
        section = self.fields.get("privileged")
        given = section.get(key) if isinstance(section, dict) else None
        values = given if isinstance(given, list) else [given]
        return [clean(str(value)) for value in values] if all(isinstance(value, str) for value in values) else []

    @property
    def gid(self) -> int:
        """The primary group of a user: the group of the same number, if the record says nothing."""
        gid = _id(self.fields.get("gid"))
        return self.id if gid is None else gid

    @property
    def directory(self) -> str:
        """The home directory of a user; where the record has none, what systemd takes for its kind of user."""
        if _is_home(self.fields.get("homeDirectory")):
            return self.text("homeDirectory")
        return "/root" if self.id == 0 else f"/home/{self.name}" if self._regular else "/"

    @property
    def shell(self) -> str:
        """The login shell of a user, as its home directory."""
        given = self.text("shell") if _is_shell(self.fields.get("shell")) else ""
        return given or ("/bin/sh" if self.id == 0 else "/bin/bash" if self._regular else _NOLOGIN)

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
        # Of two members of the same name systemd takes the first; infinities and NaN are no JSON.
        fields = json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs)), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    # A file has no state of this machine and no secrets of a login: services add those.
    if not isinstance(fields, dict) or not _has_whole_texts(fields) or "status" in fields or "secret" in fields:
        return None
    return for_machine(fields, machine, host)


def for_machine(fields: dict[str, Any], machine: str, host: str) -> dict[str, Any] | None:
    """The fields with what they say of this machine alone; None for sections that are malformed.

    A value without sense there leaves the record's own in force.
    """
    sections, binding = fields.get("perMachine", []), fields.get("binding", {})
    if not isinstance(sections, list) or not isinstance(binding, dict):
        return None
    found = dict(fields)
    for section in sections:
        if not isinstance(section, dict):
            return None
        ids, hosts = map(_machine_id, _listed(section.get("matchMachineId"))), _listed(section.get("matchHostname"))
        if (machine and machine in ids) or (host and host in hosts):
            found.update({key: section[key] for key, valid in _PER_MACHINE.items() if valid(section.get(key))})
    # What homed decided here, if it may decide that.
    decided = binding.get(machine)
    if isinstance(decided, dict):
        found.update({key: decided[key] for key, valid in _BINDING.items() if valid(decided.get(key))})
    return found


def is_name(value: Any) -> bool:
    """Whether it can be the name of a user or a group, by the generous rules of https://systemd.io/USER_NAMES.

    >>> [is_name(name) for name in ("a b", "é", "a.b", "5", "-5", "a:b", " a", "..", "")]
    [True, True, True, False, False, False, False, False, False]
    """
    if not isinstance(value, str) or value in ("", ".", "..", "-") or value != value.strip():
        return False
    return not _is_number(value.lstrip("-")) and not any(c < " " or c in ":/\x7f" for c in value)


def _refuse(_: str) -> None:
    raise ValueError


def _has_whole_texts(value: Any) -> bool:
    """Whether no text in it has a NUL or half of a character."""
    waiting = [value]
    for each in waiting:
        if isinstance(each, dict):
            waiting += (*each, *each.values())
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and ("\0" in each or clean(each) != each):
            return False
    return True


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _machine_id(given: Any) -> str:
    """A machine id as /etc/machine-id has it; it may be a UUID, and in capitals."""
    if not isinstance(given, str):
        return ""
    plain = given.replace("-", "") if [len(part) for part in given.split("-")] == [8, 4, 4, 4, 12] else given
    return plain.lower()


def _is_home(value: Any) -> bool:
    """Whether systemd takes it for a home directory: a path that is absolute and normal, without what ends a field."""
    return isinstance(value, str) and value.startswith("/") and ":" not in value and (value == "/" or _is_path(value))


def _is_shell(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and _is_path(value, controls=True)


def _is_path(value: str, controls: bool = False) -> bool:
    parts = value[value.startswith("/") :].split("/")
    long = len(value.encode("utf-8", "replace")) >= _LONGEST_NAME or any(
        len(part.encode("utf-8", "replace")) > 255 for part in parts
    )
    return (
        not long and not {"", ".", ".."} & set(parts) and (controls or not any(c < " " or c == "\x7f" for c in value))
    )


def user_records(scan: Scan) -> list[Record]:
    """The users, those that can be found by name before those by number alone; notes say which are no accounts."""
    return scan.shared(
        "userdb users", lambda: [*_records(scan, ".user", "userName", "uid"), *_of_services(scan, "User")]
    )


def group_records(scan: Scan) -> list[Record]:
    """The groups, as `user_records`."""
    return scan.shared(
        "userdb groups", lambda: [*_records(scan, ".group", "groupName", "gid"), *_of_services(scan, "Group")]
    )


def memberships(scan: Scan) -> list[tuple[str, str]]:
    """(user, group) of each membership that has a file of its own, where an empty one says that there is none, and of
    those that services know, such as `memberOf` of the users of systemd-homed."""
    found = []
    for name, folder in _files(scan, ".membership").items():
        user, colon, group = name[: -len(".membership")].partition(":")
        if colon and user and group and _has_content(scan, f"{folder}/{name}"):
            found.append((from_os(user), from_os(group)))
    for reply, _ in _replies(scan, "GetMemberships", "memberships"):
        names = reply.get("userName"), reply.get("groupName")
        if all(map(is_name, names)):
            found.append((clean(str(names[0])), clean(str(names[1]))))
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
    machine, host = machine_of(scan)
    seen = set()
    for file in sorted(files, key=lambda file: (_is_number(file[: -len(ending)]), file)):
        scan.check()
        path = f"{files[file]}/{file}"
        text = text_of(scan, path, expected=False, limit=_LARGEST)
        if not text.strip():
            # Empty, or a link to /dev/null: it hides one of the same name in another folder.
            continue
        fields, stem = parse_record(text, machine, host), file[: -len(ending)]
        name, id = (None, None) if fields is None else (fields.get(name_key), _id(fields.get(id_key)))
        if fields is None or not isinstance(name, str) or not is_name(name) or id is None:
            scan.note(f"{from_os(path)} is no record of an account with a name and a number")
        elif stem != (str(id) if _is_number(stem) else name):
            scan.note("a record is found neither by its name nor by its number, so it is no account", path)
        elif (name, id) not in seen:
            seen.add((name, id))
            yield Record(clean(name), id, fields, from_os(path))


def _of_services(scan: Scan, kind: str) -> Iterator[Record]:
    """The accounts of services of the running host; `kind` is User or Group."""
    name_key, id_key = ("userName", "uid") if kind == "User" else ("groupName", "gid")
    for reply, path in _replies(scan, f"Get{kind}Record", f"{kind.lower()}s"):
        given = reply.get("record")
        fields = for_machine(given, *machine_of(scan)) if isinstance(given, dict) else None
        name, id = (None, None) if fields is None else (fields.get(name_key), _id(fields.get(id_key)))
        if fields is None or not isinstance(name, str) or id is None:
            scan.note(f"{path} answered with what is no record of an account with a name and a number")
        else:
            yield Record(clean(name), id, fields, path)


def _replies(scan: Scan, method: str, what: str) -> Iterator[tuple[dict[str, Any], str]]:
    """(reply, socket) of a method of each service."""
    from .varlink import call

    for path in _SERVICES if scan.host.live else ():
        if not scan.host.exists(path):
            continue
        try:
            for reply in call(path, f"io.systemd.UserDatabase.{method}", {"service": path.rpartition("/")[2]}):
                yield reply, path
        except OSError as error:
            scan.note(f"the {what} of {path} are not known: {error}")


def _number(value: Any, bits: int) -> int | None:
    """A number without sign, which may be written with a point or an exponent; JSON's true is none."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < 1 << bits else None


def _id(value: Any) -> int | None:
    """The number of a user or a group."""
    id = _number(value, 32)
    return None if id in _NOBODY else id


def _is_time(value: Any) -> bool:
    return _number(value, 64) is not None


def _is_id(value: Any) -> bool:
    return _id(value) is not None


# What a record may say for some machines alone, of what is read here, and whether a value has sense.
_PER_MACHINE: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("uid", "gid"), _is_id),
    "shell": _is_shell,
    "locked": lambda value: isinstance(value, bool),
    "notAfterUSec": _is_time,
    **{f"passwordChange{of}USec": _is_time for of in ("Min", "Max", "Warn", "Inactive")},
}
_BINDING: dict[str, Callable[[Any], bool]] = {"uid": _is_id, "gid": _is_id, "homeDirectory": _is_home}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
