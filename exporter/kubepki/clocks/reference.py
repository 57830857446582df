"""Other clocks, polled in the background; a scrape only adds up numbers (`answers`)."""

import threading
import time
from collections.abc import Callable, Iterable

from kubepki.clocks.poller import PERIOD_SECONDS, Poller
from kubepki.clocks.sighting import RemoteClock
from kubepki.clocks.steps import ClockPair
from kubepki.model import ReferenceReading

# One name may lead to several servers: how many of the latest answers count.
_ANSWERS = {"apiserver": 5}


class References:
    """All reference clocks. Safe to use from any thread."""

    def __init__(
        self,
        boottime: Callable[[], float],
        *,
        epoch: Callable[[], int] = lambda: 0,
        on_poll: Callable[[], None] = lambda: None,
        period: float = PERIOD_SECONDS,
        quiet: bool = False,
    ) -> None:
        """Ask each clock every *period* seconds; *quiet* leaves out the log lines of transitions.

        *epoch* returns how many steps of the host's clock there were; *on_poll* is called after each poll, on a thread
        of ours.
        """
        self._quiet = quiet
        self._boottime = boottime
        self._epoch = epoch
        self._on_poll = on_poll
        self._period = period
        self._lock = threading.Lock()
        self._pollers: dict[str, Poller] = {}
        self._retired: list[Poller] = []
        self._running = False

    def replace(self, clocks: Iterable[RemoteClock]) -> None:
        """Ask exactly these clocks from now on; those that were there and are equal keep what was read."""
        wanted = {clock.source: clock for clock in clocks}
        with self._lock:
            for source, poller in list(self._pollers.items()):
                if wanted.get(source) != poller.clock:
                    poller.stop()
                    self._retired = [old for old in [*self._retired, poller] if old.is_alive()]
                    del self._pollers[source]
            for source, clock in wanted.items():
                if source not in self._pollers:
                    self._pollers[source] = self._poller(clock)
                    if self._running:
                        self._pollers[source].start()

    def start(self) -> None:
        """Start asking."""
        with self._lock:
            self._running = True
            for poller in self._pollers.values():
                poller.start()

    def stop(self, timeout: float) -> None:
        """End all threads, waiting *timeout* seconds at most for requests that cannot be aborted."""
        with self._lock:
            self._running = False
            pollers = [*self._pollers.values(), *self._retired]
        deadline = time.monotonic() + timeout
        for poller in pollers:
            poller.stop()
        for poller in pollers:
            poller.join(max(0.0, deadline - time.monotonic()))

    def poke(self) -> None:
        """Ask all of them at once."""
        for poller in self._current():
            poller.poke()

    def settle(self, timeout: float) -> bool:
        """Wait until each has answered or failed for the first time; return whether all have."""
        deadline = time.monotonic() + timeout
        return all(poller.settle(deadline - time.monotonic()) for poller in self._current())

    def answered(self, epoch: int) -> bool:
        """Return whether each has answered or failed since the step number *epoch*."""
        return all(poller.answered(epoch) for poller in self._current())

    def readings(self, pair: ClockPair, epoch: int = 0) -> tuple[ReferenceReading, ...]:
        """Return each clock at the instant of *pair*, ordered by name, without those that ended no poll in *epoch*."""
        readings = (poller.reading(pair, epoch) for poller in self._current())
        return tuple(sorted((item for item in readings if item is not None), key=lambda item: item.clock))

    def _poller(self, clock: RemoteClock) -> Poller:
        return Poller(
            clock,
            self._boottime,
            epoch=self._epoch,
            answers=_ANSWERS.get(clock.source, 1),
            on_poll=self._on_poll,
            period=self._period,
            quiet=self._quiet,
        )

    def _current(self) -> list[Poller]:
        with self._lock:
            return list(self._pollers.values())
