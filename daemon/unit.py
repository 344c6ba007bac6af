"""The unit file by which systemd runs the agent (systemd.service(5), systemd.exec(5), systemd.resource-control(5))."""

from __future__ import annotations

_UNIT = """\
[Unit]
Description=hostql agent: scheduled queries over the state of this host
After=local-fs.target

[Service]
Type=notify
NotifyAccess=all
ExecStart={python} -m hostql daemon
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=5
WatchdogSec=30
TimeoutStopSec=30
KillMode=mixed
StateDirectory=hostql
StateDirectoryMode=0700
LogsDirectory=hostql
LogsDirectoryMode=0750
# The worker gets a group of its own, with limits of its own, below this one.
Delegate=memory cpu pids
OOMPolicy=continue
Nice=10
IOSchedulingClass=idle
UMask=0077
# What queries need stays: all processes, all files to read, audit, BPF, netlink.
NoNewPrivileges=yes
ProtectSystem=full
ReadWritePaths=/var/lib/hostql /var/log/hostql
ProtectHostname=yes
ProtectClock=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""


def unit(python: str) -> str:
    """The unit, for an installation whose interpreter is `python`."""
    return _UNIT.format(python=python)
