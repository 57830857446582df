"""The certificates that other servers showed, the API server's first of all: not valid yet, or near their end. Pure.

They are judged by the believed time alone: where nobody can tell it, what a server shows is evidence and no finding.
"""

from collections.abc import Iterator

from kubepki.judgement.belief import Belief
from kubepki.judgement.comparisons import JUDGE, leaf_thresholds
from kubepki.judgement.findings import Code, Finding
from kubepki.judgement.phrases import duration, moment
from kubepki.model import Reading, Severity

_NOBODY_TALKS = "no kubelet and no kubectl of the cluster talks to it"


def shown_findings(belief: Belief, reading: Reading) -> Iterator[Finding]:
    """Yield one finding for each end of validity at most: that of the server that is worst off."""
    now = belief.now
    if now is None:
        return
    shown = [(each.clock, *each.certificate) for each in reading.references if each.certificate is not None]
    if future := [(not_before, clock) for clock, not_before, _ in shown if not_before > now]:
        not_before, clock = max(future)
        begins = f"not valid for another {duration(not_before - now)} by {belief.whose}, until {moment(not_before)}"
        then = f"; before that {_NOBODY_TALKS} whose clock is right" if clock == JUDGE else ""
        message = f"the certificate that {_server(clock)} shows is {begins}{then}"
        code = Code.REFERENCE_CERTIFICATE_FUTURE_DATED
        yield _finding(code, Severity.CRITICAL, message, not_before - now, not_before)
    if ending := [
        (not_after, clock, now + critical > not_after)
        for clock, not_before, not_after in shown
        for warning, critical in (leaf_thresholds(not_after - not_before),)
        if not_after - now < warning
    ]:
        not_after, clock, critical = min(ending, key=lambda each: (not each[2], each[0]))
        left = not_after - now
        ends = f"expires in {duration(left)}, at" if left > 0 else f"expired {duration(left)} ago, at"
        then = f"; after that {_NOBODY_TALKS}" if clock == JUDGE else ""
        message = f"the certificate that {_server(clock)} shows {ends} {moment(not_after)}{then}"
        severity = Severity.CRITICAL if critical else Severity.WARNING
        yield _finding(Code.REFERENCE_CERTIFICATE_EXPIRING, severity, message, left, not_after)


def _finding(code: Code, severity: Severity, message: str, seconds: float, at: float) -> Finding:
    return Finding(code=code, severity=severity, path=None, message=message, seconds=seconds, at=at)


def _server(clock: str) -> str:
    return "the API server" if clock == JUDGE else f"the server of the clock {clock}"
