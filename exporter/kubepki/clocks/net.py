"""Bounded networking for the reference clocks: one deadline over name, connection and answer, and a way to abort."""

import contextlib
import queue
import socket
import threading
import time
from typing import Any

MAX_ADDRESSES = 4
MAX_RESOLVERS = 4

Address = tuple[socket.AddressFamily, tuple[Any, ...]]

_resolvers = threading.BoundedSemaphore(MAX_RESOLVERS)


class UnreadableClockError(Exception):
    """A reference clock gave no time; the text says why in one short line."""


class Deadline:
    """The time by which everything has to be done."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, more than 0; raise TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def unreadable(error: OSError | ValueError, deadline: Deadline, *, misnamed: str) -> UnreadableClockError:
    """Return what a request failed with, for a person; *misnamed* is what stands for a name that no call takes."""
    if isinstance(error, TimeoutError):
        return UnreadableClockError(f"no answer within {deadline.seconds:g} s")
    if isinstance(error, socket.gaierror):
        return UnreadableClockError(f"its name cannot be resolved: {error.strerror}")
    if isinstance(error, OSError):
        return UnreadableClockError(error.strerror or type(error).__name__)
    return UnreadableClockError(misnamed)


class Abort:
    """Lets another thread end a request in its middle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._aborted = False
        self._socket: socket.socket | None = None

    def attach(self, sock: socket.socket | None) -> None:
        """Make *sock* the one to be shut down; raise UnreadableClockError when the abort came first."""
        with self._lock:
            self._socket = sock
            if self._aborted and sock is not None:
                msg = "aborted"
                raise UnreadableClockError(msg)

    def abort(self) -> None:
        """Shut the socket down, which ends a blocked connect, handshake, read or write on it."""
        with self._lock:
            self._aborted = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # Not SSLSocket.shutdown: it takes the TLS object away from the thread that uses it.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def resolve(host: str, port: int, kind: socket.SocketKind, deadline: Deadline) -> list[Address]:
    """Return the first few addresses of *host*.

    Raise OSError (TimeoutError, socket.gaierror) or UnicodeError. getaddrinfo(3) cannot be bounded or aborted, so
    it runs on a thread of its own, of which there are four at most.
    """
    try:
        return _lookup(host, port, kind, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass  # a name
    if not _resolvers.acquire(timeout=deadline.remaining()):
        raise TimeoutError
    answer: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            answer.put(_lookup(host, port, kind, 0))
        except (OSError, UnicodeError) as error:
            answer.put(error)
        finally:
            _resolvers.release()

    threading.Thread(target=work, name="clock-resolver", daemon=True).start()
    try:
        result = answer.get(timeout=deadline.remaining())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(result, Exception):
        raise result
    return result


def _lookup(host: str, port: int, kind: socket.SocketKind, flags: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=kind, flags=flags)
    return [(family, address) for family, _, _, _, address in found[:MAX_ADDRESSES]]


def connect(addresses: list[Address], deadline: Deadline, abort: Abort) -> socket.socket:
    """Return a TCP connection to the first address that answers; each gets its share of the time that is left.

    Raise the OSError of the last one.
    """
    for index, (family, address) in enumerate(addresses):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            abort.attach(sock)
            sock.settimeout(deadline.remaining() / (len(addresses) - index))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            abort.attach(None)
            sock.close()
            if index == len(addresses) - 1:
                raise
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise TimeoutError
