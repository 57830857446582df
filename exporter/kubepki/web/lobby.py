"""Connections that are accepted and wait for a place in a full table, so that the kernel's queue stays short.

Nobody stands in one line behind a crowd: each address waits for a place of its own. Used by the accept loop alone.
"""

from collections import Counter
from collections.abc import Iterator

from kubepki.web.connections import Connection, Limits
from kubepki.web.table import ConnectionTable


class Lobby:
    """At most `limits.lobby` connections; beyond, the address with most of them loses the one that waits longest."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.lobby
        self._waiting: list[Connection] = []
        self.patience = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, connection: Connection) -> bool:
        """Let *connection* wait; return whether another had to go for it."""
        self._waiting.append(connection)
        if len(self._waiting) <= self._limit:
            return False
        held = Counter(each.peer.share for each in self._waiting)
        # The order is that of arrival, and max() takes the first of equals.
        victim = max(self._waiting, key=lambda each: held[each.peer.share])
        self._waiting.remove(victim)
        victim.abort()
        victim.close()
        return True

    def admitted(self, table: ConnectionTable) -> Iterator[Connection]:
        """Yield who gets a place in *table* now; `patience` is then the seconds after which to ask again."""
        refused: dict[str, float] = {}
        for connection in tuple(self._waiting):
            share = connection.peer.share
            if share in refused:
                continue
            wait = table.admit(connection)
            if wait > 0:
                refused[share] = wait
            else:
                self._waiting.remove(connection)
                yield connection
        self.patience = min(refused.values(), default=0.0)

    def clear(self) -> None:
        """End all that wait."""
        for connection in self._waiting:
            connection.abort()
            connection.close()
        self._waiting.clear()
