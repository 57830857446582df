"""The service as the stage runs it: as `tests.e2e.stepped_exporter`, on any machine with the same kernel and hardware.

The kernel calls the clock synchronised while it is right, as NTP would leave it, and there is no hardware clock.
"""

import sys
from collections.abc import Callable
from dataclasses import replace

from kubepki.clocks.adjtimex import Adjtimex
from kubepki.clocks.host import HostClock, shifted_clock, system_clock
from tests.e2e.stepped_exporter import served


def staged_clock(offset: Callable[[], float]) -> HostClock:
    """Return a clock that is off by what *offset* says, and synchronised while that is less than a second."""

    def opinion() -> Adjtimex:
        right = abs(offset()) < 1
        return Adjtimex(synchronized=right, max_error=0.01 if right else 16.0, estimated_error=0.001 if right else 16.0)

    return shifted_clock(offset, replace(system_clock(), adjtimex=opinion, rtc=lambda: None))


if __name__ == "__main__":
    sys.exit(served(sys.argv[1:], staged_clock))
