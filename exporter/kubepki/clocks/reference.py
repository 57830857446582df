"""Other clocks, polled in the background and carried on CLOCK_BOOTTIME between the polls.

A scrape only adds up numbers: what the other clock said at its poll, plus the CLOCK_BOOTTIME since, minus host time.
So a step of the host changes the offset in the very next scrape, without another poll.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from kubepki.clocks.net import Abort, UnreadableClockError
from kubepki.clocks.steps import ClockPair
from kubepki.model import ReferenceReading

PERIOD_SECONDS = 60.0
JITTER = 0.1
POKE_SPACING_SECONDS = 1.0
MAX_AGE_SECONDS = 300.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Another clock's `time` (Unix seconds) at the instant `boot` of CLOCK_BOOTTIME, right within ± `error` seconds."""

    time: float
    boot: float
    error: float

    def offset(self, pair: ClockPair) -> float:
        """Return that clock minus host time at the instant of *pair*."""
        return self.time + (pair.boot - self.boot) - pair.host


class RemoteClock(Protocol):
    """A clock that can be asked. Equal ones are the same clock: a reload keeps what was read of it."""

    @property
    def source(self) -> str:
        """The value of the label `clock`."""

    def read(self, boottime: Callable[[], float], abort: Abort) -> Sighting:
        """Ask once, for two seconds at most; raise UnreadableClockError with the reason."""


class Poller:
    """One thread that asks one clock every minute with jitter, and at once when poked."""

    def __init__(
        self,
        clock: RemoteClock,
        boottime: Callable[[], float],
        *,
        period: float = PERIOD_SECONDS,
        spacing: float = POKE_SPACING_SECONDS,
        quiet: bool = False,
    ) -> None:
        """Take *clock* to be asked each *period* seconds, and never twice within *spacing* seconds.

        *quiet* leaves out the log lines of transitions.
        """
        self.clock = clock
        self._quiet = quiet
        self._boottime = boottime
        self._period = period
        self._spacing = spacing
        self._abort = Abort()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._outcome: Sighting | None = None
        self._thread = threading.Thread(target=self._run, name=f"clock-{clock.source}", daemon=True)

    def start(self) -> None:
        """Ask for the first time, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Tell the thread to end, in the middle of a request too."""
        self._stopping.set()
        self._wake.set()
        self._abort.abort()

    def join(self, timeout: float) -> None:
        """Wait for the end of the thread."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def is_alive(self) -> bool:
        """Return whether the thread still runs."""
        return self._thread.is_alive()

    def poke(self) -> None:
        """Ask again at once, at most once a second."""
        self._wake.set()

    def settle(self, timeout: float) -> bool:
        """Wait for the first answer or failure; return whether it came."""
        return self._settled.wait(max(0.0, timeout))

    def reading(self, pair: ClockPair) -> ReferenceReading | None:
        """Return the clock at the instant of *pair*; None before the first poll has ended."""
        if not self._settled.is_set():
            return None
        sighting = self._outcome
        if sighting is None or pair.boot - sighting.boot > MAX_AGE_SECONDS:
            return ReferenceReading(clock=self.clock.source, up=False, offset=None)
        return ReferenceReading(clock=self.clock.source, up=True, offset=sighting.offset(pair))

    def _run(self) -> None:
        was_up: bool | None = None
        while not self._stopping.is_set():
            sighting, reason = self._ask()
            if self._stopping.is_set():
                return
            self._outcome = sighting
            if was_up is not (sighting is not None) and not self._quiet:
                was_up = sighting is not None
                self._log_transition(sighting, reason)
            self._settled.set()
            ended = time.monotonic()
            self._wake.wait(self._period * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 -- no secret
            self._stopping.wait(max(0.0, ended + self._spacing - time.monotonic()))
            self._wake.clear()

    def _ask(self) -> tuple[Sighting | None, str]:
        try:
            return self.clock.read(self._boottime, self._abort), ""
        except UnreadableClockError as error:
            return None, str(error)
        except Exception:
            # The thread must live: a frozen reading would be worse than none.
            log.exception("asking the reference clock %s failed in an unexpected way", self.clock.source)
            return None, "internal error"

    def _log_transition(self, sighting: Sighting | None, reason: str) -> None:
        if sighting is None:
            log.warning("reference clock %s cannot be read: %s", self.clock.source, reason)
        else:
            log.info("reference clock %s is read, within %.2f s", self.clock.source, sighting.error)


class References:
    """All reference clocks. Safe to use from any thread."""

    def __init__(self, boottime: Callable[[], float], *, period: float = PERIOD_SECONDS, quiet: bool = False) -> None:
        """Ask each clock every *period* seconds; *quiet* leaves out the log lines of transitions."""
        self._quiet = quiet
        self._boottime = boottime
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
                    self._pollers[source] = Poller(clock, self._boottime, period=self._period, quiet=self._quiet)
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

    def readings(self, pair: ClockPair) -> tuple[ReferenceReading, ...]:
        """Return each clock at the instant of *pair*, ordered by source, without those that never ended a poll."""
        readings = (poller.reading(pair) for poller in self._current())
        return tuple(sorted((item for item in readings if item is not None), key=lambda item: item.clock))

    def _current(self) -> list[Poller]:
        with self._lock:
            return list(self._pollers.values())
