"""Both ends of a certificate's validity: what the judge does now, and what is true. Pure.

Three sentences are kept apart: what the API server does with a certificate that is presented to it, by its own clock;
what is true, by the believed time; and what only one of several clocks says where nobody can tell the time.
"""

from collections.abc import Iterator
from dataclasses import replace

from kubepki.judgement.belief import Belief, Sureness
from kubepki.judgement.comparisons import JUDGE, LONGEST_WARNING, reference_times, thresholds
from kubepki.judgement.findings import Code, Finding
from kubepki.judgement.phrases import duration, moment
from kubepki.judgement.witnesses import EARLIEST_JUDGE, HOST, LATEST_JUDGE, each_server
from kubepki.model import Certificate, PathState, Reading, Severity, Usage

_PRESENTED = {Usage.CLIENT}
# A cluster dies with its CA. Nobody verifies a `kubelet.crt` that is its own CA, which is why it is renewed by nobody.
_AT_THE_END = {
    Usage.CLIENT: Severity.CRITICAL,
    Usage.SERVER: Severity.CRITICAL,
    Usage.PEER: Severity.CRITICAL,
    Usage.CA: Severity.CRITICAL,
    Usage.SELF_SIGNED: Severity.INFO,
    Usage.OTHER: Severity.WARNING,
}


def span(reading: Reading, belief: Belief) -> tuple[float, float]:
    """Return the earliest and the latest time that any clock of *reading*, or *belief*, could mean by now."""
    said = (time for each in belief.clocks for time in (each.says, each.latest))
    told = (reading.host_time, *reference_times(reading).values(), *said)
    believed = [each for each in (belief.now, belief.judge, belief.earliest) if each is not None]
    return min((*told, *believed)), max((*told, *believed))


def is_unquestioned(certificate: Certificate, span: tuple[float, float]) -> bool:
    """Return whether *certificate* is far from both of its ends at any time of *span*: then there are no findings."""
    left = certificate.not_after - span[1]
    return certificate.not_before <= span[0] and (left >= LONGEST_WARNING or left >= thresholds(certificate)[0])


def validity(state: PathState, certificate: Certificate, reading: Reading, belief: Belief) -> Iterator[Finding]:
    """Yield what is found about the validity of *certificate*, one finding for each end at most."""
    for finding in (
        _start_of_validity(state, certificate, reading, belief),
        _end_of_validity(state, certificate, belief),
    ):
        if finding is not None:
            yield finding


def _start_of_validity(state: PathState, certificate: Certificate, reading: Reading, belief: Belief) -> Finding | None:
    """Return what is found about NotBefore of *certificate*, None where it is past for everyone who counts."""
    says = {HOST: reading.host_time, **reference_times(reading)}
    ahead = {clock: certificate.not_before - now for clock, now in says.items() if certificate.not_before > now}
    if not ahead:
        return None
    true_lead = None if belief.now is None else certificate.not_before - belief.now
    code, severity = Code.CERTIFICATE_NOT_YET_VALID, Severity.CRITICAL
    if JUDGE in ahead:
        seconds, message = _not_yet_for_the_judge(certificate, ahead, true_lead, belief)
    elif true_lead is not None and true_lead > 0:
        if HOST in ahead and not _hides(reading, certificate):
            seconds = true_lead if belief.wrong(HOST) else ahead[HOST]
            whose = belief.whose if belief.wrong(HOST) else belief.here
            message = f"not valid for another {duration(seconds)} by {whose}{_doubt(belief)}"
            if belief.judge is not None and belief.rejects(certificate) is None:
                message += "; the API server accepts it only until its own clock, which is ahead, is corrected"
        else:
            code, seconds = Code.CERTIFICATE_FUTURE_DATED, true_lead
            at = f", {moment(reading.host_time)}" if reading.given else ""
            accepts = belief.judge is not None and belief.rejects(certificate) is None
            accepts = accepts and reading.given and certificate.usage in _PRESENTED
            still = "; the API server, whose clock is ahead, still accepts it" if accepts else ""
            message = (
                f"future-dated by {duration(seconds)} by {belief.whose}{at}{still}; this host's clock is ahead and "
                "hides it: it is rejected the moment clocks are corrected"
            )
    elif _host_alone(ahead, true_lead, belief):
        code, severity, seconds = Code.HOST_CLOCK_BEHIND, Severity.WARNING, ahead[HOST]
        message = f"future-dated by {duration(seconds)} by this host's clock alone: the host is behind"
    elif true_lead is None and set(ahead) & set(belief.contradictions):
        # One clock outside of the cluster is enough for a page; this host's own, which is not synchronized, is not.
        found = _one_clock_says(state, certificate, ahead, belief)
        outside = set(ahead) - {HOST}
        code = Code.CERTIFICATE_NOT_YET_VALID if HOST in ahead else Code.CERTIFICATE_FUTURE_DATED
        return replace(found, code=code, severity=severity) if outside else found
    else:
        return None
    return _finding(state, certificate, code, severity, message, seconds, certificate.not_before)


def _hides(reading: Reading, certificate: Certificate) -> bool:
    """Return whether this host's own clock, beside a given time, has reached NotBefore, so that nothing is seen yet."""
    return reading.own_time is not None and reading.own_time >= certificate.not_before


def _host_alone(ahead: dict[str, float], true_lead: float | None, belief: Belief) -> bool:
    """Return whether of all clocks that count only this host's has not reached NotBefore."""
    if true_lead is None and set(belief.contradictions) - {HOST, JUDGE}:
        return set(ahead) == {HOST}
    if true_lead is None and set(ahead) & set(belief.contradictions):
        return False
    return HOST in ahead and (true_lead is not None or belief.wrong(HOST) is not None)


def _end_of_validity(state: PathState, certificate: Certificate, belief: Belief) -> Finding | None:
    """Return what is found about NotAfter of *certificate*: that it has passed, or that it is near."""
    at = certificate.not_after
    if (ended := _ended(certificate, belief)) is not None:
        seconds, message = ended
        severity = _AT_THE_END[certificate.usage]
        return _finding(state, certificate, Code.CERTIFICATE_EXPIRED, severity, message, seconds, at)
    now = belief.now
    if now is None:
        said = [each for each in belief.clocks if each.clock in belief.contradictions]
        if over := {each.clock: at - each.latest for each in said if each.latest > at}:
            found = _one_clock_says(state, certificate, over, belief)
            # Of clocks that contradict each other two are enough for a page, and this host's own may be one of them.
            here = belief.says(HOST)
            two = len(over) > 1 or (here is not None and here > at)
            outside = set(over) - {HOST, JUDGE}
            if not (outside and two):
                return found
            return replace(found, code=Code.CERTIFICATE_EXPIRED, severity=_AT_THE_END[certificate.usage])
        # What all who were read agree on still holds, so the one that shows the most life counts.
        now = min((each.says for each in said), default=None)
    if now is None:
        return None
    warning, critical_below = thresholds(certificate)
    if at - now >= warning:
        return None
    severity = Severity.CRITICAL if at - now < critical_below else Severity.WARNING
    message = f"expires in {duration(at - now)}, at {moment(at)}{_doubt(belief)}"
    return _finding(state, certificate, Code.CERTIFICATE_EXPIRING, severity, message, at - now, at)


def _ended(certificate: Certificate, belief: Belief) -> tuple[float, str] | None:
    """Return what remains, below 0, and the sentence where the life of *certificate* is over; else None."""
    judge = belief.judge_at_the_end if certificate.usage in _PRESENTED else None
    who = belief.rejects(certificate)
    at, now = certificate.not_after, belief.now
    if now is not None and now > at:
        told = belief.by == HOST and belief.sureness is not Sureness.ALONE
        whose = "" if told else f", by {belief.whose}"
        message = f"expired {duration(now - at)} ago, at {moment(at)}{whose}{_doubt(belief)}"
        if judge is not None and who is not None:
            message += f"; {who} rejects it now"
        elif judge is not None:
            message += "; the API server accepts it only until its own clock, which is behind, is corrected"
        return at - now, message
    if judge is not None and judge > at:
        ago = duration(judge - at)
        clock = LATEST_JUDGE if belief.several_judges else "the API server's clock"
        message = f"expired {ago} ago by {clock}, at {moment(at)}, so {who} rejects it now"
        if now is not None:
            message += f"; by {belief.whose} it is valid for another {duration(at - now)}"
        return at - judge, message
    if now is None and belief.earliest is not None and belief.earliest > at:
        return at - belief.earliest, f"expired {duration(belief.earliest - at)} ago or more, at {moment(at)}"
    return None


def _finding(  # noqa: PLR0913, PLR0917 - what a finding is
    state: PathState, certificate: Certificate, code: Code, severity: Severity, message: str, seconds: float, at: float
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        path=state.path,
        entry=certificate.entry,
        message=message,
        seconds=seconds,
        at=at,
    )


def _not_yet_for_the_judge(
    certificate: Certificate, ahead: dict[str, float], true_lead: float | None, belief: Belief
) -> tuple[float, str]:
    """Return the lead and the sentence for a certificate whose NotBefore the judge has not reached."""
    presented, who = certificate.usage in _PRESENTED, belief.rejects(certificate)
    clock = EARLIEST_JUDGE if belief.several_judges else "the API server's clock"
    if HOST in ahead:
        rejects = f"; {who} rejects it now" if presented else f"; {clock} agrees"
        doubt = "" if true_lead is not None else "; which clock is right cannot be told"
        # By how much is told by the believed time where this host's is wrong.
        whose, lead = belief.here, ahead[HOST]
        if true_lead is not None and true_lead > 0 and belief.wrong(HOST):
            whose, lead = belief.whose, true_lead
        message = f"not valid for another {duration(lead)} by {whose}{rejects}{doubt}"
    else:
        lead = ahead[JUDGE]
        message = f"future-dated by {duration(lead)} by {clock}"
        message += f", so {who} rejects it now" if presented else ""
    if true_lead is not None and true_lead <= 0:
        wrong = "both clocks are" if HOST in ahead else f"{clock} is"
        message += f"; by {belief.whose} it is valid: {wrong} behind"
    elif HOST not in ahead and true_lead is None:
        message += "; this host's clock does not see it, and which of them is right cannot be told"
    elif HOST not in ahead:
        message += "; this host's clock is ahead and hides it"
    return lead, message


def _one_clock_says(state: PathState, certificate: Certificate, by: dict[str, float], belief: Belief) -> Finding:
    """Return what holds only if one of the clocks that contradict each other is right."""
    clock = max((each for each in belief.clocks if each.clock in by), key=lambda each: abs(by[each.clock]))
    seconds = abs(by[clock.clock])
    future = certificate.not_before > clock.says
    ends = each_server(clock)
    name, _ = ends[0] if future else ends[-1]
    what = f"future-dated by {duration(seconds)}" if future else f"past its end by {duration(seconds)}"
    does = ""
    if belief.judge is not None and certificate.usage in _PRESENTED:
        who = belief.rejects(certificate)
        does = "; the API server accepts it now" if who is None else f"; {who} rejects it now"
    message = f"{what} if {name} is right{does}; which clock is right cannot be told"
    at = certificate.not_before if future else certificate.not_after
    return _finding(state, certificate, Code.TIME_UNKNOWN, Severity.WARNING, message, seconds, at)


def _doubt(belief: Belief) -> str:
    return ", which nothing confirms" if belief.sureness is Sureness.ALONE else ""
