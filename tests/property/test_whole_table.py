"""Laws of every verdict over the whole table of clocks (`tests.support.clock_table`), where the truth is known."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import pytest

from kubepki.commands.diagnosis import Look
from kubepki.commands.hands import Hands
from kubepki.commands.outcome import todos
from kubepki.commands.plan import Plan, Refusal, make_plan
from kubepki.commands.prospect import prospect
from kubepki.commands.verdict import describe
from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.fallbacks import usable_fallbacks
from kubepki.judgement.findings import Code, Finding
from kubepki.judgement.witnesses import HARDWARE, HOST, TOLERANCE_SECONDS
from kubepki.model import Certificate, Severity
from tests.conftest import ROOT
from tests.support.clock_table import (
    DAY,
    LINK,
    OFFS,
    OFFSETS,
    TRUE,
    Night,
    balanced_nights,
    cannot_be_told,
    disputed_nights,
    nights,
    odd_nights,
    size,
)

REJECTS = re.compile(r"(?:the API server|one of the API servers) rejects it now")
ALL_REJECT = re.compile(r"the API server rejects it now")
ACCEPTS = re.compile(r"the API server(, whose clock is ahead,)? (still )?accepts it|It still works")
JUDGES_CLOCK = re.compile(r"API server's (own )?clock|API server (now )?(rejects|accepts)|clock of the API server")
REFERENCE_IS = re.compile(r"(?:the (API server's) clock|the clock (\S+)) is [^,:(]*(ahead|behind)")
FROM_THE_FUTURE = {Code.CERTIFICATE_FUTURE_DATED, Code.CERTIFICATE_NOT_YET_VALID}
OF_TIME = FROM_THE_FUTURE | {
    Code.CERTIFICATE_EXPIRED,
    Code.HOST_CLOCK_BEHIND,
    Code.HOST_CLOCK_SKEWED,
    Code.TIME_UNKNOWN,
}
# A prime that divides the length of no axis, so that each value meets each of the others'.
STRIDE = 11
ODD_STRIDE = 41
WHOLE = "KUBEPKI_WHOLE_TABLE" in os.environ or os.environ.get("CI") == "true"

Law = Callable[[Night, Look], Iterator[str]]


def about(look: Look, *codes: Code) -> list[Finding]:
    return [finding for finding in look.findings if finding.path == LINK and finding.code in codes]


def valid(certificate: Certificate, now: float, margin: float = 0.0) -> bool:
    return certificate.not_before + margin <= now <= certificate.not_after - margin


def offsets(night: Night) -> dict[str, float]:
    """Return by how much each clock is off that could be asked."""
    told = {"https/outside": night.clocks.outside, "https/second": night.clocks.second}
    return {
        HOST: night.host - TRUE,
        JUDGE: max((each - TRUE for each in night.judges), key=abs, default=0.0),
        HARDWARE: 0.0 if night.clocks.hardware == "right" else OFFS["ahead"],
        **{clock: OFFSETS[each] for clock, each in told.items() if each in OFFSETS},
    }


def texts(look: Look) -> Iterator[str]:
    """Yield each sentence about a certificate or a clock."""
    for finding in look.findings:
        yield finding.message
        yield describe(finding, look)
        yield prospect(finding, look) or ""


def truth_where_it_was_seen(night: Night, look: Look) -> Iterator[str]:
    """Where the strongest clock is right, what is said of the certificate is true."""
    if not night.strongest_is_right:
        return
    leaf = night.leaf
    future, expired = about(look, *FROM_THE_FUTURE), about(look, Code.CERTIFICATE_EXPIRED)
    if leaf.not_before > TRUE and not any(each.severity is Severity.CRITICAL for each in future):
        yield "it is future-dated, and no page says so"
    if leaf.not_after < TRUE and not expired:
        yield "it has expired, and nothing says so"
    if valid(leaf, TRUE) and not night.rejected and (future or expired):
        yield "it is good and accepted, but is accused"


def rejected_now(night: Night, look: Look) -> Iterator[str]:
    """Rejected now exactly where the API server's clock was read and rejects; accepted only where it does."""
    said = any(REJECTS.search(each) for each in texts(look))
    if said is not night.rejected:
        yield f"'rejected now' is {'' if said else 'not '}said"
    accepting = [judge for judge in night.judges if valid(night.leaf, judge)]
    for text in texts(look):
        if ALL_REJECT.search(text) and accepting:
            yield f"one server accepts it: {text}"
    accepted = night.judge is not None and not night.rejected
    for text in texts(look):
        if ACCEPTS.search(text) and not accepted:
            yield f"it is not known to be accepted: {text}"


def nothing_unread_is_cited(night: Night, look: Look) -> Iterator[str]:
    """No sentence claims what no clock that was read supports."""
    for text in texts(look):
        if night.judge is None and JUDGES_CLOCK.search(text):
            yield f"the API server's clock was not read: {text}"
        others = night.judge is not None or night.clocks.references or night.clocks.hardware != "none"
        if not others and re.search(r"(other|both) clocks|another clock", text):
            yield f"no other clock was read: {text}"
        if night.clocks.outside not in OFFSETS and "https/outside" in text:
            yield f"the clock outside was not read: {text}"


def who_is_accused_is_wrong(night: Night, look: Look) -> Iterator[str]:
    """Unless the strongest clock itself is wrong, who is accused is wrong, and by as much as is said."""
    if night.strongest_is_right is False:
        return
    off = offsets(night)
    accused = {
        Code.HOST_CLOCK_SKEWED: HOST,
        Code.HOST_CLOCK_BEHIND: HOST,
        Code.HARDWARE_CLOCK_SKEWED: HARDWARE,
    }
    for finding in look.findings:
        if finding.code is Code.REFERENCE_CLOCK_SKEWED:
            said = [
                (JUDGE if told[1] else told[2], told[0], told[3]) for told in REFERENCE_IS.finditer(finding.message)
            ]
            assert said, finding.message
        else:
            clock = accused.get(finding.code)
            neutral = clock == HARDWARE and "one of them is wrong" in finding.message
            said = [] if clock is None or neutral else [(clock, finding.message, finding.message)]
        for clock, message, direction in said:
            # Of two clocks that are both within two minutes of the truth one may accuse the other.
            if abs(off[clock]) + abs((look.belief.now or TRUE) - TRUE) <= TOLERANCE_SECONDS:
                yield f"{clock} is right: {message}"
            elif ("behind" in direction) is (off[clock] > 0):
                yield f"{clock} is wrong in the other direction: {message}"
    accuses = any(
        finding.code is Code.REFERENCE_CLOCK_SKEWED and "API server's clock is" in finding.message
        for finding in look.findings
    )
    seen = abs(off[JUDGE]) - abs((look.belief.now or TRUE) - TRUE)
    if night.strongest_is_right and seen > TOLERANCE_SECONDS and not accuses:
        yield "the API server is wrong and is not accused"


def how_far_is_told_by_a_right_clock(night: Night, look: Look) -> Iterator[str]:
    """Where a strong clock is right, the verdict does not begin with how far it is by this host's, which is wrong."""
    if not night.strongest_is_right or night.leaf.not_before <= TRUE or look.belief.wrong(HOST) is None:
        return
    for finding in about(look, *FROM_THE_FUTURE):
        if "by this host's clock" in describe(finding, look).partition(";")[0]:
            yield f"by a wrong clock: {describe(finding, look)}"


def what_is_installed_is_valid(night: Night, look: Look) -> Iterator[str]:
    """Rollback installs nothing that is not valid in truth, nothing for what is good, and nothing without a time."""
    plan = make_plan(look, LINK)
    if isinstance(plan, Refusal):
        return
    # A kernel that vouches for a wrong clock, with no other to tell: then at least no trap is taken before a good file.
    far = abs((look.belief.now or TRUE) - TRUE) > DAY
    if not far and (night.strongest_is_right is not False or night.fallbacks.startswith("good")):
        if not valid(plan.leaf, TRUE):
            yield f"{plan.target} is not valid in truth"
        if not all(valid(plan.leaf, judge) for judge in night.judges):
            yield f"the API server rejects {plan.target}"
    if look.belief.needs_a_time:
        yield "it is planned without a time"
    if night.strongest_is_right and valid(night.leaf, TRUE) and not night.rejected:
        yield "what is good and accepted would be replaced"
    usable = usable_fallbacks(look.snapshot.paths[0], look.repair)
    if not usable or usable[0].path != plan.target:
        yield "metrics name another file"


def _named_a_clock(night: Night, plan: Refusal) -> bool:
    """Return whether a refusal is one because a clock that is wrong in truth has to be corrected first, or alone."""
    judge = offsets(night)[JUDGE]
    if plan.good_later is not None:
        return max(abs(night.host - TRUE), abs(judge)) > TOLERANCE_SECONDS
    alone = "correct that clock" in plan.why and valid(night.leaf, TRUE)
    return alone and abs(judge) > TOLERANCE_SECONDS


def what_is_needed_is_not_refused(night: Night, look: Look) -> Iterator[str]:
    """Rollback never refuses where a strong clock shows the need and there is a good file."""
    plan = make_plan(look, LINK)
    if isinstance(plan, Plan):
        return
    needed = not valid(night.leaf, TRUE) or night.rejected
    if _named_a_clock(night, plan):
        return
    if night.strongest_is_right and night.fallbacks.startswith("good") and needed:
        yield f"it is needed and refused: {plan.why}"
    complaint = about(look, *FROM_THE_FUTURE, Code.CERTIFICATE_EXPIRED)
    if look.belief.needs_a_time and complaint and not plan.needs_a_time:
        yield f"a time is needed and not asked for: {plan.why}"


def what_cannot_be_told_is_asked(night: Night, look: Look) -> Iterator[str]:
    """Where nobody can tell, that is said, and the first command that is printed gives a time."""
    del night
    for finding in look.findings:
        if look.belief.needs_a_time and finding.code in OF_TIME:
            commands = [command for todo in todos(finding, look, Hands()) for command in todo.commands]
            if not commands or "--at=TIME" not in commands[0]:
                yield f"no time is asked for: {finding.code} {commands}"
    if look.belief.now is None and not any(finding.code is Code.TIME_UNKNOWN for finding in look.findings):
        yield "it is not said that nobody can tell"


def no_bound_excludes_the_truth(night: Night, look: Look) -> Iterator[str]:
    """Where a clock that may be right is right, what cannot be before now is not after it."""
    off = {**offsets(night), JUDGE: min((each - TRUE for each in night.judges), key=abs, default=0.0)}
    possible = any(abs(off[each]) <= TOLERANCE_SECONDS for each in look.belief.contradictions)
    earliest = look.belief.earliest
    if look.belief.now is None and possible and earliest is not None and earliest - TRUE > TOLERANCE_SECONDS:
        yield f"it is said to be {earliest - TRUE:g} s later at least"
    if look.belief.now is None and possible and valid(night.leaf, TRUE) and not night.rejected:
        for finding in about(look, Code.CERTIFICATE_EXPIRED):
            clocks = sum(TRUE + off[each] > night.leaf.not_after for each in off if each != HARDWARE)
            if clocks < 2:
                yield f"one clock alone says so: {finding.message}"


def a_given_time_settles_it(night: Night, look: Look) -> Iterator[str]:
    """With a true time from outside a needed repair is planned, or the clock to correct first is named."""
    if (night.clocks.synchronized, night.clocks.outside, night.clocks.hardware) != ("no", "none", "none"):
        return  # with `--at` nothing but the API server is asked
    look = night.look(at=TRUE)
    plan = make_plan(look, LINK)
    needed = not valid(night.leaf, TRUE) or night.rejected
    if isinstance(plan, Refusal):
        if needed and night.fallbacks.startswith("good") and not _named_a_clock(night, plan):
            yield f"it is needed and refused: {plan.why}"
        return
    if not needed:
        yield "what is good and accepted would be replaced"
    if not valid(plan.leaf, TRUE):
        yield f"{plan.target} is not valid in truth"
    if max(*night.judges, TRUE, night.host) > plan.leaf.not_after:
        yield f"{plan.target} is refused as expired"


LAWS: tuple[Law, ...] = (
    truth_where_it_was_seen,
    rejected_now,
    nothing_unread_is_cited,
    who_is_accused_is_wrong,
    how_far_is_told_by_a_right_clock,
    what_is_installed_is_valid,
    what_is_needed_is_not_refused,
    what_cannot_be_told_is_asked,
    no_bound_excludes_the_truth,
    a_given_time_settles_it,
)


@pytest.mark.parametrize("start", range(STRIDE))
def test_laws(start: int) -> None:
    """Each law holds for each combination; `make table` and CI take all, another run one in eleven."""
    if start and not WHOLE:
        pytest.skip("only in `make table`")
    _hold(islice(nights(), start, None, STRIDE))


@pytest.mark.parametrize("start", range(3))
def test_laws_at_sizes_that_nobody_listed(start: int) -> None:
    """They hold about the two minutes, beyond a day and beyond a year, each clock off by another size."""
    if start and not WHOLE:
        pytest.skip("only in `make table`")
    _hold(odd_nights(start, ODD_STRIDE))


@pytest.mark.parametrize("start", range(5))
def test_laws_where_clocks_outside_contradict_each_other(start: int) -> None:
    """They hold where of two clocks outside one at least is wrong."""
    if start and not WHOLE:
        pytest.skip("only in `make table`")
    _hold(islice(disputed_nights(), start, None, 5 if WHOLE else ODD_STRIDE))


@pytest.mark.parametrize("start", range(STRIDE))
def test_laws_behind_a_balancer(start: int) -> None:
    """They hold where API servers behind one address contradict each other: each end of validity has its own judge."""
    if start and not WHOLE:
        pytest.skip("only in `make table`")
    _hold(islice(balanced_nights(), start, None, STRIDE if WHOLE else 7 * ODD_STRIDE))


def _hold(every: Iterable[Night]) -> None:
    broken: dict[str, list[str]] = {}
    for night in every:
        look = night.look()
        for law in LAWS:
            for complaint in law(night, look):
                where = f"{night.clocks} {night.current} {night.fallbacks}"
                broken.setdefault(law.__name__, []).append(f"{where}: {complaint}")
    assert not broken, "\n".join(f"{law}: {len(found)}\n  " + "\n  ".join(found[:6]) for law, found in broken.items())


def test_the_documentation_lists_what_cannot_be_told() -> None:
    """The table in docs/clocks.md is the one that was computed, and so are the numbers."""
    document = (ROOT / "docs" / "clocks.md").read_text(encoding="utf-8")
    clocks, every = size()
    assert cannot_be_told() in document
    assert f"{clocks:,} combinations of clocks" in document
    assert f"{every:,} nights" in document
