"""Messages between the service and a process of its own: a header and a body, each with its length."""

import socket
import struct
from collections.abc import Callable

_LENGTHS = struct.Struct("!II")
# The largest file that can be configured is 64 MiB; what is made of it is smaller than this.
_MAX_LENGTH = 1 << 28


def send(connection: socket.socket, header: bytes, body: bytes = b"") -> None:
    """Send one message; OSError where the other side is gone."""
    connection.sendall(_LENGTHS.pack(len(header), len(body)) + header)
    if body:
        connection.sendall(body)


def receive(connection: socket.socket, wait: Callable[[], None] = lambda: None) -> tuple[bytes, bytes]:
    """Return one message, header and body; EOFError where the other side is gone. *wait* is called before each read."""
    header, body = _LENGTHS.unpack(_exactly(connection, _LENGTHS.size, wait))
    if header > _MAX_LENGTH or body > _MAX_LENGTH:
        raise EOFError
    return bytes(_exactly(connection, header, wait)), bytes(_exactly(connection, body, wait))


def _exactly(connection: socket.socket, length: int, wait: Callable[[], None]) -> bytearray:
    found = bytearray()
    while len(found) < length:
        wait()
        chunk = connection.recv(min(length - len(found), 1 << 20))
        if not chunk:
            raise EOFError
        found += chunk
    return found
