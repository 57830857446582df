"""The host's clocks as plain callables.

A test injects its own into the real service: `system_clock()` with some fields replaced, or `shifted_clock(offset)`,
whose wall clock is the host's plus whatever the callable *offset* returns at that moment; changing what it returns is a
step, as `date -s` would make one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kubepki.clocks.adjtimex import Adjtimex, adjtimex_reader
from kubepki.clocks.bounds import BUILT, lower_bound, synchronized_then
from kubepki.clocks.rtc import RTC, rtc_reader
from kubepki.clocks.step_watch import StepWatch, open_step_watch


@dataclass(frozen=True, slots=True, kw_only=True)
class HostClock:
    """The host's clocks.

    `realtime` and `boottime` return CLOCK_REALTIME and CLOCK_BOOTTIME in seconds; `adjtimex` the kernel's opinion,
    None where it is refused; `rtc` the hardware clock in Unix seconds, None where there is none; `step_watch` makes
    something that can be waited on for a step; `earliest` is a time that now cannot be before, `earliest_why` what
    happened then.
    `synchronized_then` is the latest time that a time daemon which followed others wrote, and which.
    """

    realtime: Callable[[], float]
    boottime: Callable[[], float]
    adjtimex: Callable[[], Adjtimex | None]
    rtc: Callable[[], float | None]
    step_watch: Callable[[], StepWatch]
    earliest: float | None = None
    earliest_why: str = BUILT
    synchronized_then: tuple[float, str] | None = None


def system_clock(rtc: Path = RTC) -> HostClock:
    """Return the clocks of this host."""
    earliest, why = lower_bound()
    return HostClock(
        realtime=time.time,
        boottime=lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        adjtimex=adjtimex_reader(),
        rtc=rtc_reader(rtc),
        step_watch=open_step_watch,
        earliest=earliest,
        earliest_why=why,
        synchronized_then=synchronized_then(),
    )


def shifted_clock(offset: Callable[[], float], base: HostClock | None = None) -> HostClock:
    """Return *base* (this host) with a wall clock that is ahead by what *offset* returns, in seconds, at each read."""
    base = base or system_clock()
    realtime = base.realtime
    return replace(base, realtime=lambda: realtime() + offset())
