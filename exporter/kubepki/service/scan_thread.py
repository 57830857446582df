"""The thread that looks at the disk: when a scan is due, what else waits for it, and whether it still lives.

A path that hangs holds up nothing but this thread, and this thread only for as long as a path may take.
"""

import logging
import math
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from kubepki.service.memory import FreePages
from kubepki.watch.schedule import Schedule

T = TypeVar("T")

log = logging.getLogger(__name__)

# Every wait of a scan is shorter and every step gives a sign of life: one without it will not come back.
_OVERDUE_SECONDS = 25.0
# Half of what a scrape may take; of a small tree an event is looked at in less.
_NEWS_SECONDS = 0.025


class News(Protocol):
    """Who says of itself that a path answers again."""

    def fileno(self) -> int:
        """Return the descriptor that becomes readable then; -1 where there is none."""

    def take_news(self) -> bool:
        """Return whether a path answers again; do not wait."""


class ScanThread:
    """Calls *scan* when one is due, with its start (monotonic seconds) and whether everything is to be looked at.

    *scan* returns whether it came to its end; one that takes long should be left once `overtaken` says so. *first*
    looks at what components present now, when that cannot wait for a scan. *between* is called after each wake and
    returns how long the thread may sleep; *begin* when a scan will soon be due. *patience* is how many seconds
    `await_news` waits at most.
    """

    def __init__(  # noqa: PLR0913 - what it calls, each at another time
        self,
        scan: Callable[[float, bool], bool],
        *,
        interval: float,
        first: Callable[[], None],
        between: Callable[[], float],
        begin: Callable[[], None],
        news: News,
        patience: float = _NEWS_SECONDS,
    ) -> None:
        self._scan = scan
        self._first = first
        self._between = between
        self._begin = begin
        self._news = news
        self._patience = patience
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._schedule = Schedule(interval=interval)
        self._errands: list[Callable[[], None]] = []
        self._at_work_since: float | None = None
        # Clear from an event on until a scan has looked at all that events told; when that event came.
        self._looked_at = threading.Event()
        self._looked_at.set()
        self._told_at = -math.inf
        self._free_pages = FreePages()
        self._thread = threading.Thread(target=self._run, name="scan", daemon=True)
        # True once nobody waits for a scan any more.
        self.interrupted = False

    def start(self) -> None:
        """Start to look."""
        self._thread.start()

    def wake(self) -> None:
        """Let `between` be called soon; for any thread."""
        os.eventfd_write(self._wake_fd, 1)

    def mark(self) -> None:
        """Note that something changed; for any thread."""
        now = time.monotonic()
        with self._lock:
            self._schedule.mark(now)
            if self._looked_at.is_set():
                self._told_at = now
                self._looked_at.clear()
        self.wake()

    def await_news(self) -> None:
        """Wait until what events have told is looked at, for a moment after the first of them; for any thread.

        A scrape that is written meanwhile tells what is about to be replaced, and takes the interpreter from the scan.
        """
        left = self._told_at + self._patience - time.monotonic()
        if left > 0:
            self._looked_at.wait(left)

    def hurry(self) -> None:
        """Note that something changed that cannot wait; for any thread."""
        with self._lock:
            self._schedule.hurry(time.monotonic())
        self.wake()

    def overtaken(self) -> bool:
        """Return whether the scan that runs is to be left for what cannot wait."""
        with self._lock:
            return self._schedule.overtakes(time.monotonic())

    def wake_at(self, deadline: float, *, whole: bool = True) -> None:
        """Ask for a scan at *deadline*, a monotonic time, of everything or of what changed; for any thread."""
        with self._lock:
            self._schedule.wake_at(deadline, whole=whole)
        self.wake()

    def set_interval(self, interval: float) -> None:
        """Look at everything each *interval* seconds."""
        with self._lock:
            self._schedule.set_interval(interval)

    def do(self, errand: Callable[[], None]) -> None:
        """Do *errand* between two scans; for any thread."""
        with self._lock:
            self._errands.append(errand)
        self.wake()

    def sign_of_life(self) -> None:
        """Note that the scan goes on."""
        if self._at_work_since is not None:
            self._at_work_since = time.monotonic()

    def alive(self) -> bool:
        """Return whether scans end within their budget; for any thread."""
        since = self._at_work_since
        return self._thread.is_alive() and (since is None or time.monotonic() - since < _OVERDUE_SECONDS)

    def interrupt(self) -> None:
        """Leave the scan that runs, and any later one; for a signal handler."""
        self.interrupted = True
        self.wake()

    def join(self, seconds: float) -> bool:
        """Wait for the end of the thread; return whether it came."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._begin()
        poller = select.poll()
        poller.register(self._wake_fd, select.POLLIN)
        while not self.interrupted:
            self._scan_if_due()
            self._wait(poller, self._between())
            with self._lock:
                errands, self._errands = self._errands, []
            for errand in errands:
                try:
                    errand()
                except Exception:
                    log.exception("this failed; the service goes on")

    def _scan_if_due(self) -> None:
        self._look_first_if_due()
        started = time.monotonic()
        with self._lock:
            if not self._schedule.due(started, first=False):
                return
            whole = self._schedule.whole_due(started)
            self._schedule.started(started, whole=whole)
        ended = self._at_work(lambda: self._scan(started, whole))
        with self._lock:
            (self._schedule.finished if ended else self._schedule.left)(time.monotonic())
            if ended and not self._schedule.dirty:
                self._looked_at.set()
        if ended:
            self._free_pages.give_back()

    def _look_first_if_due(self) -> None:
        now = time.monotonic()
        with self._lock:
            if not self._schedule.first_due(now):
                return
            self._schedule.first_started(now)
        self._at_work(self._first)
        with self._lock:
            self._schedule.first_finished(time.monotonic())

    def _at_work(self, work: Callable[[], T]) -> T:
        self._at_work_since = time.monotonic()
        try:
            return work()
        finally:
            self._at_work_since = None

    def _wait(self, poller: select.poll, longest: float) -> None:
        """Sleep until a scan is due, somebody wakes this thread, or a path answers that did not."""
        with self._lock:
            wait = max(0.0, min(self._schedule.due_at() - time.monotonic(), longest))
            dirty = self._schedule.dirty
        if dirty:
            self._begin()
        news = self._news.fileno()
        if news >= 0:
            poller.register(news, select.POLLIN)
        ready = [descriptor for descriptor, _ in poller.poll(wait * 1000)]
        if news >= 0:
            poller.unregister(news)
        if self._wake_fd in ready:
            os.eventfd_read(self._wake_fd)
        if news in ready and self._news.take_news():
            with self._lock:
                self._schedule.wake_at(time.monotonic())
