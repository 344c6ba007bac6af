"""Every socket of a namespace against ss(8): TCP, UDP and unix, both families, listening, connected and left behind."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import Any

import pytest
from hostql.tests.conftest import in_new_network, query, tool
from hostql.vtables.database import Database

pytestmark = pytest.mark.live

# tcp_states.h
FIN_WAIT2 = 5
STATES = {"ESTAB": "ESTABLISHED", "FIN-WAIT-1": "FIN_WAIT1", "FIN-WAIT-2": "FIN_WAIT2"}


def arrange(folder: str) -> list[socket.socket]:
    """Sockets of every kind, those of a connection half closed and of one in TIME_WAIT too."""
    held = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        server = socket.create_server((address, 0), family=family)
        for _ in range(3):
            client = socket.create_connection(server.getsockname()[:2])
            accepted, _ = server.accept()
            held += [client, accepted]
        held[-1].shutdown(socket.SHUT_WR)
        # The other side acknowledges when it likes to; until then the state is another at each look.
        while held[-1].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != FIN_WAIT2:
            os.sched_yield()
        held[-3].close()
        held[-4].close()
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, 0))
        peer = socket.socket(family, socket.SOCK_DGRAM)
        peer.connect(udp.getsockname()[:2])
        held += [server, udp, peer]
    anywhere = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    mapped = socket.create_connection(("127.0.0.1", anywhere.getsockname()[1]))
    held += [anywhere, mapped, anywhere.accept()[0]]
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
        named = socket.socket(socket.AF_UNIX, kind)
        named.bind(f"{folder}/s{int(kind)}")
        if kind != socket.SOCK_DGRAM:
            named.listen()
        held.append(named)
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0hostql")
    abstract.listen()
    return [*held, abstract, *socket.socketpair()]


def ss(*options: str) -> list[list[str]]:
    done = subprocess.run(["ss", "-H", "-n", "-a", "-O", *options], capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def here() -> tuple[str]:
    """The namespace this process is in, as a parameter."""
    return (str(os.stat("/proc/self/ns/net").st_ino),)


def end(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    address = address.strip("[]").partition("%")[0]
    return ("::" if address == "*" else address), 0 if port == "*" else int(port)


def test_inet_sockets(tmp_path):
    tool("ss", "-V")

    def both() -> tuple[Any, Any]:
        held = arrange(str(tmp_path))
        shown = [(6, fields) for fields in ss("-t", "-e")] + [(17, fields) for fields in ss("-u", "-e")]
        with Database() as db:
            rows = query(db, "SELECT * FROM sockets WHERE protocol IN (6, 17) AND net_namespace = ?", here())
        return shown, (rows, len(held))

    shown, (rows, _) = in_new_network(both)
    expected = set()
    for protocol, (state, received, sent, local, remote, *extra) in shown:
        inode = next((int(word[4:]) for word in extra if word.startswith("ino:")), 0)
        name = STATES.get(state, state.replace("-", "_")) if protocol == 6 else ""
        expected.add((protocol, name, int(received), int(sent), *end(local), *end(remote), inode))
    names = "protocol state receive_queue send_queue local_address local_port remote_address remote_port socket"
    found = {tuple(row[name] for name in names.split()) for row in rows}
    assert plain(found) == plain(expected)
    assert len(rows) == len(expected)
    states = {row["state"] for row in rows if row["protocol"] == 6}
    assert {"LISTEN", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT2", "TIME_WAIT"} <= states
    assert {row["family"] for row in rows} == {socket.AF_INET, socket.AF_INET6}


def plain(ends: set[tuple]) -> set[tuple]:
    """ss writes an address that is IPv4 inside of IPv6 in either way, by its version."""
    return {tuple(part.replace("::ffff:", "") if isinstance(part, str) else part for part in one) for one in ends}


def test_unix_sockets(tmp_path):
    tool("ss", "-V")

    def both() -> tuple[Any, Any]:
        held = arrange(str(tmp_path))
        shown = ss("-x")
        with Database() as db:
            rows = query(db, "SELECT * FROM sockets WHERE family = 1 AND net_namespace = ?", here())
        return shown, (rows, len(held))

    shown, (rows, _) = in_new_network(both)
    kinds = {"u_str": "stream", "u_dgr": "datagram", "u_seq": "seqpacket"}
    expected = set()
    for kind, state, _, _, path, inode, _, peer, *_ in shown:
        name = {"LISTEN": "LISTEN", "ESTAB": "ESTABLISHED"}.get(state, "")
        expected.add((kinds[kind], name, "" if path == "*" else path, int(inode), int(peer) or None))
    assert {(r["type"], r["state"], r["path"], r["socket"], r["peer"]) for r in rows} == expected
    assert {row["path"] for row in rows} == {"", "@hostql", *(f"{tmp_path}/s{kind}" for kind in (1, 2, 5))}


def test_who_listens_is_whom_ss_names(tmp_path):
    tool("ss", "-V")

    def both() -> tuple[Any, Any, int]:
        held = arrange(str(tmp_path))
        shown = ss("-l", "-t", "-u", "-p")
        with Database() as db:
            sql = "SELECT pid, fd, protocol, address, port FROM listening_ports WHERE port > 0 AND net_namespace = ?"
            rows = query(db, sql, here())
        return shown, rows, len(held)

    shown, rows, _ = in_new_network(both)
    expected = set()
    for kind, state, _, _, local, _, holder in shown:
        if state in ("LISTEN", "UNCONN"):
            pid, fd = (int(part.rpartition("=")[2]) for part in holder.rstrip(")").split(",")[1:3])
            expected.add((pid, fd, {"tcp": 6, "udp": 17}[kind], *end(local)))
    assert {tuple(row.values()) for row in rows} == expected
    assert len({row["pid"] for row in rows}) == 1


def test_open_sockets_are_those_of_lsof(tmp_path):
    """The descriptors of a process that are sockets with an end or a name."""
    tool("lsof", "-v")

    def both() -> tuple[str, Any]:
        held = arrange(str(tmp_path))
        command = ["lsof", "-n", "-P", "-a", "-p", str(os.getpid()), "-i", "-F", "fPn"]
        shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        with Database() as db:
            sql = "SELECT * FROM process_open_sockets WHERE pid = ? AND family <> 1"
            return shown, (query(db, sql, (os.getpid(),)), len(held))

    shown, (rows, _) = in_new_network(both)
    expected: dict[int, list[str]] = {}
    for line in shown.splitlines():
        if line[0] == "f":
            expected[int(line[1:])] = fields = []
        elif line[0] in "Pn":
            fields.append(line[1:])
    found = {}
    for row in rows:
        local, remote = (
            f"{f'[{row[a]}]' if ':' in row[a] else row[a]}:{row[p]}"
            for a, p in (("local_address", "local_port"), ("remote_address", "remote_port"))
        )
        ends = local if row["remote_port"] == 0 else f"{local}->{remote}"
        found[row["fd"]] = [{6: "TCP", 17: "UDP"}[row["protocol"]], ends.replace("[::]", "*").replace("::ffff:", "")]
    clean = {fd: [kind, ends.replace("::ffff:", "")] for fd, (kind, ends) in expected.items()}
    strip = str.maketrans("", "", "[]")
    assert {fd: [kind, ends.translate(strip)] for fd, (kind, ends) in found.items()} == {
        fd: [kind, ends.translate(strip)] for fd, (kind, ends) in clean.items()
    }
