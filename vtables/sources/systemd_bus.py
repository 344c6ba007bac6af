"""What the running systemd tells of its units, over D-Bus (org.freedesktop.systemd1(5))."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..scan import Scan

_NAME = "org.freedesktop.systemd1"
_MANAGER_PATH = "/org/freedesktop/systemd1"
_PROPERTIES = "org.freedesktop.DBus.Properties"
# A manager that does not answer for so long is taken to be stuck.
_SECONDS = 10.0


class LoadedUnit:
    """A unit that systemd has loaded, as ListUnits tells it. `job_id` is 0 for no job."""

    __slots__ = (
        "active_state",
        "description",
        "following",
        "id",
        "job_id",
        "job_path",
        "job_type",
        "load_state",
        "object_path",
        "sub_state",
    )

    def __init__(self, fields: tuple[Any, ...]) -> None:
        self.id, self.description, self.load_state, self.active_state, self.sub_state = fields[:5]
        self.following, self.object_path, self.job_id, self.job_type, self.job_path = fields[5:10]


class SystemdBus:
    """A connection to the manager. Its methods raise OSError where it does not answer."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __del__(self) -> None:
        self._connection.close()

    def units(self) -> list[LoadedUnit]:
        """The units that are loaded."""
        (found,) = self._call(_MANAGER_PATH, f"{_NAME}.Manager", "ListUnits")
        return [LoadedUnit(fields) for fields in found]

    def property(self, object_path: str, kind: str, name: str) -> Any:
        """A property of a unit; `kind` is 'Unit', 'Service', 'Timer' and so on. None for one that is gone."""
        found = self._call(object_path, _PROPERTIES, "Get", "ss", (f"{_NAME}.{kind}", name))
        return found[0][1] if found else None

    def _call(self, path: str, interface: str, method: str, signature: str = "", body: tuple[Any, ...] = ()) -> Any:
        from jeepney import DBusAddress, MessageFlag, MessageType, new_method_call

        address = DBusAddress(path, bus_name=_NAME, interface=interface)
        message = new_method_call(address, method, signature or None, body)
        # Only a manager that runs is asked: nothing is started.
        message.header.flags |= MessageFlag.no_auto_start
        reply = self._connection.send_and_get_reply(message, timeout=_SECONDS)
        if reply.header.message_type is MessageType.error:
            if interface == _PROPERTIES:
                return None
            raise ConnectionRefusedError(str(reply.body[0]) if reply.body else "systemd refuses")
        return reply.body


def systemd_of(scan: Scan) -> tuple[SystemdBus, list[LoadedUnit]] | None:
    """The running systemd and its units, asked once a statement; None where none runs or it cannot be reached."""
    if not scan.host.live:
        return None
    found = scan.shared("systemd", _ask)
    if isinstance(found, str):
        scan.note(found)
        return None
    return found


def _ask() -> tuple[SystemdBus, list[LoadedUnit]] | str | None:
    """A text says why it cannot be asked."""
    from jeepney.bus import get_bus
    from jeepney.io.blocking import DBusConnection, prep_socket

    class Connection(DBusConnection):  # type: ignore[misc]
        """One that never waits for longer."""

        def receive(self, *, timeout: float | None = None) -> Any:
            return super().receive(timeout=_SECONDS if timeout is None else timeout)

    try:
        address = get_bus("SYSTEM")
        socket = prep_socket(address, timeout=_SECONDS)
        try:
            bus = SystemdBus(Connection(socket))
        except BaseException:
            socket.close()
            raise
        return bus, bus.units()
    except FileNotFoundError:
        # No system bus runs here.
        return None
    except Exception as error:
        # A bus that refuses, or hangs, or speaks something else (jeepney's errors have no common base).
        return f"systemd cannot be asked: {error or type(error).__name__}"
