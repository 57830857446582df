"""The HTTP server: one thread accepts, each connection has a worker, and their number is bounded.

The accepting thread never reads from a client, so none can hold it up. A scrape waits for no other connection.
"""

import contextlib
import errno
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Sequence

from kubepki.web.connections import Connection, Limits
from kubepki.web.handler import serve_connection
from kubepki.web.lobby import Lobby
from kubepki.web.peers import peer_of
from kubepki.web.site import Site
from kubepki.web.table import ConnectionTable

# Nothing waits for an idle turn: it shows that the loop lives.
_TURN_SECONDS = 2.0
_STALE_SECONDS = 7.0
# While descriptors or memory are short.
_SHORTAGE_SECONDS = 0.5
_STUCK_SECONDS = 60.0
_FINISH_SECONDS = 0.4
_JOIN_SECONDS = 0.3
_POLL_SECONDS = 0.01
# A scrape waits so long at most for each other thread that computes.
_SWITCH_SECONDS = 0.001
# A flood costs a bounded share of a core: so many are accepted, then the loop rests where they were too many.
_BATCH = 32
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class WebServer:
    """Serves a `Site` on listening sockets, which it owns from `start` on and closes in `stop`."""

    def __init__(self, sockets: Sequence[socket.socket], *, site: Site, limits: Limits | None = None) -> None:
        self._listeners = tuple(sockets)
        self._site = site
        self._limits = limits or Limits()
        self._table = ConnectionTable(self._limits)
        self._lobby = Lobby(self._limits)
        self._stopping = threading.Event()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._beat = time.monotonic()
        self._loop = threading.Thread(target=self._run, name="web-accept", daemon=True)
        self._workers: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to accept. Threads of this process take turns that are short enough from now on."""
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_SECONDS))
        for listener in self._listeners:
            listener.settimeout(0)
        self._loop.start()

    def beat(self) -> float:
        """Return when the accept loop last turned, in seconds of CLOCK_MONOTONIC; an idle one every two seconds."""
        return self._beat

    def alive(self) -> bool:
        """Return whether the accept loop turns and no collect hangs: what a watchdog's ping has to prove."""
        return (
            self._loop.is_alive()
            and time.monotonic() - self._beat < _STALE_SECONDS
            and self._table.longest_rendering() < _STUCK_SECONDS
        )

    def connections(self) -> int:
        """Return the number of open connections that have a place."""
        return len(self._table)

    def stop(self) -> None:
        """Stop accepting, let running scrapes finish for a moment, close all connections; takes less than a second."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        os.eventfd_write(self._wake, 1)
        if self._loop.ident is not None:
            self._loop.join(_FINISH_SECONDS)
        for listener in self._listeners:
            listener.close()
        self._table.abort(busy=False)
        finish = time.monotonic() + _FINISH_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, finish - time.monotonic()))
        self._table.abort(busy=True)
        deadline = time.monotonic() + _JOIN_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        if not self._loop.is_alive() and not any(worker.is_alive() for worker in self._workers):
            os.close(self._wake)

    def _run(self) -> None:
        poller = select.poll()
        poller.register(self._wake, select.POLLIN)
        listeners = {listener.fileno(): listener for listener in self._listeners}
        for number in listeners:
            poller.register(number, select.POLLIN)
        patience = _TURN_SECONDS
        while not self._stopping.is_set():
            self._beat = time.monotonic()
            for number, _ in poller.poll(patience * 1000):
                if number in listeners:
                    self._accept_some(listeners[number])
                else:
                    os.eventfd_read(self._wake)
            for connection in self._lobby.admitted(self._table):
                self._start_worker(connection)
            patience = min(self._lobby.patience, _TURN_SECONDS) if self._lobby else _TURN_SECONDS
        self._lobby.clear()

    def _accept_some(self, listener: socket.socket) -> None:
        """Accept what waits, up to a batch."""
        crowded = False
        for _ in range(_BATCH):
            try:
                accepted, _address = listener.accept()
            except BlockingIOError:
                break
            except OSError as error:
                # accept(2): errors of the network belong to that connection and are passed over.
                if error.errno in _OUT_OF_RESOURCES:
                    self._site.complaints.say(f"a connection could not be accepted: {error.strerror}")
                    self._lobby.clear()
                    self._table.abort(busy=False)
                    self._stopping.wait(_SHORTAGE_SECONDS)
                    break
                continue
            crowded |= self._lobby.add(Connection(accepted, self._limits, peer_of(accepted)))
        if crowded:
            self._stopping.wait(_POLL_SECONDS)

    def _start_worker(self, connection: Connection) -> None:
        worker = threading.Thread(target=self._serve, args=(connection,), name="web-worker", daemon=True)
        try:
            worker.start()
        except RuntimeError as error:
            self._table.remove(connection)
            connection.close()
            self._site.complaints.say(f"a connection could not be served: {error}")
            self._stopping.wait(_POLL_SECONDS)
            return
        self._workers = [each for each in self._workers if each.is_alive()]
        self._workers.append(worker)

    def _serve(self, connection: Connection) -> None:
        serve_connection(connection, self._site, self._table)
        if self._lobby:
            # There is a place now. The loop may have ended meanwhile.
            with contextlib.suppress(OSError):
                os.eventfd_write(self._wake, 1)
