"""Sockets of this very process, found again through the tables."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from typing import Any

import pytest
from hostql.tests.conftest import NOBODY, as_nobody, in_new_network, notes, query, tool
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.sources.netns import inside
from hostql.vtables.sources.procnet import parse_inet_list
from hostql.vtables.sources.sock_diag import parse_inet, parse_unix
from hypothesis import given
from hypothesis import strategies as st


def test_a_listener_and_a_connection_are_found_with_their_owner(db: Database):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        port = server.getsockname()[1]
        (listening,) = query(db, "SELECT * FROM listening_ports WHERE port = ?", (port,))
        assert (listening["pid"], listening["fd"], listening["address"]) == (os.getpid(), server.fileno(), "127.0.0.1")
        (open_,) = query(
            db,
            "SELECT * FROM process_open_sockets WHERE pid = ? AND fd = ?",
            (os.getpid(), client.fileno()),
        )
        assert (open_["remote_port"], open_["state"], open_["protocol"]) == (port, "ESTABLISHED", 6)
        assert open_["net_namespace"] == str(os.stat("/proc/self/ns/net").st_ino)


def test_udp_and_unix_sockets(db: Database, tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as unix, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        unix.bind(path)
        unix.listen()
        udp.bind(("::1", 0))
        rows = query(db, "SELECT * FROM listening_ports WHERE pid = ?", (os.getpid(),))
        assert any(row["path"] == path and row["family"] == 1 for row in rows)
        assert any(row["port"] == udp.getsockname()[1] and row["protocol"] == 17 for row in rows)


def test_listening_tcp_ports_are_those_ss_shows():
    if not shutil.which("ss"):
        pytest.skip("needs ss")

    def both() -> tuple[set[int], set[int]]:
        with socket.create_server(("127.0.0.1", 0)), socket.create_server(("::1", 0), family=socket.AF_INET6):
            shown = subprocess.run(["ss", "-H", "-tln"], capture_output=True, text=True, check=True).stdout
            here = str(os.stat("/proc/self/ns/net").st_ino)
            with Database() as db:
                rows = query(db, "SELECT port FROM listening_ports WHERE protocol = 6 AND net_namespace = ?", (here,))
        return {row["port"] for row in rows}, {int(line.split()[3].rpartition(":")[2]) for line in shown.splitlines()}

    # Alone in a network: on the host others come and go.
    ours, theirs = in_new_network(both)
    assert ours == theirs and len(ours) == 2


def test_a_socket_of_another_namespace_is_found_once(db: Database):
    if not IS_ROOT or not shutil.which("unshare"):
        pytest.skip("needs root and unshare, to make a network namespace")
    code = "import socket,sys; s=socket.create_server(('0.0.0.0', 4711)); print('up', flush=True); sys.stdin.read()"
    command = ["unshare", "-n", "python3", "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdin is not None
        if child.stdout.readline() != b"up\n":
            pytest.skip("network namespaces cannot be made here")
        here = str(os.stat("/proc/self/ns/net").st_ino)
        rows = query(db, "SELECT pid, net_namespace FROM listening_ports WHERE port = 4711 AND protocol = 6")
        child.stdin.close()
    assert len(rows) == 1
    assert rows[0]["pid"] == child.pid and rows[0]["net_namespace"] != here


@pytest.mark.live
def test_a_namespace_that_only_a_mount_keeps(db: Database):
    if not IS_ROOT or not shutil.which("ip"):
        pytest.skip("needs root and ip, to make a named network namespace")
    name = f"hostql-test-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode != 0:
        pytest.skip("named network namespaces cannot be made here")
    try:
        path = f"/run/netns/{name}"
        with inside(path, lambda: socket.create_server(("0.0.0.0", 4712))) as server:
            rows = query(db, "SELECT net_namespace FROM sockets WHERE socket = ?", (os.fstat(server.fileno()).st_ino,))
            assert rows == [{"net_namespace": str(os.stat(path).st_ino)}]
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_a_unix_datagram_socket_with_a_name_waits_and_its_client_does_not(db: Database, tmp_path):
    """As /dev/log: what is sent to its name arrives there."""
    path = str(tmp_path / "log")
    kind = socket.SOCK_DGRAM
    with socket.socket(socket.AF_UNIX, kind) as log, socket.socket(socket.AF_UNIX, kind) as client:
        log.bind(path)
        client.connect(path)
        rows = query(db, "SELECT path FROM listening_ports WHERE pid = ? AND family = 1", (os.getpid(),))
        assert [row["path"] for row in rows] == [path]


def test_an_ordinary_user_sees_the_sockets_but_not_whose_they_are():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, inode = server.getsockname()[1], os.fstat(server.fileno()).st_ino

        def ask() -> tuple[list, list, list, list]:
            server.close()  # the child's own descriptor
            with Database() as db:
                ports = "SELECT pid, fd, socket FROM listening_ports WHERE port = ? AND protocol = 6"
                details = "SELECT uid, mark, congestion_control FROM sockets WHERE socket = ?"
                held = "SELECT * FROM process_open_sockets WHERE socket = ?"
                said = notes(db, held, (inode,))
                return query(db, ports, (port,)), query(db, details, (inode,)), query(db, held, (inode,)), said

        listening, detailed, held, said = as_nobody(ask)
    assert listening == [{"pid": None, "fd": None, "socket": inode}]
    assert detailed[0]["uid"] == os.getuid() and detailed[0]["mark"] is None and detailed[0]["congestion_control"]
    assert held == []
    assert any("processes not readable as uid 65534" in note for note in said)


def test_a_socket_without_inode_has_no_user():
    """Not accepted yet, let go by its process (FIN_WAIT2, TIME_WAIT): the kernel writes 0 for the user it has not."""

    def act() -> list[dict[str, Any]]:
        def state(of: str) -> dict[str, Any]:
            (row,) = query(db, f"SELECT state, socket, uid FROM sockets WHERE {of}")
            return row

        with Database() as db, socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
            port = server.getsockname()[1]
            client.connect(server.getsockname())
            of_client, of_peer = f"remote_port = {port}", f"local_port = {port} AND remote_port > 0"
            seen = [state(of_client), state(of_peer)]
            peer, _ = server.accept()
            seen.append(state(of_peer))
            client.close()
            assert peer.recv(1) == b""
            seen.append(state(of_client))
            peer.close()
            for _ in range(500):  # until the last segments have been through
                last = state(of_client)
                if last["state"] == "TIME_WAIT":
                    break
            return [*seen, last]

    open_, not_accepted, accepted, orphan, waiting = in_new_network(lambda: as_nobody(act))
    assert (open_["uid"], accepted["uid"]) == (NOBODY, NOBODY)
    assert not_accepted == {"state": "ESTABLISHED", "socket": 0, "uid": None}
    # FIN_WAIT1 until the other end has acknowledged.
    assert orphan["state"] in ("FIN_WAIT1", "FIN_WAIT2") and (orphan["socket"], orphan["uid"]) == (0, None)
    assert waiting == {"state": "TIME_WAIT", "socket": 0, "uid": None}


def test_proc_net_without_inode_has_no_user():
    head = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    line = b"   0: 0100007F:%b 0100007F:1F90 06 00000000:00000000 03:00001770 00000000     0        0 %d 3 0\n"
    (gone, held) = parse_inet_list(head + line % (b"A000", 0) + line % (b"A001", 42), socket.AF_INET, 6)
    assert (gone.uid, held.uid) == (None, 0)


_MPTCP = 262
_SUBFLOWS = (
    "addr add 192.0.2.1/32 dev lo",
    "addr add 192.0.2.2/32 dev lo",
    "addr add 192.0.2.3/32 dev lo",
    "mptcp limits set subflow 4 add_addr_accepted 4",
    "mptcp endpoint add 192.0.2.2 subflow",
    "mptcp endpoint add 192.0.2.3 subflow",
)


def test_each_subflow_of_mptcp_is_a_row_of_its_process():
    """They share the inode of the connection; ss lists each."""

    def both() -> tuple[list[dict[str, Any]], set[str], int]:
        for command in _SUBFLOWS:
            if subprocess.run(["ip", *command.split()], capture_output=True, check=False).returncode != 0:
                pytest.skip(f"no MPTCP here: ip {command} failed")
        try:
            server, client = (socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MPTCP) for _ in range(2))
        except OSError as error:
            pytest.skip(f"no MPTCP here: {error.strerror}")
        with server, client, Database() as db:
            server.bind(("192.0.2.1", 0))
            server.listen()
            port = server.getsockname()[1]
            client.connect(server.getsockname())
            peer, _ = server.accept()
            with peer:
                for one, other in ((client, peer), (peer, client)):
                    one.send(b"x")
                    other.recv(1)
                for _ in range(500):  # until the kernel has made the further subflows
                    shown = {line.split()[3] for line in tool("ss", "-Htn", f"dport = :{port}").splitlines()}
                    if len(shown) == 3:
                        break
                rows = query(
                    db,
                    "SELECT pid, fd, local_address || ':' || local_port AS local FROM process_open_sockets "
                    "WHERE remote_port = ?",
                    (port,),
                )
                return rows, shown, client.fileno()

    rows, shown, fd = in_new_network(both)
    if len(shown) < 3:
        pytest.skip("the kernel made no further subflows")
    assert {row["local"] for row in rows} == shown
    assert len(rows) == 3 and {row["fd"] for row in rows} == {fd}


@given(st.binary(max_size=200))
def test_junk_from_the_kernel_is_survived(payload: bytes):
    parse_unix(payload)
    parse_inet(payload, 6)
