"""Steps of the wall clock: when somebody sets CLOCK_REALTIME.

A step is found by comparing CLOCK_REALTIME with CLOCK_BOOTTIME. Slewing moves both alike, for the kernel steers the one
timekeeper beneath them (kernel/time/timekeeping.c); suspend adds the same time to both at the resume. So neither is a
step. `stepwatch` only says when to compare.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

STEP_THRESHOLD_SECONDS = 0.2
SLEW_ALLOWANCE = 1_000e-6
PAIR_WIDTH_SECONDS = 1e-3
PAIR_TRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPair:
    """CLOCK_REALTIME and CLOCK_BOOTTIME of one instant, in seconds; `width` bounds how far the two may be apart."""

    host: float
    boot: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its signed size in seconds, and the host time right after it, by the new clock."""

    size: float
    host_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the clocks: the pair, the number of steps seen so far, the last of them, and whether it is new."""

    pair: ClockPair
    steps: int
    last: Step | None
    is_new: bool


def take_pair(realtime: Callable[[], float], boottime: Callable[[], float]) -> ClockPair:
    """Return both clocks as one pair: the wall clock read between two reads of the other, the narrowest of a few."""
    best: ClockPair | None = None
    for _ in range(PAIR_TRIES):
        before = boottime()
        host = realtime()
        width = boottime() - before
        if best is None or width < best.width:
            best = ClockPair(host=host, boot=before + width / 2, width=width)
        if best.width <= PAIR_WIDTH_SECONDS:
            break
    assert best is not None  # noqa: S101 -- PAIR_TRIES is above 0
    return best


def step_between(old: ClockPair, new: ClockPair) -> Step | None:
    """Return the step that lies between two pairs, None where the clocks moved together.

    A step is more than 0.2 s beyond 1,000 ppm of the interval.
    """
    size = (new.host - old.host) - (new.boot - old.boot)
    if abs(size) <= STEP_THRESHOLD_SECONDS + SLEW_ALLOWANCE * abs(new.boot - old.boot) + old.width + new.width:
        return None
    return Step(size=size, host_time=new.host)


class StepDetector:
    """Counts each step once, whoever looks first. Safe to call from any thread."""

    def __init__(self, realtime: Callable[[], float], boottime: Callable[[], float]) -> None:
        self._realtime = realtime
        self._boottime = boottime
        self._lock = threading.Lock()
        self._accepted = take_pair(realtime, boottime)
        self._steps = 0
        self._last: Step | None = None

    def look(self) -> Look:
        """Return the clocks now and what is known of steps up to now."""
        # The pair is taken under the lock: with an older pair coming second, a step would be seen back and forth.
        with self._lock:
            pair = take_pair(self._realtime, self._boottime)
            step = step_between(self._accepted, pair)
            self._accepted = pair
            if step is not None:
                self._steps += 1
                self._last = step
            return Look(pair=pair, steps=self._steps, last=self._last, is_new=step is not None)
