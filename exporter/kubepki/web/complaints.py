"""Lines for the log about what clients do, held back so that a client cannot fill the journal."""

import threading
import time
from collections.abc import Callable

_INTERVAL_SECONDS = 60.0
_MAX_MESSAGES = 50


class Complaints:
    """Passes each message on at most once a minute, and not more than fifty different ones."""

    def __init__(self, report: Callable[[str, BaseException | None], None]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}

    def say(self, message: str, error: BaseException | None = None) -> None:
        """Report *message*, with *error* where it is a bug of ours, unless it was reported less than a minute ago."""
        now = time.monotonic()
        with self._lock:
            self._said = {each: at for each, at in self._said.items() if now - at < _INTERVAL_SECONDS}
            if message in self._said or len(self._said) >= _MAX_MESSAGES:
                return
            self._said[message] = now
        self._report(message, error)
