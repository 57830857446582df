"""The paths that take long: a scrape tells of all, the log once of each that is parsed."""

import logging
import time
from collections.abc import Mapping

from kubepki.logs import tell

log = logging.getLogger(__name__)

_SLOW_SECONDS = 1.0


class SlowPaths:
    """Which of some paths have been looked at for more than a second; their times are monotonic seconds."""

    def __init__(self) -> None:
        self._told: tuple[str, float] | None = None

    def paths(self, since: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
        """Return the slow ones among those that have been looked at *since* their times, with the seconds."""
        now = time.monotonic()
        return tuple(sorted((path, now - then) for path, then in since.items() if now - then > _SLOW_SECONDS))

    def tell(self, parsing: Mapping[str, float]) -> None:
        """Tell the log of the one that is being parsed, once, if it is slow."""
        for path, _ in self.paths(parsing):
            if self._told != (path, parsing[path]):
                self._told = (path, parsing[path])
                tell(log, logging.DEBUG, "still parsing a file", path=path)
