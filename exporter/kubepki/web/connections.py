"""Connections with absolute deadlines.

A timeout of a socket starts anew with every byte, so a client that dribbles never meets it. Here each phase of a
connection has one deadline in CLOCK_MONOTONIC, whatever the number of reads and writes in it.
"""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from kubepki.web.peers import NOBODY, Peer

if TYPE_CHECKING:
    # At run time only a host that serves TLS imports it.
    import ssl

_SEND_CHUNK = 256 * 1024
_DRAIN_BYTES = 64 * 1024
_DRAIN_SECONDS = 0.5


class TooMuchInputError(Exception):
    """The client sent more than the limit before its request was complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the server: seconds, numbers and bytes.

    The graces are the seconds that a connection has in a full table before one of an address that holds about as many
    may take its place.
    """

    connections: int = 64
    lobby: int = 64
    header_seconds: float = 5.0
    idle_seconds: float = 150.0
    write_seconds: float = 30.0
    header_bytes: int = 32 * 1024
    pending_bytes: int = 32 * 1024 * 1024
    waiting_grace: float = 0.1
    opening_grace: float = 1.0
    writing_grace: float = 1.0


class Phase(Enum):
    """What a connection does: waits for a complete request, opens TLS, renders the answer, or writes it.

    OPENING lasts from the first byte of a handshake to the first request after it: some round trips, in which a
    distant client is not idle.
    """

    WAITING = auto()
    OPENING = auto()
    RENDERING = auto()
    WRITING = auto()


class Connection:
    """One accepted socket. Its worker calls everything but `abort`, which any thread may call."""

    def __init__(self, accepted: socket.socket, limits: Limits, peer: Peer = NOBODY) -> None:
        self._socket = accepted
        self.peer = peer
        self._lock = threading.Lock()
        self._aborted = False
        self._deadline = time.monotonic() + limits.header_seconds
        self._input_left = limits.header_bytes
        self.limits = limits
        self.phase = Phase.WAITING
        self.since = time.monotonic()
        self.pending = 0
        if accepted.family in (socket.AF_INET, socket.AF_INET6):
            # Without it a kept connection waits 40 ms for the peer's delayed acknowledgement.
            with contextlib.suppress(OSError):
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def begin(self) -> None:
        """Start its time: it has got a place."""
        self.since = time.monotonic()
        self.expect(seconds=self.limits.header_seconds)

    def expect(self, *, seconds: float) -> None:
        """Start a new deadline and a new allowance of input."""
        self._deadline = time.monotonic() + seconds
        self._input_left = self.limits.header_bytes

    def speaks(self) -> bool:
        """Wait for the first byte and leave it there; False at the end of input, TimeoutError at the deadline."""
        self._socket.settimeout(self._remaining())
        return bool(self._socket.recv(1, socket.MSG_PEEK))

    def start_tls(self, context: "ssl.SSLContext") -> "ssl.SSLSocket":
        """Do the handshake within the deadline; OSError (ssl.SSLError included) when it fails."""
        with self._lock:
            tls = context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            self._socket = tls
            aborted = self._aborted
        if aborted:
            raise ConnectionAbortedError
        tls.settimeout(self._remaining())
        try:
            tls.do_handshake()
        except OSError as error:
            if getattr(error, "reason", "") == "HTTP_REQUEST":
                # The client speaks plain HTTP: tell it so in its own words.
                message = b"HTTP/1.0 400 Bad Request\r\n\r\nThis server speaks HTTPS, the request was plain HTTP.\n"
                with contextlib.suppress(OSError):
                    socket.socket.send(tls, message)
            raise
        return tls

    def receive_into(self, buffer: memoryview) -> int:
        """Read some bytes; 0 at the end, TimeoutError at the deadline, TooMuchInputError beyond the allowance."""
        if self._input_left <= 0:
            raise TooMuchInputError
        self._socket.settimeout(self._remaining())
        count = self._socket.recv_into(buffer, min(len(buffer), self._input_left))
        self._input_left -= count
        return count

    def send(self, data: bytes) -> None:
        """Write all of *data* before the deadline, else TimeoutError."""
        view = memoryview(data)
        while view:
            self._socket.settimeout(self._remaining())
            count = self._socket.send(view[:_SEND_CHUNK])
            view = view[count:]
            # Who reads is younger than who does not, when a connection has to go.
            self.since = time.monotonic()

    def drain(self) -> None:
        """End our side and discard what the client still sends, within bounds, so that it can read our answer.

        A close with unread input is a reset, which may overtake the answer (RFC 9112, section 9.6).
        """
        self._deadline = time.monotonic() + _DRAIN_SECONDS
        self._input_left = _DRAIN_BYTES
        buffer = memoryview(bytearray(4096))
        with contextlib.suppress(OSError, TooMuchInputError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
            while self.receive_into(buffer):
                pass

    def abort(self) -> None:
        """End the connection now; its worker wakes up with an error or an end of input."""
        with self._lock:
            self._aborted = True
            with contextlib.suppress(OSError):
                # SSLSocket.shutdown would drop its TLS state under the worker.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Release the socket."""
        with self._lock, contextlib.suppress(OSError):
            self._socket.close()

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if self._aborted:
            raise ConnectionAbortedError
        if remaining <= 0:
            raise TimeoutError
        return remaining
