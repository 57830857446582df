"""Reading -> what each clock says, and how far it is to be trusted by itself. Pure; `belief` weighs them."""

from dataclasses import dataclass, replace
from enum import StrEnum

from kubepki.judgement.comparisons import JUDGE, reference_times
from kubepki.judgement.phrases import duration, moment
from kubepki.judgement.signed import Signed, by_another_clock, by_signatures
from kubepki.model import Reading

HOST = "host"
HARDWARE = "hardware"
EARLIEST_JUDGE = "the earliest of the API servers' clocks"
LATEST_JUDGE = "the latest of the API servers' clocks"
# Two clocks that are nearer than this agree. Certificates are signed five minutes back, so less is never worth a page.
TOLERANCE_SECONDS = 120.0
_DAY = 86_400.0
_YEAR = 365 * _DAY
_HTTP_DATE_ERROR = 1.0
# The kernel's own bound for a clock that nothing steers, and for how long that is well within two minutes.
_DRIFT = 500e-6
_KEPT_SECONDS = _DAY


class Trust(StrEnum):
    """How far one clock is to be trusted, the strongest first."""

    GIVEN = "given"
    OUTSIDE = "outside"
    SYNCHRONIZED = "synchronized"
    KEPT = "kept"
    JUDGE = "judge"
    FREE = "free"
    HARDWARE = "hardware"
    REFUTED = "refuted"


_STRONG = {Trust.GIVEN, Trust.OUTSIDE, Trust.SYNCHRONIZED, Trust.KEPT}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSays:
    """One clock: what it `says` (Unix seconds), within ± `error` seconds where that is known, and its trust.

    `why` is a relative clause; of a refuted clock a whole one, of a given time empty. `spread` is by how many seconds
    the latest of several servers behind one address is ahead of what it `says`, which is that of the earliest.
    """

    clock: str
    says: float
    error: float | None
    trust: Trust
    why: str
    spread: float = 0.0

    @property
    def strong(self) -> bool:
        """Whether this clock is believed alone."""
        return self.trust in _STRONG

    @property
    def latest(self) -> float:
        """What the latest of its servers says."""
        return self.says + self.spread

    @property
    def several(self) -> bool:
        """Whether several servers answer for it, whose clocks contradict each other."""
        return self.spread > TOLERANCE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A time that now cannot be before, None where none is known, and why; `signed` means that signatures say so.

    `elsewhere` is that time for clocks that are not this host's: what its own clock was synchronised to is no more than
    its word, and a room is ahead by hours, not by a day.
    """

    at: float | None = None
    why: str = ""
    signed: bool = False
    elsewhere: float | None = None

    @property
    def for_others(self) -> float | None:
        """The time that clocks which are not this host's cannot be before."""
        return self.at if self.elsewhere is None else self.elsewhere


def witnesses(reading: Reading, floor: Floor) -> list[ClockSays]:
    """Return all clocks that could be read; one before *floor* is refuted.

    What vouches for a clock vouches for hours, not for years: a build, or a bound a year away, refutes that too.
    """
    found = [_host(reading)]
    spread = {each.clock: each.spread for each in reading.references}
    for clock, now in reference_times(reading).items():
        outside = clock != JUDGE
        trust = Trust.OUTSIDE if outside else Trust.JUDGE
        why = "which is outside of the cluster" if outside else "which may be as wrong as the signer's"
        one = ClockSays(clock=clock, says=now, error=_HTTP_DATE_ERROR, trust=trust, why=why, spread=spread[clock])
        found.append(one)
    if reading.rtc_offset is not None:
        says = reading.host_time + reading.rtc_offset
        found.append(
            ClockSays(clock=HARDWARE, says=says, error=None, trust=Trust.HARDWARE, why="which decides nothing")
        )
    references = [each for each in found if each.trust is Trust.OUTSIDE]
    return [_refuted(each, floor, reading.earliest, references) for each in found]


def _host(reading: Reading) -> ClockSays:
    """Return this host's clock: synchronised, or so lately and not set since that it cannot have run far."""
    trust, why, error = Trust.FREE, "of which the kernel does not say whether it is synchronized", reading.max_error
    since = None if reading.last_synchronized is None else reading.host_time - reading.last_synchronized
    if reading.synchronized:
        trust, why = Trust.SYNCHRONIZED, "which the kernel holds to be synchronized"
    elif reading.kept is True and since is not None and 0 <= since <= _KEPT_SECONDS:
        trust, error = Trust.KEPT, (reading.max_error or 0.0) + _DRIFT * since
        why = f"which was synchronized {duration(since)} ago and not set since"
    elif reading.synchronized is False:
        why = "which is not synchronized"
    return ClockSays(clock=HOST, says=reading.host_time, error=error, trust=trust, why=why)


def _refuted(clock: ClockSays, floor: Floor, built: float | None, outside: list[ClockSays]) -> ClockSays:
    """Return *clock*, without trust where it stands before what cannot be later than now.

    A virtual machine that was asleep holds its clock to be synchronised: what was signed meanwhile refutes that, unless
    a clock *outside* of the cluster agrees with it.
    """
    at = floor.at if clock.clock == HOST else floor.elsewhere
    if at is None or clock.says >= at - TOLERANCE_SECONDS:
        return clock
    impossible = at - clock.says > _YEAR or (built is not None and clock.says < built - TOLERANCE_SECONDS)
    asleep = floor.signed and clock.clock == HOST and not any(agree(clock, each) for each in outside)
    if clock.strong and not impossible and not asleep:
        return clock
    return replace(clock, trust=Trust.REFUTED, why=floor.why)


def lower_bound(found: Signed, reading: Reading) -> Floor:
    """Return the latest time that now cannot be before, and why; *found* is when the host's certificates begin."""
    bounds = lower_bounds(found, reading, reading.host_time)
    others = [] if reading.rtc_offset is None else [reading.host_time + reading.rtc_offset]
    others += [now for clock, now in reference_times(reading).items() if clock == JUDGE]
    if (begins := by_another_clock(found, reading.host_time, others)) is not None:
        bounds.append(Floor(at=begins[0], why=begins[1]))
    latest = max(bounds, key=lambda bound: bound.at or 0.0)
    return replace(
        latest,
        signed=any(bound.signed for bound in bounds),
        elsewhere=max((bound.for_others for bound in bounds if bound.for_others is not None), default=None),
    )


def lower_bounds(found: Signed, reading: Reading, says: float) -> list[Floor]:
    """Return the times that now cannot be before by builds, by the host's own past, and by signatures.

    *says* is what the clock says of which the signatures are asked. The first bound is none, so that there is one.
    """
    bounds, own = [Floor()], []
    if reading.earliest is not None:
        bounds.append(Floor(at=reading.earliest, why=f"{reading.earliest_why} at {moment(reading.earliest)}"))
    # Who sets a clock back says that the time before was wrong, however synchronised it was.
    if reading.kept is not False:
        if reading.last_synchronized is not None:
            own.append((reading.last_synchronized, "it was synchronized"))
        if reading.synchronized_then is not None:
            own.append(reading.synchronized_then)
    bounds += [Floor(at=at, why=f"{what} at {moment(at)}", elsewhere=at - _DAY) for at, what in own]
    if (begins := by_signatures(found, says)) is not None:
        bounds.append(Floor(at=begins[0], why=begins[1], signed=True))
    return bounds


def agree(one: ClockSays, other: ClockSays) -> bool:
    """Return whether two clocks are within two minutes of each other."""
    return abs(one.says - other.says) <= TOLERANCE_SECONDS


def clock_name(clock: ClockSays) -> str:
    """Return *clock* as the subject of a sentence."""
    if clock.trust is Trust.GIVEN:
        return "the given time"
    if clock.clock == HOST:
        return "this host's clock"
    return "the API server's clock" if clock.clock == JUDGE else f"the clock {clock.clock}"


def each_server(clock: ClockSays) -> tuple[tuple[str, float], ...]:
    """Return what *clock* says with its name: of several servers that contradict each other the two ends."""
    if not clock.several:
        return ((clock_name(clock), clock.says),)
    return (EARLIEST_JUDGE, clock.says), (LATEST_JUDGE, clock.latest)
