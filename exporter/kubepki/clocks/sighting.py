"""What one answer of another clock says, and what such a clock is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kubepki.clocks.net import Abort
from kubepki.clocks.steps import ClockPair


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Another clock's `time` (Unix seconds) at the instant `boot` of CLOCK_BOOTTIME, right within ± `error` seconds.

    `certificate` are NotBefore and NotAfter of the certificate that its server showed. `unauthorized` means that the
    server counts each question as a failed authentication.
    """

    time: float
    boot: float
    error: float
    certificate: tuple[float, float] | None = None
    unauthorized: bool = False

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
