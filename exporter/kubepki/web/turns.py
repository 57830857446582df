"""Turns at something costly: one at a time, and address by address, so that a crowd delays another by one turn only."""

import contextlib
import threading
from collections import deque
from collections.abc import Iterator

_MAX_WAITING = 48
_MAX_WAITING_EACH = 16


class _Ticket:
    """One that waits: `called` when its turn has come, or when it is sent away (`mine` is then False)."""

    __slots__ = ("called", "mine")

    def __init__(self) -> None:
        self.called = threading.Event()
        self.mine = False

    def call(self, *, mine: bool) -> None:
        self.mine = mine
        self.called.set()


class Turns:
    """Gives turns. Of each share at most *each* wait, of all at most *total*: then the longest line loses its last."""

    def __init__(self, *, each: int = _MAX_WAITING_EACH, total: int = _MAX_WAITING) -> None:
        self._each = each
        self._total = total
        self._lock = threading.Lock()
        self._busy = False
        # In the order of the turns: who had one goes to the end.
        self._lines: dict[str, deque[_Ticket]] = {}

    @contextlib.contextmanager
    def turn(self, share: str) -> Iterator[bool]:
        """Wait for a turn of *share* and hold it; False, at once or later, where too many wait."""
        mine = self._take(share)
        try:
            yield mine
        finally:
            if mine:
                self._give()

    def _take(self, share: str) -> bool:
        with self._lock:
            if not self._busy:
                self._busy = True
                return True
            line = self._lines.get(share, ())
            if len(line) >= self._each or not self._room(len(line)):
                return False
            ticket = _Ticket()
            self._lines.setdefault(share, deque()).append(ticket)
        ticket.called.wait()
        return ticket.mine

    def _room(self, own: int) -> bool:
        if sum(map(len, self._lines.values())) < self._total:
            return True
        longest = max(self._lines.values(), key=len)
        if len(longest) <= own + 1:
            return False
        longest.pop().call(mine=False)
        return True

    def _give(self) -> None:
        with self._lock:
            if not self._lines:
                self._busy = False
                return
            share = next(iter(self._lines))
            line = self._lines.pop(share)
            ticket = line.popleft()
            if line:
                self._lines[share] = line
            ticket.call(mine=True)
