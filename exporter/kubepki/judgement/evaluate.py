"""(Snapshot, Reading) -> findings: every judgement of the exporter, in one place.

Pure. `/metrics`, the log and `check` all ask here, so that they can never disagree. Each code is the name of an
alert in `rules/kubepki.rules.yml` without its prefix; a test keeps the two the same.
Only `standing="current"` is judged.
"""

from kubepki.judgement.belief import Belief, believe
from kubepki.judgement.clock_findings import clock_findings
from kubepki.judgement.comparisons import (
    reference_times,
    target_lead,
)
from kubepki.judgement.findings import Code, Finding
from kubepki.judgement.phrases import duration, label_name, moment
from kubepki.judgement.shown_findings import shown_findings
from kubepki.judgement.validity import is_unquestioned, span, validity
from kubepki.model import (
    Fault,
    Link,
    PathState,
    Reading,
    Reason,
    Severity,
    Snapshot,
    Standing,
)

__all__ = ["Code", "Finding", "evaluate"]

# A first certificate is late after as long as the rule waits; a rotation takes milliseconds.
BOOTSTRAP_SECONDS = 600.0
ROTATION_SECONDS = 60.0
_DAY = 86_400.0
_STEP_WORTH_A_FINDING = 60.0
_STEP_IS_NEWS = 3600.0
# Of clocks: first what cannot be told, then who is wrong, last what only the next boot will notice.
_RANK = {
    Code.TIME_UNKNOWN: 0,
    Code.HOST_CLOCK_SKEWED: 1,
    Code.REFERENCE_CLOCK_SKEWED: 2,
    Code.HARDWARE_CLOCK_SKEWED: 4,
}


def evaluate(snapshot: Snapshot, reading: Reading, belief: Belief | None = None) -> tuple[Finding, ...]:
    """Return all findings of *snapshot* at *reading*, the most urgent first, then by path.

    *belief* is that of the whole host where *snapshot* is a part of it.
    """
    belief = belief or believe(snapshot, reading)
    findings = [*_host_findings(reading), *clock_findings(belief, reading), *_nothing_watched(snapshot)]
    findings += shown_findings(belief, reading)
    times = span(reading, belief)
    for state in snapshot.paths:
        if state.standing is Standing.CURRENT:
            findings += _fault_findings(state, reading) if state.faults else ()
            for each in state.certificates:
                if not is_unquestioned(each, times):
                    findings += _certificate_findings(state, reading, belief)
                    break
            findings += _link_findings(state, reading) if state.link is not None else ()
    order = list(Severity)
    findings.sort(
        key=lambda finding: (
            order.index(finding.severity),
            finding.path or "",
            _RANK.get(finding.code, 3),
            finding.code,
        )
    )
    return tuple(findings)


def _nothing_watched(snapshot: Snapshot) -> list[Finding]:
    if not snapshot.nothing_watched:
        return []
    if snapshot.departed:
        message = "this host has left its cluster: its kubeconfig and its certificates are gone together"
        return [Finding(code=Code.NOTHING_WATCHED, severity=Severity.INFO, path=None, message=message)]
    of = f" in the places of {', '.join(snapshot.distributions)}" if snapshot.distributions else ""
    in_directories = "" if of or not snapshot.directories else f" in {', '.join(snapshot.directories[:3])}"
    message = f"no certificate was found{of}{in_directories}, so nothing is watched"
    return [Finding(code=Code.NOTHING_WATCHED, severity=Severity.WARNING, path=None, message=message)]


def _fault_findings(state: PathState, reading: Reading) -> list[Finding]:
    found = []
    for fault in state.faults:
        severity = fault.reason.severity_on(state.path)
        detail = fault.detail
        if fault.reason is Reason.BOOTSTRAPPING and _began(fault, reading, BOOTSTRAP_SECONDS):
            severity = Severity.INFO
        if fault.reason is Reason.INTERRUPTED_ROTATION and _began(fault, reading, ROTATION_SECONDS):
            severity, detail = Severity.INFO, "a rotation is in progress, or was interrupted within the last minute"
        diverged = fault.reason in {Reason.KUBECONFIG_STALE, Reason.KUBECONFIG_DIVERGED}
        found.append(
            Finding(
                code=Code.KUBECONFIG_DIVERGED if diverged else Code.PATH_BROKEN,
                severity=severity,
                path=state.path,
                reason=fault.reason,
                message=f"{fault.reason}: {detail}" if detail else str(fault.reason),
            )
        )
    return found


def _began(fault: Fault, reading: Reading, seconds: float) -> bool:
    """Return whether *fault* is known to be younger than *seconds*, by the clock that dates files."""
    return fault.since is not None and reading.host_time - fault.since < seconds


def _certificate_findings(state: PathState, reading: Reading, belief: Belief) -> list[Finding]:
    """One finding per code: that of the entry which is worst off."""
    worst: dict[Code, Finding] = {}
    order = list(Severity)
    for certificate in state.judged:
        for finding in validity(state, certificate, reading, belief):
            known = worst.get(finding.code)
            if known is None or _urgency(finding, order) < _urgency(known, order):
                worst[finding.code] = finding
    return list(worst.values())


def _urgency(finding: Finding, order: list[Severity]) -> tuple[int, float]:
    # A lead is worse the larger it is, what remains of a life the smaller it is.
    number = finding.seconds or 0.0
    ends = finding.code in {Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_EXPIRING}
    return order.index(finding.severity), number if ends else -number


def _link_findings(state: PathState, reading: Reading) -> list[Finding]:
    found: list[Finding] = []
    if state.link is None:
        return found
    lead = target_lead(state.link, reading)
    if lead > 0:
        found.append(
            Finding(
                code=Code.SYMLINK_TARGET_FUTURE_DATED,
                severity=Severity.WARNING,
                path=state.path,
                message=f"the target {label_name(state.link.target)} is {duration(lead)} ahead of this host's clock",
                seconds=lead,
                at=reading.host_time + lead,
            )
        )
    rotation = next((item for item in reading.rotations if item.path == state.path), None)
    unsynchronized = rotation is not None and rotation.clock_synchronized is False
    if unsynchronized and _rotation_matters(state, state.link, reading):
        found.append(
            Finding(
                code=Code.ROTATED_WHILE_UNSYNCHRONIZED,
                severity=Severity.WARNING,
                path=state.path,
                message="the link was changed while this host's clock was not synchronized",
            )
        )
    return found


def _rotation_matters(state: PathState, link: Link, reading: Reading) -> bool:
    """Return whether a rotation on an unsynchronised clock has not been put right since, as the rule has it."""
    earliest = min((reading.host_time, *reference_times(reading).values()))
    if any(certificate.not_before > earliest for certificate in state.certificates):
        return True
    if reading.synchronized is True:
        return False
    if reading.last_synchronized is None:
        # A VM without NTP would be told for ever.
        return reading.host_time - link.target_mtime <= _DAY
    return link.target_mtime >= reading.last_synchronized


def _host_findings(reading: Reading) -> list[Finding]:
    found = []
    if reading.synchronized is False and reading.last_synchronized is not None:
        since = reading.host_time - reading.last_synchronized
        found.append(
            Finding(
                code=Code.HOST_CLOCK_UNSYNCHRONIZED,
                severity=Severity.WARNING,
                path=None,
                message=f"this host's clock is not synchronized; it last was at {moment(reading.last_synchronized)}",
                seconds=since,
            )
        )
    step = _recent_step(reading)
    if abs(step) > _STEP_WORTH_A_FINDING:
        direction = "forward" if step > 0 else "back"
        found.append(
            Finding(
                code=Code.HOST_CLOCK_STEPPED,
                severity=Severity.INFO,
                path=None,
                message=f"this host's clock was stepped {direction} by {duration(abs(step))}",
                seconds=step,
                at=reading.last_step_time,
            )
        )
    return found


def _recent_step(reading: Reading) -> float:
    """Return the signed size of the last step, 0 where there was none lately."""
    if reading.last_step is None or reading.last_step_time is None:
        return 0.0
    return reading.last_step if reading.host_time - reading.last_step_time < _STEP_IS_NEWS else 0.0
