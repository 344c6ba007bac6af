"""Announcements of devices by this host's kernel."""

from __future__ import annotations

import glob
import os
import socket
from collections.abc import Iterator

import pytest
from hostql.events.options import Options
from hostql.events.publishers.udev import Udev
from hostql.tests.conftest import as_nobody
from hostql.tests.events.streams import Kept, drain_until

pytestmark = pytest.mark.live
TABLES = frozenset({"hardware_events"})


@pytest.fixture
def publisher() -> Iterator[Udev]:
    made = Udev()
    made.open(TABLES, Options())
    yield made
    made.close()


def announce(path: str) -> None:
    """Let the kernel announce a device of the host again (Documentation/ABI/testing/sysfs-uevent)."""
    try:
        with open(f"/sys{path}/uevent", "w") as file:
            file.write("change")
    except OSError as error:
        pytest.skip(f"no device can be announced here: {error}")


def test_a_device_is_announced(publisher: Udev):
    kept, path = Kept(), "/devices/virtual/mem/null"
    announce(path)
    drain_until(publisher, kept, lambda: any(row["path"] == path for row in kept.rows))
    row = next(row for row in kept.rows if row["path"] == path)
    assert (row["action"], row["type"], row["vendor_id"]) == ("change", "mem", "")
    assert publisher.counters().seen >= 1


def test_who_made_it_is_read_from_this_hosts_sys(publisher: Udev):
    devices = [path for path in glob.glob("/sys/bus/pci/devices/*") if os.path.exists(path + "/vendor")]
    if not devices:
        pytest.skip("no PCI device here")
    path, kept = os.path.realpath(devices[0])[len("/sys") :], Kept()
    announce(path)
    drain_until(publisher, kept, lambda: any(row["path"] == path for row in kept.rows))
    row = next(row for row in kept.rows if row["path"] == path)
    with open(f"/sys{path}/vendor") as vendor, open(f"/sys{path}/device") as device:
        assert (f"0x{row['vendor_id']}", f"0x{row['model_id']}") == (vendor.read().strip(), device.read().strip())


def test_what_another_process_sends_is_not_believed(publisher: Udev):
    forged, kept = b"add@/devices/forged\0ACTION=add\0DEVPATH=/devices/forged\0SUBSYSTEM=usb\0", Kept()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15) as link:
        try:
            link.sendto(forged, (publisher._link.getsockname()[0], 0))
        except OSError as error:
            pytest.skip(f"nobody can send here: {error}")
    drain_until(publisher, kept, lambda: publisher.counters().lost)
    assert not [row for row in kept.rows if row["path"] == "/devices/forged"]


def test_a_flood_that_does_not_fit_is_counted(publisher: Udev):
    publisher._link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    kept, path = Kept(), "/devices/virtual/mem/null"
    for _ in range(100):
        announce(path)
    drain_until(publisher, kept, lambda: kept.gaps)
    assert publisher.counters().lost == sum(lost for _, lost in kept.gaps) > 0


def test_an_ordinary_user_may_listen():
    def listen() -> bool:
        made = Udev()
        made.open(TABLES, Options())
        made.close()
        return True

    assert as_nobody(listen)
