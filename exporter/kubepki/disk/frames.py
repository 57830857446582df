"""Messages between the service and a process of its own: a header and a body, each with its length."""

import socket
import struct
from collections.abc import Callable

_LENGTHS = struct.Struct("!II")
# The largest file that can be configured is 64 MiB; what is made of it is smaller than this.
_MAX_LENGTH = 1 << 28
# Below what the C library takes from the system for each.
_CHUNK = 1 << 16


def packed(header: bytes, body: bytes = b"") -> bytes:
    """Return one message as it is sent."""
    return b"".join((_LENGTHS.pack(len(header), len(body)), header, body))


def send(connection: socket.socket, header: bytes, body: bytes = b"") -> None:
    """Send one message; OSError where the other side is gone."""
    connection.sendall(packed(header, body))


class Inbox:
    """The messages that come on a connection, of which many may come at once."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._bytes = bytearray()

    def take(self) -> tuple[bytes, bytes] | None:
        """Return the header and the body of the next message that is whole; EOFError where it cannot be one."""
        if len(self._bytes) < _LENGTHS.size:
            return None
        header, body = _LENGTHS.unpack_from(self._bytes)
        if header > _MAX_LENGTH or body > _MAX_LENGTH:
            raise EOFError
        middle, end = _LENGTHS.size + header, _LENGTHS.size + header + body
        if len(self._bytes) < end:
            return None
        message = bytes(self._bytes[_LENGTHS.size : middle]), bytes(self._bytes[middle:end])
        del self._bytes[:end]
        return message

    def fill(self) -> None:
        """Wait for more; EOFError where the other side is gone."""
        chunk = self._connection.recv(_CHUNK)
        if not chunk:
            raise EOFError
        self._bytes += chunk


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
