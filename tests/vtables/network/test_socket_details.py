"""The figures of connections against the kernel's own answer to the program that holds them, and against ss(8)."""

from __future__ import annotations

import os
import re
import socket
import struct
import sys
from collections.abc import Iterator

import pytest
from hostql.tests.conftest import in_new_network, notes, query, tool
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.network.sockets import Sockets
from hostql.vtables.sources import procnet, sock_diag
from hostql.vtables.sources.socket_details import TCP_FIGURES, Details, parse_tcp_info
from hypothesis import given
from hypothesis import strategies as st

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=["127.0.0.1", "::1"])
def connection(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A client that sent 70,000 bytes and the server's end, which read them and answered with 5."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.create_server((request.param, 0), family=family) as server:
        client = socket.create_connection(server.getsockname()[:2])
        accepted, _ = server.accept()
        with client, accepted:
            client.sendall(b"x" * 70_000)
            received = 0
            while received < 70_000:
                received += len(accepted.recv(65536))
            accepted.sendall(b"hello")
            assert client.recv(5) == b"hello"
            yield client, accepted


def row_of(db: Database, held: socket.socket) -> dict:
    (row,) = query(db, "SELECT * FROM sockets WHERE socket = ?", (os.fstat(held.fileno()).st_ino,))
    return row


def test_figures_are_those_the_program_itself_may_ask_for(db: Database, connection: Pair):
    """getsockopt(TCP_INFO) gives the same struct for the same socket."""
    client, _ = connection
    row, own = {}, {}
    while row.get("segments_sent") != own.get("segments_sent", 0):
        # An acknowledgement that the kernel delays (40 ms) may go out between the two readings.
        row = row_of(db, client)
        own = parse_tcp_info(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1024))
    still = set(TCP_FIGURES) - {"last_sent", "last_received"}  # these count on
    assert {name: row[name] for name in still} == {name: own[name] for name in still}
    assert row["last_sent"] <= own["last_sent"]
    assert (
        row["congestion_control"]
        == client.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()
    )


def test_figures_tell_what_was_done(db: Database, connection: Pair):
    client, accepted = (row_of(db, held) for held in connection)
    assert (client["bytes_sent"], accepted["bytes_received"]) == (70_000, 70_000)
    assert (client["bytes_received"], accepted["bytes_sent"]) == (5, 5)
    assert client["bytes_acked"] >= 70_000
    assert 0 < client["min_rtt"] <= client["rtt"] * 8
    assert client["retransmits"] == client["bytes_retransmitted"] == 0
    assert client["type"] == "stream"


def test_unread_bytes_are_the_queue(db: Database, connection: Pair):
    client, accepted = connection
    client.sendall(b"y" * 321)
    assert accepted.recv(1, socket.MSG_PEEK) == b"y"
    assert row_of(db, accepted)["receive_queue"] == 321


def test_a_waiting_connection_is_the_queue_of_its_listener(db: Database):
    with socket.create_server(("127.0.0.1", 0), backlog=7) as server, socket.create_connection(server.getsockname()):
        row = row_of(db, server)
    assert (row["state"], row["receive_queue"], row["send_queue"]) == ("LISTEN", 1, 7)
    assert row["rtt"] is None and row["bytes_sent"] is None and row["congestion_control"]


def test_retransmits_are_counted():
    """A peer that disappears: what is sent to it is sent again."""

    def lose() -> dict:
        tool("ip", "address", "add", "10.99.0.1/32", "dev", "lo")
        with socket.create_server(("10.99.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            server.accept()[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
            tool("ip", "link", "set", "lo", "down")
            client.sendall(b"z" * 100)
            with Database() as db:
                for _ in range(200):
                    row = row_of(db, client)
                    if row["retransmits"] or row["retransmitting"]:
                        break
                    # The kernel's timer has to run out once (200 ms); there is no event for it.
                    client.settimeout(0.05)
                    try:
                        client.recv(1)
                    except OSError:
                        pass
        return row

    row = in_new_network(lose)
    assert row["retransmits"] or row["retransmitting"]
    assert row["unacknowledged"] == 1 and row["send_queue"] == 100


def test_figures_are_those_of_ss(db: Database, connection: Pair):
    client, _ = connection
    port = client.getsockname()[1]
    row, shown = {}, ""
    while row.get("segments_sent") != row_of(db, client)["segments_sent"]:
        # An acknowledgement that the kernel delays (40 ms) may go out between the two readings.
        row = row_of(db, client)
        shown = tool("ss", "-H", "-tnim", f"sport = :{port}")

    def of(pattern: str) -> str:
        found = re.search(pattern, shown)
        assert found, (pattern, shown)
        return found[1]

    assert int(of(r" bytes_sent:(\d+)")) == row["bytes_sent"]
    assert int(of(r" bytes_acked:(\d+)")) == row["bytes_acked"]
    assert int(of(r" segs_out:(\d+)")) == row["segments_sent"]
    assert int(of(r" cwnd:(\d+)")) == row["congestion_window"]
    assert float(of(r" rtt:([\d.]+)/")) == row["rtt"] / 1000
    assert float(of(r" minrtt:([\d.]+)")) == row["min_rtt"] / 1000
    assert int(of(r"skmem:\(r\d+,rb(\d+)")) == row["receive_buffer"]
    assert f" {row['congestion_control']} " in shown


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to mark packets")
def test_marks_of_sockets(db: Database):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0xBEEF)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 50_000)
        udp.bind(("127.0.0.1", 0))
        row = row_of(db, udp)
    assert (row["mark"], row["receive_buffer"], row["type"]) == (0xBEEF, 100_000, "datagram")


def test_packets_dropped_for_want_of_room(db: Database):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        udp.bind(("127.0.0.1", 0))
        for _ in range(100):
            udp.sendto(b"x" * 1000, udp.getsockname())
        row = row_of(db, udp)
    assert 0 < row["drops"] < 100
    assert row["receive_queue"] > 0


def test_the_two_ends_of_a_unix_connection(db: Database):
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, other:
        one.send(b"abc")
        ends = [row_of(db, held) for held in (one, other)]
    assert [row["peer"] for row in ends] == [row["socket"] for row in reversed(ends)]
    assert {row["type"] for row in ends} == {"seqpacket"}
    assert ends[1]["receive_queue"] == 3
    assert {row["uid"] for row in ends} <= {os.geteuid(), None}


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to open a raw socket")
def test_raw_sockets_are_listed_though_the_kernel_may_lack_raw_diag(db: Database):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_GRE) as raw:
        row = row_of(db, raw)
        (held,) = query(db, "SELECT * FROM process_open_sockets WHERE pid = ? AND fd = ?", (os.getpid(), raw.fileno()))
    assert (row["type"], row["protocol"], row["local_port"]) == ("raw", 255, socket.IPPROTO_GRE)
    assert (held["protocol"], held["family"], held["state"]) == (255, socket.AF_INET, "")


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to see packets")
def test_a_program_that_sees_all_packets(db: Database):
    """As tcpdump does: bound to one interface, for every Ethernet type."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as sniffer:
        sniffer.bind(("lo", 3))
        row = row_of(db, sniffer)
        sql = "SELECT family, protocol, state FROM process_open_sockets WHERE pid = ? AND fd = ?"
        (held,) = query(db, sql, (os.getpid(), sniffer.fileno()))
    assert (row["family"], row["protocol"], row["type"], row["interface"]) == (
        17,
        3,
        "raw",
        socket.if_nametoindex("lo"),
    )
    assert (row["uid"], row["local_address"], row["path"], row["state"]) == (0, "", "", "")
    assert held == {"family": 17, "protocol": 3, "state": ""}


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to bind to an interface")
def test_a_socket_bound_to_an_interface(db: Database):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        udp.bind(("127.0.0.1", 0))
        assert row_of(db, udp)["interface"] == socket.if_nametoindex("lo")


def everything(found: list[sock_diag.Socket]) -> set[tuple]:
    names = "family protocol inode local_address local_port remote_address remote_port path state type".split()
    return {tuple(getattr(one, name) for name in names) for one in found}


def arranged(tmp: str) -> list[socket.socket]:
    """One socket of each kind that both ways of listing know."""
    server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    held = [server, socket.create_connection(server.getsockname()[:2]), server.accept()[0]]
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        held += [socket.create_server((address, 0), family=family), socket.socket(family, socket.SOCK_DGRAM)]
        held[-1].bind((address, 0))
    held += socket.socketpair()
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        held.append(socket.socket(socket.AF_UNIX, kind))
        held[-1].bind(f"{tmp}/a b {kind}")
    held.append(socket.socket(socket.AF_UNIX))
    held[-1].bind("\0hostql test")
    held[-1].listen()
    return held


def test_both_ways_of_listing_agree(tmp_path):
    """In a namespace of their own nobody else opens sockets meanwhile."""

    def both() -> tuple[set, set, int]:
        held = arranged(str(tmp_path))
        by_netlink = sock_diag.sockets().sockets
        by_files = [
            found
            for family, protocol, file in sock_diag.DUMPS
            if os.path.exists(f"/proc/thread-self/net/{file}")
            for found in procnet.listed("/proc", file, family, protocol)
        ]
        return everything(by_netlink), everything(by_files), len(held)

    by_netlink, by_files, count = in_new_network(both)
    assert by_netlink == by_files
    assert len(by_files) == count


def test_without_netlink_the_rest_is_there_and_a_note_says_what_is_not(monkeypatch, tmp_path):
    """What a kernel without sock_diag, or a sandbox that forbids it, answers: here the constant is one it never had."""
    monkeypatch.setattr(sock_diag, "_NETLINK_SOCK_DIAG", 31)
    held = arranged(str(tmp_path))
    with Database() as db:
        rows = query(db, "SELECT socket FROM sockets")
        said = notes(db, "SELECT rtt FROM sockets")
        (listening,) = query(db, "SELECT * FROM listening_ports WHERE port = ?", (held[0].getsockname()[1],))
    inodes = {os.fstat(one.fileno()).st_ino for one in held}
    for one in held:
        one.close()
    assert inodes <= {row["socket"] for row in rows}
    assert listening["address"] == "::1" and listening["pid"] == os.getpid()
    assert any("tcp6 sockets are without details" in note for note in said)


def test_each_figure_is_a_column():
    assert set(TCP_FIGURES) <= {column.name for column in Sockets.columns}


@given(st.binary(max_size=240))
def test_a_shorter_struct_of_an_older_kernel(raw: bytes):
    """Figures that the struct reaches are numbers or none yet; the others are None."""
    figures = parse_tcp_info(raw)
    assert list(figures) == list(TCP_FIGURES)
    assert (figures["bytes_sent"] is None) == (len(raw) < 208)
    assert (figures["lost"] is None) == (len(raw) < 36)


@given(st.sampled_from([socket.AF_INET, socket.AF_INET6, socket.AF_UNIX]), st.binary(max_size=300))
def test_junk_from_the_kernel_is_survived(family: int, payload: bytes):
    found = sock_diag.Socket(family, 6, 1)
    found.details = payload
    Details(found)
    procnet.parse_inet_list(b"head\n" + payload, family, 6)
    procnet.parse_unix_list(b"head\n" + payload)
    procnet.parse_packet_list(b"head\n" + payload)


@pytest.mark.skipif(sys.byteorder != "little", reason="the kernel's text is of a little-endian machine")
def test_an_ipv6_address_of_the_kernels_text():
    line = b"0: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 01 1:2 0:0 0 9 0 5\n"
    (found,) = procnet.parse_inet_list(b"head\n" + line, socket.AF_INET6, sock_diag.TCP)
    assert (found.local_address, found.local_port, found.state) == ("::ffff:127.0.0.1", 80, "ESTABLISHED")
    assert (found.send_queue, found.receive_queue, found.uid) == (1, 2, 9)
