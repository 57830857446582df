"""Lines for the log about what clients do, held back so that a client cannot fill the journal, nor silence others."""

import threading
import time
from collections import Counter
from collections.abc import Callable

from kubepki.web.peers import NOBODY, Peer

_INTERVAL_SECONDS = 60.0
_MAX_MESSAGES = 50
_MAX_EACH = 5


class Complaints:
    """Passes each message on at most once a minute; of one address five different ones, of all fifty.

    What is ours, and belongs to no address, has a count of its own: no client can hide it.
    """

    def __init__(self, report: Callable[[str, BaseException | None], None]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._said: dict[tuple[str, str], float] = {}
        self._left_out = 0
        self._told_at: float | None = None

    def say(self, message: str, error: BaseException | None = None, *, peer: Peer = NOBODY) -> None:
        """Report *message*, with *error* where it is a bug of ours, unless it was reported less than a minute ago.

        That lines about clients are left out is told in one line a minute.
        """
        with self._lock:
            lines = self._allowed(message, error, peer, time.monotonic())
        for line, cause in lines:
            self._report(line, cause)

    def _allowed(
        self, message: str, error: BaseException | None, peer: Peer, now: float
    ) -> list[tuple[str, BaseException | None]]:
        self._said = {each: at for each, at in self._said.items() if now - at < _INTERVAL_SECONDS}
        key = (peer.share, message)
        if key in self._said:
            return []
        held = Counter(share for share, _ in self._said)
        clients = len(self._said) - held[""]
        allowed = held[peer.share] < _MAX_EACH and clients < _MAX_MESSAGES if peer.share else held[""] < _MAX_MESSAGES
        if allowed:
            self._said[key] = now
            return [(message, error)]
        self._left_out += 1
        if not peer.share:
            return []
        if self._told_at is not None and now - self._told_at < _INTERVAL_SECONDS:
            return []
        count, self._left_out, self._told_at = self._left_out, 0, now
        return [(f"further lines about clients are left out for a minute ({count} so far), the last: {message}", None)]
