"""Calls of Varlink services of the running host (varlink.org): JSON with a NUL after each message, over a socket."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# A service that is silent for so long is taken to be stuck.
_SECONDS = 5.0
# Of all replies to one call.
_LARGEST = 16 << 20


def call(path: str, method: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parameters of each reply, where there may be several. Raises OSError where the service does not answer so.

    The error that there is nothing (io.systemd.UserDatabase.NoRecordFound) ends the replies, any other raises OSError.
    """
    import json
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(path)
        connection.sendall(json.dumps({"method": method, "parameters": parameters, "more": True}).encode() + b"\0")
        parts: list[bytes] = []
        size = 0
        while True:
            received = connection.recv(1 << 16)
            size += len(received)
            if not received or size > _LARGEST:
                raise ConnectionResetError(f"{path} did not answer to the end")
            for number, piece in enumerate(received.split(b"\0")):
                if number == 0:
                    parts.append(piece)
                    continue
                message, parts = b"".join(parts), [piece]
                try:
                    reply = json.loads(message)
                except (ValueError, RecursionError):
                    reply = None
                if not isinstance(reply, dict):
                    raise ConnectionResetError(f"{path} answered with something else than JSON")
                error = reply.get("error")
                if error is not None and str(error).endswith(".NoRecordFound"):
                    return
                if error is not None:
                    raise OSError(f"{path} answered {error}")
                if isinstance(reply.get("parameters"), dict):
                    yield reply["parameters"]
                if reply.get("continues") is not True:
                    return
