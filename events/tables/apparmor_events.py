"""The event table `apparmor_events`: what AppArmor reports."""

from __future__ import annotations

from ...vtables.table import BIGINT, TEXT, UNSIGNED_BIGINT, Column
from ..table import EventTable, eid, time, uptime


class ApparmorEvents(EventTable, process_bound=True):
    """What AppArmor reports to audit, itself and by dbus-daemon."""

    type = Column(TEXT, "Name of the audit record: APPARMOR_DENIED and others")
    message = Column(TEXT, "The record as it is")
    time = time()
    uptime = uptime()
    eid = eid()
    apparmor = Column(TEXT, "DENIED, ALLOWED, AUDIT or STATUS")
    operation = Column(TEXT, "What was tried")
    parent = Column(UNSIGNED_BIGINT, "Process id of the parent")
    profile = Column(TEXT, "Profile that decided")
    name = Column(TEXT, "File or other object")
    pid = Column(UNSIGNED_BIGINT, "Process id")
    comm = Column(TEXT, "Command name")
    denied_mask = Column(TEXT, "Permissions that were denied")
    capname = Column(TEXT, "Name of a capability")
    fsuid = Column(UNSIGNED_BIGINT, "User id for file access")
    ouid = Column(UNSIGNED_BIGINT, "Owner of the object")
    capability = Column(BIGINT, "Number of a capability")
    requested_mask = Column(TEXT, "Permissions that were asked for")
    info = Column(TEXT, "More about it")
    error = Column(TEXT, "Error number")
    namespace = Column(TEXT, "AppArmor namespace")
    label = Column(TEXT, "Label of the object")

    event_class = "security"
    publishers = ("audit",)
    examples = [
        "SELECT time, profile, operation, name FROM apparmor_events WHERE apparmor = 'DENIED';",
    ]
