"""What systemd makes of a unit's settings when it loads it, without loading it: its state, its user, its times."""

from __future__ import annotations

from .unit_syntax import UnitName, is_true
from .unit_times import is_calendar, is_span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .unitfiles import UnitFile

INTERVALS = ("OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec")
# Each of them clears them all where it is empty.
_TIMES = ("OnCalendar", *INTERVALS)
_LISTENS = "Stream Datagram SequentialPacket FIFO Special Netlink MessageQueue USBFunction".split()
_WATCHES = ("PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty")
# What of which kinds of unit runs programs, as a user that may be named.
_RUNNING = {"service": "Service", "socket": "Socket", "mount": "Mount", "swap": "Swap"}
_LONGEST_USER = 31


def load_state(file: UnitFile) -> str:
    """The state that systemd would load the unit in; a template is loaded by its instances alone."""
    if file.masked:
        return "masked"
    if file.missing:
        return "not-found"
    if file.broken:
        return "error"
    name = UnitName(file.main_id)
    return "bad-setting" if name.instance != "" and _is_bad(file, name.type) else "loaded"


def user_of(file: UnitFile) -> str | None:
    """The user a unit runs as, '' for root; None for one of DynamicUser= whose name only systemd can work out."""
    name = UnitName(file.main_id)
    section = _RUNNING.get(name.type, "")
    user = file.last(section, "User")
    if user or not section or not is_true(file.last(section, "DynamicUser", "no")):
        return user
    return name.prefix if _is_plain_name(name.prefix) else None


def timer_values(file: UnitFile, name: str) -> list[str]:
    """The times of a timer that count under a setting: what systemd cannot read it ignores."""
    valid = is_calendar if name == "OnCalendar" else is_span
    values = [file.expanded(value) for value in file.values("Timer", name, _TIMES)]
    # What a template has in the place of its instance is not known.
    return [value for value in values if "%" in value or valid(value)]


def _is_bad(file: UnitFile, kind: str) -> bool:
    """Whether a setting without which the unit cannot be is missing, or one is worse than ignored."""
    if not all(map(_is_user, file.raw(_RUNNING.get(kind, ""), "User"))):
        return True
    if kind == "service":
        return _is_bad_service(file)
    if kind == "timer":
        changes = ("OnClockChange", "OnTimezoneChange")
        return not any(timer_values(file, each) for each in _TIMES) and not any(
            is_true(file.last("Timer", each)) for each in changes
        )
    if kind == "socket":
        return not any(file.values("Socket", f"Listen{each}") for each in _LISTENS)
    return kind == "path" and not any(file.values("Path", each) for each in _WATCHES)


def _is_bad_service(file: UnitFile) -> bool:
    starts, stops = file.values("Service", "ExecStart"), file.values("Service", "ExecStop")
    acts = file.last("Unit", "SuccessAction", "none") != "none"
    stays = is_true(file.last("Service", "RemainAfterExit", "no"))
    bus_name = file.last("Service", "BusName")
    kind = file.last("Service", "Type") or ("dbus" if bus_name else "simple" if starts else "oneshot")
    if not starts and (kind != "oneshot" or not (acts or (stops and stays))):
        return True
    if kind == "oneshot":
        return file.last("Service", "Restart") in ("always", "on-success")
    return len(starts) > 1 or (kind == "dbus" and not bus_name)


def _is_user(user: str) -> bool:
    """Whether systemd takes it for a user's name, or a number, however odd it is."""
    if user.isascii() and user.isdigit():
        return True
    odd = any(ord(letter) < 32 or letter in ":/\x7f" for letter in user)
    return bool(user) and not odd and user == user.strip(" ") and user not in (".", "..") and user[0] != "-"


def _is_plain_name(name: str) -> bool:
    plain = name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
    return plain and not name[0].isdigit() and name[0] != "-" and len(name) <= _LONGEST_USER
