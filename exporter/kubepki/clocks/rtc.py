"""The hardware clock, as sysfs shows it.

`since_epoch` (Documentation/ABI/testing/sysfs-class-rtc in the kernel) is the clock's time in whole seconds, read as
UTC. Reading it can block for a second, as long as the chip updates itself: never on the path of a scrape.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kubepki.clocks.net import Abort, UnreadableClockError
from kubepki.clocks.sighting import Sighting

RTC = Path("/sys/class/rtc/rtc0")
HALF_RESOLUTION_SECONDS = 0.5


def rtc_reader(root: Path = RTC) -> Callable[[], float | None]:
    """Return a function that reads the hardware clock in *root*, the middle of the second that it shows.

    It returns None where there is no such clock, or where it refuses (its time was never set, or the battery is empty).
    """

    def read() -> float | None:
        try:
            text = (root / "since_epoch").read_text(encoding="ascii")
            return int(text) + HALF_RESOLUTION_SECONDS
        except (OSError, ValueError):
            return None

    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class RtcClock:
    """The hardware clock as one more clock to be polled; `now` returns its Unix seconds, None where it refuses."""

    now: Callable[[], float | None]
    source: str = "rtc"

    def read(self, boottime: Callable[[], float], abort: Abort) -> Sighting:
        """Ask once; raise UnreadableClockError where there is no hardware clock or it refuses."""
        abort.attach(None)
        before = boottime()
        time = self.now()
        if time is None:
            msg = "there is none, or it refuses"
            raise UnreadableClockError(msg)
        half = (boottime() - before) / 2
        return Sighting(time=time, boot=before + half, error=HALF_RESOLUTION_SECONDS + half)
