"""Which superseded file could replace the current one now, by the times at which it has to be valid. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from kubepki.judgement.belief import Belief, Sureness
from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.phrases import duration, moment
from kubepki.judgement.rotation import EARLIEST, life_over
from kubepki.judgement.witnesses import EARLIEST_JUDGE, LATEST_JUDGE, TOLERANCE_SECONDS, each_server
from kubepki.model import Candidate, Certificate, PathState, Period, Reading

# What a file must have left at either end: two clocks that agree are up to two minutes apart.
MARGIN_SECONDS = 300.0
# Where nothing confirms the time, a file is good only if it is good at any time that the clocks of a room may hide.
UNSURE_MARGIN_SECONDS = 86_400.0
# Of a file's life: what is over, and what is left, where the time will be given.
_SHARE_OVER, _SHARE_LEFT = 0.5, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairTimes:
    """The times at which a candidate has to be valid, by whose they are, each with `margin` seconds on both sides.

    `kubelet` is what the host's own clock says: a kubelet that starts goes by it, right or wrong. `refusal` says why a
    repair needs a time from outside, None where it needs none; then the times are only what may be true. `given` means
    that a person gave the first of the times, `by_life` that the margin is no larger than a share of a file's life.
    """

    times: tuple[tuple[str, float], ...]
    margin: float
    kubelet: float
    refusal: str | None = None
    given: bool = False
    by_life: bool = False

    @property
    def for_who_has_a_time(self) -> "RepairTimes":
        """What a file must hold to be worth a command that carries a time from outside, as a notification prints it.

        A day to spare would leave out every file that lives for hours. One that was rotated in its time has half of its
        life behind it, so one that was signed in the wrong night is left out all the same.
        """
        return replace(self, by_life=True)

    @property
    def with_right_clocks(self) -> "RepairTimes":
        """What will have to hold once the API server's clock and this host's are right, by the believed time."""
        believed = self.times[0][1] if self.times and self.refusal is None else None
        return self if believed is None else replace(self, times=self.times[:1], kubelet=believed)


def repair_times(belief: Belief, reading: Reading, wall: float | None = None) -> RepairTimes:
    """Return when a candidate has to be valid: at the believed time, and at that of the judge who will see it.

    *wall* is what the host's clock says where a person gave the time.
    """
    kubelet = reading.host_time if wall is None else wall
    judges = [server for each in belief.clocks if each.clock == JUDGE for server in each_server(each)]
    judge = () if belief.by == JUDGE else tuple(judges)
    # Where a person has to give a time, the file is judged by that one, which is sure.
    unsure = belief.sureness is Sureness.LIKELY
    refusal = f"what time it is cannot be told: {belief.why}" if belief.needs_a_time else None
    times = ((belief.whose, belief.now), *judge) if belief.now is not None else _possible(belief)
    return RepairTimes(
        times=times,
        margin=UNSURE_MARGIN_SECONDS if unsure else MARGIN_SECONDS,
        kubelet=kubelet,
        refusal=refusal,
        given=reading.given,
    )


def fallback_objections(candidate: Candidate, repair: RepairTimes) -> tuple[str, ...]:
    """Return why *candidate* cannot replace the link's target now; empty where it can."""
    objections = list(candidate.objections)
    leaf = candidate.leaf
    if leaf is None:
        return tuple(objections)
    for whose, now in repair.times:
        objections += _against(leaf, repair, whose, now)
        objections += _against_chains(candidate.trusted, repair, whose, now)
    told = any(abs(now - repair.kubelet) <= TOLERANCE_SECONDS for _, now in repair.times)
    if leaf.not_after < repair.kubelet and not told:
        ended = f"not valid after {moment(leaf.not_after)} by this host's clock, by which the kubelet starts"
        objections.append(ended)
    return tuple(objections)


def is_usable(candidate: Candidate, repair: RepairTimes) -> bool:
    """Return whether `fallback_objections` has none, without their words: a link may have a thousand candidates."""
    leaf = candidate.leaf
    if candidate.objections or leaf is None:
        return not candidate.objections
    for whose, now in repair.times:
        if not _is_covered(leaf, repair, whose, now):
            return False
        if candidate.trusted and not any(_is_covered(each, repair, whose, now) for each in candidate.trusted):
            return False
    told = any(abs(now - repair.kubelet) <= TOLERANCE_SECONDS for _, now in repair.times)
    return leaf.not_after >= repair.kubelet or told


def _is_covered(span: Certificate | Period, repair: RepairTimes, whose: str, now: float) -> bool:
    since, left = _margins(span, repair)
    late = repair.given and whose in _JUDGES
    return (late or span.not_before <= now - since) and span.not_after >= now + left


def _against(span: Certificate | Period, repair: RepairTimes, whose: str, now: float, *, of: str = "") -> Iterator[str]:
    """Yield in words what `_is_covered` says against *span*, *of* a CA or else of the file."""
    since, left = _margins(span, repair)
    is_ = f"{of} is " if of else ""
    # What the judge has not reached it rejects like the file in use, and accepts as soon as its clock is right.
    late = repair.given and whose in _JUDGES
    if not late and span.not_before > now:
        yield f"{is_}not valid before {moment(span.not_before)} by {whose}"
    elif not late and span.not_before > now - since:
        yield f"{is_}valid for less than {duration(since)} by {whose}{_doubt(repair)}"
    if span.not_after < now:
        yield f"{is_}not valid after {moment(span.not_after)} by {whose}"
    elif span.not_after < now + left:
        yield f"{of or 'it'} ends in less than {duration(left)} by {whose}{_doubt(repair)}"


def _against_chains(chains: Sequence[Period], repair: RepairTimes, whose: str, now: float) -> Iterator[str]:
    """Yield what stands against all *chains* of CAs at *now*: of the one that ends last, for one is enough.

    Go verifies no chain of which a certificate is not valid, the root included (crypto/x509, isValid).
    """
    if chains and not any(_is_covered(each, repair, whose, now) for each in chains):
        last = max(chains, key=lambda each: each.not_after)
        yield from _against(last, repair, whose, now, of="a CA of its chain")


def _margins(span: Certificate | Period, repair: RepairTimes) -> tuple[float, float]:
    """Return for how long *span* has to have been valid, and for how long it has to go on."""
    if not repair.by_life:
        return repair.margin, repair.margin
    life = span.not_after - span.not_before
    since, left = min(repair.margin, _SHARE_OVER * life), min(repair.margin, _SHARE_LEFT * life)
    return max(since, MARGIN_SECONDS), max(left, MARGIN_SECONDS)


def usable_fallbacks(state: PathState, repair: RepairTimes) -> tuple[Candidate, ...]:
    """Return the candidates of a link that could replace its target now, the best first.

    Those with a day to spare on both sides come first, for a synchronised clock too may be wrong by hours. Then those
    that a kubelet that starts keeps come before those that it asks to renew at once, for that request may go to a
    signer that is still wrong; of each kind the longest valid come first.
    """
    ample = replace(repair, margin=UNSURE_MARGIN_SECONDS, by_life=False)
    # Most old files are far from both of their ends.
    begun = min((now for _, now in repair.times), default=inf) - UNSURE_MARGIN_SECONDS
    lasting = max([repair.kubelet, *(now + UNSURE_MARGIN_SECONDS for _, now in repair.times)])

    def is_ample(candidate: Candidate) -> bool:
        leaf = candidate.leaf
        spans: tuple[Certificate | Period, ...] = () if leaf is None else (leaf, *candidate.trusted)
        if spans and all(each.not_before <= begun and each.not_after >= lasting for each in spans):
            return not candidate.objections
        return is_usable(candidate, ample)

    usable = [each for each in state.candidates if is_ample(each) or is_usable(each, repair)]

    def order(candidate: Candidate) -> tuple[bool, bool, float, str]:
        if candidate.leaf is None:
            return True, True, 0.0, candidate.path
        renewed = life_over(candidate.leaf, repair.kubelet) >= EARLIEST
        return not is_ample(candidate), renewed, -candidate.leaf.not_after, candidate.path

    return tuple(sorted(usable, key=order))


_JUDGES = frozenset({"the API server's clock", EARLIEST_JUDGE, LATEST_JUDGE})


def _possible(belief: Belief) -> tuple[tuple[str, float], ...]:
    """Return what may be the time where nobody can tell: what each clock says that may be right, or the lower bound."""
    usable = [each for each in belief.clocks if each.clock in belief.contradictions]
    if usable:
        return tuple(server for each in usable for server in each_server(each))
    if belief.earliest is None:
        return ()
    return ((f"{moment(belief.earliest)}, before which it cannot be now", belief.earliest),)


def _doubt(repair: RepairTimes) -> str:
    return ", and nothing confirms that time" if repair.margin == UNSURE_MARGIN_SECONDS else ""
