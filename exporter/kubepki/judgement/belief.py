"""(Snapshot, Reading) -> belief: what time it truly is, how sure that is, and which clock is wrong. Pure.

Evidence, strongest first: a time that a person gave; a reference clock outside of the cluster; a host clock that the
kernel holds to be synchronised; one that was so lately and was not set since. Each of these is believed alone. Any
other host clock and the API server's are believed only together, and then not surely: after a power cut they may be
ahead together. Where these two contradict each other, and no lower bound excludes one, nobody can tell. The hardware
clock decides nothing: it is where a wrong time usually came from. A clock that could not be read is absent; it never
agrees.
"""

from dataclasses import dataclass
from enum import StrEnum

from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.phrases import duration, moment
from kubepki.judgement.signed import Signed, signed
from kubepki.judgement.witnesses import (
    HOST,
    TOLERANCE_SECONDS,
    ClockSays,
    Floor,
    Trust,
    agree,
    clock_name,
    each_server,
    lower_bound,
    witnesses,
)
from kubepki.model import Certificate, Reading, Snapshot

_RANK = list(Trust)


class Sureness(StrEnum):
    """How sure the believed time is."""

    SURE = "sure"
    LIKELY = "likely"
    ALONE = "alone"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What time it is believed to be.

    `now` is None where nobody can tell; `earliest` and `latest` bound the true time (None: no bound is known).
    `why` is one clause for a person. `clocks` are all that could be read, the most trusted first; `silent` those that
    did not answer. `contradictions` are the clocks that are as strong as the believed one and say otherwise. `by` is
    the clock that is believed, None where none is.
    """

    sureness: Sureness
    now: float | None
    earliest: float | None
    latest: float | None
    why: str
    clocks: tuple[ClockSays, ...]
    silent: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    by: str | None = None

    def says(self, clock: str) -> float | None:
        """Return what *clock* says, None where it was not read."""
        return next((each.says for each in self.clocks if each.clock == clock), None)

    @property
    def possible(self) -> tuple[float, ...] | None:
        """The times of which one is right where the clocks that were read name them, None where they do not."""
        if self.now is not None:
            return (self.now,)
        among = [each for each in self.clocks if each.clock in self.contradictions]
        return tuple(time for each in among for time in (each.says, each.latest)) or None

    @property
    def needs_a_time(self) -> bool:
        """Whether a person has to give a time before a repair: nobody can tell, or one weak clock alone does."""
        return self.sureness in {Sureness.CANNOT_TELL, Sureness.ALONE}

    @property
    def whose(self) -> str:
        """Whose the believed time is, as the end of a sentence."""
        believed = next((each for each in self.clocks if each.clock == self.by), None)
        if believed is None:
            return "no clock"
        return clock_name(believed)

    @property
    def here(self) -> str:
        """What stands for this host's clock, as the end of a sentence: itself, or the time that a person gave."""
        return self.whose if self.clocks and self.clocks[0].trust is Trust.GIVEN else "this host's clock"

    @property
    def judge(self) -> float | None:
        """What the API server's own clock says, None where it was not read; of several servers the earliest one's.

        That one rejects first what has not begun; `judge_at_the_end` is that of the latest, which rejects what ends.
        """
        return self.says(JUDGE)

    @property
    def judge_at_the_end(self) -> float | None:
        """What the latest of the API servers' clocks says, None where none was read."""
        return next((each.latest for each in self.clocks if each.clock == JUDGE), None)

    @property
    def several_judges(self) -> bool:
        """Whether several API servers were read, whose clocks contradict each other."""
        return any(each.clock == JUDGE and each.several for each in self.clocks)

    def rejects(self, certificate: Certificate) -> str | None:
        """Return who rejects *certificate* now by its own clock, as a subject; None where nobody who was read does."""
        first, last = self.judge, self.judge_at_the_end
        if first is None or last is None:
            return None
        by = [not certificate.not_before <= now <= certificate.not_after for now in (first, last)]
        if not any(by):
            return None
        return "the API server" if all(by) else "one of the API servers"

    def wrong(self, clock: str) -> float | None:
        """Return by how many seconds *clock* is ahead (+) or behind (-) of the true time, None where that is not known.

        A clock within two minutes is right: None, too. One that a lower bound refutes is behind by at least that much.
        Of several servers the one counts that is off most.
        """
        said = next((each for each in self.clocks if each.clock == clock), None)
        if said is None:
            return None
        says = said.says
        if self.now is not None:
            off = max(says - self.now, said.latest - self.now, key=abs)
            return off if abs(off) > TOLERANCE_SECONDS else None
        if self.earliest is not None and self.earliest - says > TOLERANCE_SECONDS:
            return says - self.earliest
        return None


def believe(snapshot: Snapshot, reading: Reading) -> Belief:
    """Return what *reading* and *snapshot* together say about the true time."""
    return weigh(signed(snapshot), reading)


def weigh(found: Signed, reading: Reading) -> Belief:
    """Return the belief from *reading* and from what was *found* to be signed and when."""
    if reading.given:
        given = ClockSays(clock=HOST, says=reading.host_time, error=0.0, trust=Trust.GIVEN, why="")
        judge = tuple(each for each in witnesses(reading, Floor()) if each.clock == JUDGE)
        return _sure((given, *judge), given, _silent(reading), ())
    floor = lower_bound(found, reading)
    clocks = tuple(sorted(witnesses(reading, floor), key=lambda each: (_RANK.index(each.trust), each.clock)))
    silent = _silent(reading)
    usable = [each for each in clocks if each.trust not in {Trust.HARDWARE, Trust.REFUTED}]
    strong = [each for each in usable if each.strong]
    if strong:
        best = _best(strong)
        if best is None:
            return _contradiction(strong, clocks, silent, floor.at, "strong clocks contradict each other")
        against = tuple(each.clock for each in strong if not agree(each, best))
        return _sure(clocks, best, silent, against)
    return _weak(reading, usable, clocks, silent, (floor.at, floor.why))


def _silent(reading: Reading) -> tuple[str, ...]:
    return tuple(each.clock for each in reading.references if each.offset is None)


def _weak(
    reading: Reading,
    usable: list[ClockSays],
    clocks: tuple[ClockSays, ...],
    silent: tuple[str, ...],
    floor: tuple[float | None, str],
) -> Belief:
    """Return the belief where no clock is believed alone."""
    several = [each for each in usable if each.several]
    if len(usable) > 1 or several:
        first, second = usable[0], usable[-1]
        if several or not agree(first, second):
            return _contradiction(usable, clocks, silent, floor[0], "nothing says which of them is right")
        why = "this host's clock and the API server's agree, but nothing from outside says that they are right"
        return _believed(Sureness.LIKELY, first, clocks, silent, why)
    if usable:
        why = f"only {clock_name(usable[0])} could be read, and nothing confirms it"
        refuted = [each for each in clocks if each.trust is Trust.REFUTED]
        if refuted:
            cannot = " and ".join(clock_name(each) for each in refuted)
            why = f"{cannot} cannot be right ({refuted[0].why}), and only {clock_name(usable[0])} is left"
        return _believed(Sureness.LIKELY if refuted else Sureness.ALONE, usable[0], clocks, silent, why)
    why = f"this host's clock says {moment(reading.host_time)}, but it is later: {floor[1]}"
    return Belief(
        sureness=Sureness.CANNOT_TELL, now=None, earliest=floor[0], latest=None, why=why, clocks=clocks, silent=silent
    )


def _best(strong: list[ClockSays]) -> ClockSays | None:
    """Return the clock to believe: of the strongest kind, one that most strong clocks agree with; None for a tie."""
    rank = min(_RANK.index(each.trust) for each in strong)
    votes = [(sum(agree(each, other) for other in strong), each) for each in strong if _RANK.index(each.trust) == rank]
    most = max(count for count, _ in votes)
    first, *others = [each for count, each in votes if count == most]
    return first if all(agree(first, other) for other in others) else None


def _sure(clocks: tuple[ClockSays, ...], best: ClockSays, silent: tuple[str, ...], against: tuple[str, ...]) -> Belief:
    why = f"{clock_name(best)}, {best.why}" if best.why else clock_name(best)
    error = best.error or 0.0
    return Belief(
        sureness=Sureness.SURE,
        now=best.says,
        earliest=best.says - error,
        latest=best.says + error,
        why=why,
        clocks=clocks,
        silent=silent,
        contradictions=against,
        by=best.clock,
    )


def _believed(
    sureness: Sureness, clock: ClockSays, clocks: tuple[ClockSays, ...], silent: tuple[str, ...], why: str
) -> Belief:
    return Belief(
        sureness=sureness,
        now=clock.says,
        earliest=None,
        latest=None,
        why=why,
        clocks=clocks,
        silent=silent,
        by=clock.clock,
    )


def _contradiction(
    among: list[ClockSays], clocks: tuple[ClockSays, ...], silent: tuple[str, ...], floor: float | None, why: str
) -> Belief:
    servers = [server for each in among for server in each_server(each)]
    (first, begins), (last, ends) = min(servers, key=lambda each: each[1]), max(servers, key=lambda each: each[1])
    error = max((each.error or 0.0 for each in among if each.says == begins), default=0.0)
    # What a clock was synchronised to is its own word: no bound where that clock may be the wrong one.
    earliest = None if floor is None else min(floor, begins - error)
    return Belief(
        sureness=Sureness.CANNOT_TELL,
        now=None,
        earliest=earliest,
        latest=None,
        why=f"{last} is {duration(ends - begins)} ahead of {first}, and {why}",
        clocks=clocks,
        silent=silent,
        contradictions=tuple(each.clock for each in among),
    )
