"""Which clock is wrong, by how much, in which direction; and where nobody can tell. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from kubepki.judgement.belief import Belief, Sureness
from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.findings import Code, Finding
from kubepki.judgement.phrases import duration
from kubepki.judgement.witnesses import HARDWARE, HOST, TOLERANCE_SECONDS
from kubepki.model import Reading, Severity

# A hardware clock that keeps local time is off by a time zone, and nobody is hurt while NTP corrects it.
_HARDWARE_SECONDS = 3600.0
_QUARTER = 900.0
_ZONE_MOST = 14 * 3600.0
# What a hardware clock runs off in a few days that nobody set it.
_ZONE_TOLERANCE = 15.0


def clock_findings(belief: Belief, reading: Reading) -> Iterator[Finding]:
    """Yield one finding for each kind of clock that is wrong, and one where the time cannot be told."""
    if belief.sureness is Sureness.CANNOT_TELL:
        yield _finding(Code.TIME_UNKNOWN, f"what time it is cannot be told: {belief.why}", None)
    off = belief.wrong(HOST)
    if off is not None:
        least = "at least " if belief.now is None else ""
        yield _finding(Code.HOST_CLOCK_SKEWED, f"this host's clock is {least}{_direction(off)}{_by(belief)}", off)
    others = {each.clock: belief.wrong(each.clock) for each in belief.clocks if each.clock not in {HOST, HARDWARE}}
    wrong = {clock: off for clock, off in others.items() if off is not None}
    if wrong:
        spread = {each.clock: each.spread for each in reading.references}
        told = ", ".join(
            f"{_title(clock)} is {_direction(off)}{_several(spread[clock])}" for clock, off in sorted(wrong.items())
        )
        worst = max(wrong.values(), key=abs)
        yield _finding(Code.REFERENCE_CLOCK_SKEWED, f"{told}{_by(belief)}", worst)
    off = belief.wrong(HARDWARE)
    if off is not None and abs(off) > _HARDWARE_SECONDS and reading.synchronized is False:
        begins = "nothing synchronizes this host: its next boot begins with the hardware clock's time"
        message = f"the hardware clock is {_direction(off)} and {begins}"
        if belief.sureness is not Sureness.SURE:
            of = " of" if off > 0 else ""
            message = f"the hardware clock is {_direction(off)}{of} this host's; one of them is wrong, and {begins}"
        found = _finding(Code.HARDWARE_CLOCK_SKEWED, message, off)
        zone = "; a time zone has that size: where it keeps local time (LOCAL in /etc/adjtime) nothing is wrong with it"
        yield replace(found, severity=Severity.INFO, message=message + zone) if _is_a_zone(off) else found


def _is_a_zone(off: float) -> bool:
    """Return whether a hardware clock is off by what a time zone may be: whole quarter-hours, 14 hours at most."""
    return abs(off) <= _ZONE_MOST and abs(off - round(off / _QUARTER) * _QUARTER) <= _ZONE_TOLERANCE


def _finding(code: Code, message: str, seconds: float | None) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, path=None, message=message, seconds=seconds)


def _direction(off: float) -> str:
    return f"{duration(off)} {'ahead' if off > 0 else 'behind'}"


def _several(spread: float) -> str:
    if spread <= TOLERANCE_SECONDS:
        return ""
    return f" (its answers are {duration(spread)} apart, as of several servers: it is told of the one that is off most)"


def _title(clock: str) -> str:
    return "the API server's clock" if clock == JUDGE else f"the clock {clock}"


def _by(belief: Belief) -> str:
    """Return by which clock another one is wrong, as the end of a sentence."""
    return f", by {belief.why}" if belief.sureness is Sureness.SURE else f": {belief.why}"
