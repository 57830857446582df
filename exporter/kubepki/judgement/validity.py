"""Both ends of a certificate's validity: what the judge does now, and what is true. Pure."""

from kubepki.judgement.belief import Belief, Sureness
from kubepki.judgement.comparisons import JUDGE, reference_times, thresholds
from kubepki.judgement.findings import Code, Finding
from kubepki.judgement.phrases import duration, moment
from kubepki.judgement.witnesses import HOST
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


def start_of_validity(state: PathState, certificate: Certificate, reading: Reading, belief: Belief) -> Finding | None:
    """Return what is found about NotBefore of *certificate*, None where it is past for everyone who counts."""
    leads = {HOST: reading.host_time, **reference_times(reading)}
    ahead = {clock: certificate.not_before - now for clock, now in leads.items() if certificate.not_before > now}
    if not ahead:
        return None
    true_lead = None if belief.now is None else certificate.not_before - belief.now
    code, severity = Code.CERTIFICATE_NOT_YET_VALID, Severity.CRITICAL
    if JUDGE in ahead:
        seconds, message = _rejected(certificate, ahead, true_lead)
    elif true_lead is not None and true_lead > 0:
        seconds = true_lead
        if HOST in ahead:
            seconds = ahead[HOST]
            message = f"not valid for another {duration(seconds)} by this host's clock"
            if belief.judge is not None:
                message += "; the API server accepts it only until its own clock, which is ahead, is corrected"
        else:
            code = Code.CERTIFICATE_FUTURE_DATED
            clock = max((each for each in ahead if each != HOST), key=lambda each: ahead[each])
            message = (
                f"future-dated by {duration(seconds)} by the clock of {clock}; this host's clock is ahead and hides "
                "it: it is rejected the moment clocks are corrected"
            )
    elif true_lead is None and set(ahead) - {HOST}:
        clock, seconds = max(((each, lead) for each, lead in ahead.items() if each != HOST), key=lambda item: item[1])
        code = Code.CERTIFICATE_FUTURE_DATED
        message = f"future-dated by {duration(seconds)} by the clock of {clock}, but other clocks contradict it"
    elif HOST in ahead and (true_lead is not None or belief.wrong(HOST) is not None):
        code, severity, seconds = Code.HOST_CLOCK_BEHIND, Severity.WARNING, ahead[HOST]
        message = f"future-dated by {duration(seconds)} by this host's clock alone: the host is behind"
    else:
        # The host and the judge contradict each other: TIME_UNKNOWN says so, once for the host.
        return None
    return Finding(
        code=code,
        severity=severity,
        path=state.path,
        entry=certificate.entry,
        message=message,
        seconds=seconds,
        at=certificate.not_before,
    )


def end_of_validity(state: PathState, certificate: Certificate, belief: Belief) -> Finding | None:
    """Return what is found about NotAfter of *certificate*: that it has passed, or that it is near."""
    now, by = _time_for_the_end(certificate, belief)
    if now is None:
        return None
    remaining = certificate.not_after - now
    if remaining < 0:
        return Finding(
            code=Code.CERTIFICATE_EXPIRED,
            severity=_AT_THE_END[certificate.usage],
            path=state.path,
            entry=certificate.entry,
            message=f"expired {duration(-remaining)} ago, at {moment(certificate.not_after)}{by}",
            seconds=remaining,
            at=certificate.not_after,
        )
    warning, critical_below = thresholds(certificate)
    if remaining >= warning:
        return None
    return Finding(
        code=Code.CERTIFICATE_EXPIRING,
        severity=Severity.CRITICAL if remaining < critical_below else Severity.WARNING,
        path=state.path,
        entry=certificate.entry,
        message=f"expires in {duration(remaining)}, at {moment(certificate.not_after)}",
        seconds=remaining,
        at=certificate.not_after,
    )


def _rejected(certificate: Certificate, ahead: dict[str, float], true_lead: float | None) -> tuple[float, str]:
    """Return the lead and the sentence for a certificate whose NotBefore the judge has not reached."""
    presented = certificate.usage in _PRESENTED
    if HOST in ahead:
        rejects = "; the API server rejects it now" if presented else "; the API server's clock agrees"
        return ahead[HOST], f"not valid for another {duration(ahead[HOST])} by this host's clock{rejects}"
    message = f"future-dated by {duration(ahead[JUDGE])} by the API server's clock"
    if presented:
        message += ", so the API server rejects it now"
    if true_lead is None:
        message += "; this host's clock does not see it, and which of them is right cannot be told"
    elif true_lead > 0:
        message += "; this host's clock is ahead and hides it"
    else:
        message += "; by the believed time it is valid: the API server's clock is behind"
    return ahead[JUDGE], message


def _time_for_the_end(certificate: Certificate, belief: Belief) -> tuple[float | None, str]:
    """Return the time by which the end of validity is judged, and how to say so where it is not the believed one."""
    judge = belief.judge if certificate.usage in _PRESENTED else None
    if (
        judge is not None
        and judge > certificate.not_after
        and (belief.now is None or belief.now <= certificate.not_after)
    ):
        return judge, " by the API server's clock: it rejects it now"
    if belief.now is not None:
        return belief.now, " by this host's clock, which nothing confirms" if belief.sureness is Sureness.ALONE else ""
    if belief.earliest is not None and belief.earliest > certificate.not_after:
        return belief.earliest, " or more"
    # Nobody can tell the time: what all who were read agree on still holds, so the one that shows the most life counts.
    times = [each.says for each in belief.clocks if each.clock in belief.contradictions]
    return (min(times) if times else None), ""
