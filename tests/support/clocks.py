"""Clocks that a test moves by hand, as plain callables for the real code."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from kubepki.clocks.adjtimex import Adjtimex
from kubepki.clocks.host import HostClock
from kubepki.clocks.net import Abort, UnreadableClockError
from kubepki.clocks.sighting import Sighting
from kubepki.clocks.step_watch import PollingWatch

SYNCHRONIZED = Adjtimex(synchronized=True, max_error=0.25, estimated_error=0.001)
UNSYNCHRONIZED = Adjtimex(synchronized=False, max_error=16.0, estimated_error=16.0)
BOOTED_AT = 1_600_000_000.0


@dataclass
class Hands:
    """The hands of a host's clocks; times in Unix seconds, `boot` in seconds since the boot."""

    host: float = BOOTED_AT + 100.0
    boot: float = 100.0
    kernel: Adjtimex | None = SYNCHRONIZED
    rtc: float | None = None
    watches: list[PollingWatch] = field(default_factory=list)

    def advance(self, seconds: float, *, ppm: float = 0.0) -> None:
        """Let time pass, with a wall clock that is *ppm* faster than CLOCK_BOOTTIME."""
        self.boot += seconds
        self.host += seconds * (1 + ppm / 1e6)

    def step(self, seconds: float) -> None:
        """Set the wall clock, and wake who waits for that, as a timerfd does."""
        self.host += seconds
        for watch in self.watches:
            watch.wake()

    def host_clock(self) -> HostClock:
        """Return these hands as a host."""
        return HostClock(
            realtime=lambda: self.host,
            boottime=lambda: self.boot,
            adjtimex=lambda: self.kernel,
            rtc=lambda: self.rtc,
            step_watch=self._watch,
        )

    def _watch(self) -> PollingWatch:
        self.watches.append(PollingWatch())
        return self.watches[-1]


@dataclass(frozen=True, kw_only=True)
class ScriptedClock:
    """A remote clock that calls *answer* for its time; what that raises as text is the reason of a failure."""

    answer: Callable[[], float | str]
    source: str = "apiserver"
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0), compare=False)

    def read(self, boottime: Callable[[], float], abort: Abort) -> Sighting:
        """Return the scripted time at this instant."""
        abort.attach(None)
        self.asked.release()
        answer = self.answer()
        if isinstance(answer, str):
            raise UnreadableClockError(answer)
        return Sighting(time=answer, boot=boottime(), error=0.5)
