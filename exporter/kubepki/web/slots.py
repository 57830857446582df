"""Places for what runs at the same time, of which no address can take all."""

import threading
from collections import Counter


class Slots:
    """At most *limit* places, 0 means no bound.

    An address gets another place while it holds less than twice what is free, so that some are always left for others.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    @property
    def running(self) -> int:
        """How many places are taken."""
        return self._held.total()

    def take(self, share: str) -> bool:
        """Take a place for an address; False where there is none for it."""
        with self._lock:
            free = self._limit - self._held.total()
            if self._limit > 0 and self._held[share] >= 2 * free:
                return False
            self._held[share] += 1
            return True

    def give(self, share: str) -> None:
        """Give the place back."""
        with self._lock:
            self._held[share] -= 1
            if not self._held[share]:
                del self._held[share]
