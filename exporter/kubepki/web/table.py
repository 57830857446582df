"""The bounded table of open connections, and who makes room in it: no address takes another's share."""

import threading
import time
from collections import Counter

from kubepki.web.connections import Connection, Limits, Phase

# Who does least goes first.
_ORDER = (Phase.WAITING, Phase.OPENING, Phase.WRITING)


class ConnectionTable:
    """The connections that are open, never more than the limit.

    Where the table is full, a new connection takes the place of one of an address that holds at least two more, at
    once. Among addresses that hold about as many it takes the place of one that has done nothing for its grace: that
    waits for a request, has not finished its handshake, or whose reader stands still. One that renders is never ended.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._graces = {
            Phase.WAITING: limits.waiting_grace,
            Phase.OPENING: limits.opening_grace,
            Phase.WRITING: limits.writing_grace,
        }
        self._lock = threading.Lock()
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, newcomer: Connection) -> float:
        """Enter *newcomer* and return 0, or return the seconds after which to ask again."""
        with self._lock:
            wait = self._make_room(newcomer) if len(self._open) >= self._limits.connections else 0.0
            if wait <= 0:
                newcomer.begin()
                self._open.add(newcomer)
            return wait

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.discard(connection)

    def enter(self, connection: Connection, phase: Phase, *, pending: int = 0) -> None:
        """Record a new phase; ConnectionAbortedError where the connection has been evicted.

        *pending* are the bytes of an answer to be written. Slow readers must not fill the memory with answers: beyond
        the limit those go that have stood still longest.
        """
        with self._lock:
            if connection not in self._open:
                raise ConnectionAbortedError
            connection.phase = phase
            connection.since = time.monotonic()
            connection.pending = pending
            excess = sum(each.pending for each in self._open) - self._limits.pending_bytes
            while excess > 0 and pending:
                victim = self._fattest(but=connection)
                if victim is None:
                    break
                excess -= victim.pending
                self._evict(victim)

    def longest_rendering(self) -> float:
        """Return the seconds for which the oldest running collect has been going on, 0 where there is none."""
        with self._lock:
            oldest = min((each.since for each in self._open if each.phase is Phase.RENDERING), default=None)
            return 0.0 if oldest is None else time.monotonic() - oldest

    def abort(self, *, busy: bool) -> None:
        """End the connections that wait; with *busy* all of them."""
        with self._lock:
            for connection in tuple(self._open):
                if busy or connection.phase in (Phase.WAITING, Phase.OPENING):
                    self._evict(connection)

    def _make_room(self, newcomer: Connection) -> float:
        held = Counter(each.peer.share for each in self._open)
        own = held[newcomer.peer.share]
        candidates = [each for each in self._open if each.phase in self._graces and held[each.peer.share] >= own]
        over = [each for each in candidates if held[each.peer.share] >= own + 2]
        now = time.monotonic()
        left = {each: self._graces[each.phase] - (now - each.since) for each in candidates}
        ready = over or [each for each, seconds in left.items() if seconds <= 0]
        if not ready:
            return min(left.values(), default=self._limits.waiting_grace)
        self._evict(min(ready, key=lambda each: (-held[each.peer.share], _ORDER.index(each.phase), each.since)))
        return 0.0

    def _fattest(self, *, but: Connection) -> Connection | None:
        """Return who stands still longest of the address with the most bytes pending."""
        bytes_of: Counter[str] = Counter()
        for each in self._open:
            bytes_of[each.peer.share] += each.pending
        writing = (each for each in self._open if each.phase is Phase.WRITING and each is not but)
        return min(writing, key=lambda each: (-bytes_of[each.peer.share], each.since), default=None)

    def _evict(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.abort()
