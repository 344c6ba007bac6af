"""Run by loads.py as a script: holds processes or sockets until its standard input ends.

holders.py processes COUNT
holders.py sockets COUNT HOLDERS
"""

import os
import resource
import signal
import socket
import struct
import sys


def sleep() -> None:
    """Be there, and nothing else; killed with the process group."""
    while True:
        signal.pause()


def processes(count: int) -> None:
    """Fork that many sleeping children."""
    for _ in range(count):
        if os.fork() == 0:
            sleep()


def sockets(count: int, holders: int) -> None:
    """That many connected sockets, shared out over children that listen as well."""
    pairs = count // holders // 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (pairs * 2 + 100, pairs * 2 + 100))
    reader, writer = os.pipe()
    for _ in range(holders):
        if os.fork() == 0:
            listener = socket.create_server(("127.0.0.1", 0))
            held = []
            for _ in range(pairs):
                held += [socket.create_connection(listener.getsockname()), listener.accept()[0]]
            for one in held:
                # Closed by a reset, so that no TIME_WAIT is left behind.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.write(writer, b".")
            sleep()
    for _ in range(holders):
        os.read(reader, 1)


if __name__ == "__main__":
    if sys.argv[1] == "processes":
        processes(int(sys.argv[2]))
    else:
        sockets(int(sys.argv[2]), int(sys.argv[3]))
    print("ready", flush=True)
    sys.stdin.read()
