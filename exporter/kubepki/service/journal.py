"""Writes what changed, once: the journal is the only witness while Prometheus refuses samples.

Faults that appear and clear, links that move, certificates that become future-dated or expire, steps of the clock.
Never a scrape.
"""

import logging
import time
from collections import deque
from collections.abc import Callable

from kubepki.clocks.steps import Step
from kubepki.judgement.advice import advise, advise_fault
from kubepki.judgement.belief import Belief, believe
from kubepki.judgement.evaluate import Code, Finding, evaluate
from kubepki.judgement.fallbacks import repair_times, usable_fallbacks
from kubepki.judgement.phrases import duration, moment
from kubepki.logs import tell
from kubepki.model import PathState, Reading, Reason, Severity, Snapshot, Standing

log = logging.getLogger(__name__)

# A node that breaks wholly has some tens of faults.
MAX_LINES_A_MINUTE = 200
_MINUTE = 60.0

_LEVELS = {Severity.CRITICAL: logging.ERROR, Severity.WARNING: logging.WARNING, Severity.INFO: logging.INFO}
# Faults are told as such, a step by its own line.
_TOLD_ELSEWHERE = {Code.PATH_BROKEN, Code.KUBECONFIG_DIVERGED, Code.HOST_CLOCK_STEPPED}
# Its severity grows with its age.
_TOLD_AS_FINDINGS = {Reason.BOOTSTRAPPING, Reason.INTERRUPTED_ROTATION}
_START_OF_VALIDITY = {Code.CERTIFICATE_FUTURE_DATED, Code.CERTIFICATE_NOT_YET_VALID, Code.HOST_CLOCK_BEHIND}


class Journal:
    """Remembers what was told, and tells what is new."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lines: deque[float] = deque()
        self._left_out = 0
        self._omitted = False
        self._faults: dict[tuple[str, Reason], str] = {}
        self._findings: dict[tuple[Code, str | None], Finding] = {}
        self._targets: dict[str, str] = {}

    def tell_changes(self, snapshot: Snapshot, reading: Reading) -> None:
        """Log the difference to what was told before."""
        self._tell_what_was_left_out()
        self._tell_omitted(snapshot)
        self._tell_faults(snapshot)
        self._tell_links(snapshot)
        self._tell_findings(snapshot, reading)

    def tell_step(self, step: Step, snapshot: Snapshot, reading: Reading) -> None:
        """Log a step of the wall clock and what it means for the certificates, in one line."""
        direction = "forward" if step.size > 0 else "back"
        tell(
            log,
            logging.WARNING,
            f"the wall clock was stepped {direction} by {duration(abs(step.size))}: {_meaning(snapshot, reading)}",
            step_seconds=round(step.size, 3),
            host_time=moment(step.host_time),
        )

    def _say(self, level: int, message: str, **fields: object) -> None:
        """Log one line, unless there were too many in the last minute."""
        now = self._now()
        while self._lines and now - self._lines[0] > _MINUTE:
            self._lines.popleft()
        if len(self._lines) >= MAX_LINES_A_MINUTE:
            self._left_out += 1
            return
        self._lines.append(now)
        tell(log, level, message, **fields)

    def _tell_what_was_left_out(self) -> None:
        if self._left_out and self._now() - self._lines[-1] > _MINUTE:
            left_out, self._left_out = self._left_out, 0
            what = f"{left_out} lines were left out: more than {MAX_LINES_A_MINUTE} changes in a minute"
            self._say(logging.WARNING, f"{what}; kubepki-exporter check tells what holds now")

    def _tell_omitted(self, snapshot: Snapshot) -> None:
        """Tell once that limits on output leave something out, and once that they do not any more."""
        told = [state for state in snapshot.paths if state.omitted]
        omitted = bool(told)
        if omitted and not self._omitted:
            most = max(told, key=lambda state: state.omitted)
            count = sum(state.omitted for state in told)
            what = f"{count} certificates or references are not told of, for there are too many"
            self._say(logging.WARNING, f"{what}; most of them in this path", path=most.path)
        elif self._omitted and not omitted:
            self._say(logging.INFO, "all certificates are told of again")
        self._omitted = omitted

    def _tell_faults(self, snapshot: Snapshot) -> None:
        now = {
            (state.path, fault.reason): (state, fault.detail)
            for state in snapshot.paths
            for fault in state.faults
            if fault.reason not in _TOLD_AS_FINDINGS
        }
        new = [(_fault_level(state, reason), path, reason) for (path, reason), (state, _) in now.items()]
        # The worst first, for there may be more than are told.
        for level, path, reason in sorted(new, key=lambda each: -each[0]):
            if (path, reason) not in self._faults:
                state, detail = now[path, reason]
                current = state.standing is Standing.CURRENT
                action = advise_fault(reason, path) if current else None
                self._say(level, "fault appeared", path=path, reason=reason, detail=detail or None, action=action)
        for path, reason in self._faults.keys() - now.keys():
            self._say(logging.INFO, "fault cleared", path=path, reason=reason)
        self._faults = {key: detail for key, (_, detail) in now.items()}

    def _tell_links(self, snapshot: Snapshot) -> None:
        former, self._targets = self._targets, {}
        for state in snapshot.paths:
            before = former.get(state.path)
            if state.link is None:
                # One that is missing and expected may come back.
                if before is not None:
                    self._targets[state.path] = before
                continue
            if before is not None and before != state.link.target:
                leaf = state.certificates[0] if state.certificates else None
                self._say(
                    logging.INFO,
                    "link moved",
                    path=state.path,
                    target=state.link.target,
                    previous=before,
                    not_before=moment(leaf.not_before) if leaf else None,
                    not_after=moment(leaf.not_after) if leaf else None,
                )
            self._targets[state.path] = state.link.target

    def _tell_findings(self, snapshot: Snapshot, reading: Reading) -> None:
        belief = believe(snapshot, reading)
        findings = {
            (finding.code, finding.path): finding
            for finding in evaluate(snapshot, reading, belief)
            if finding.code not in _TOLD_ELSEWHERE or finding.reason in _TOLD_AS_FINDINGS
        }
        before = self._findings
        new = [
            each
            for key, each in findings.items()
            if (known := before.get(key)) is None or known.severity is not each.severity
        ]
        if new:
            states = {state.path: state for state in snapshot.paths}
            for finding in new:
                state = states.get(finding.path or "")
                self._say(
                    _LEVELS[finding.severity],
                    finding.message,
                    finding=finding.code,
                    path=finding.path,
                    fallback=_fallback(state, reading, belief) if finding.code in _START_OF_VALIDITY else None,
                    action=advise(finding, state),
                )
        for code, path in self._findings.keys() - findings.keys():
            self._say(logging.INFO, "finding cleared", finding=code, path=path)
        self._findings = findings


def _fault_level(state: PathState, reason: Reason) -> int:
    return _LEVELS[reason.severity_on(state.path)] if state.standing is Standing.CURRENT else logging.INFO


def _fallback(state: PathState | None, reading: Reading, belief: Belief) -> str | None:
    times = repair_times(belief, reading).for_who_has_a_time
    usable = usable_fallbacks(state, times) if state is not None else ()
    return usable[0].path if usable else None


def _meaning(snapshot: Snapshot, reading: Reading) -> str:
    """Return what each finding about the beginning of a certificate says, for it says no more than what was read."""
    states = {state.path: state for state in snapshot.paths}
    sentences = []
    belief = believe(snapshot, reading)
    for finding in evaluate(snapshot, reading, belief):
        if finding.path is None or finding.at is None:
            continue
        if finding.code is Code.TIME_UNKNOWN:
            sentences.append(f"{finding.path} is {finding.message}")
        elif finding.code in _START_OF_VALIDITY:
            sentence = (
                f"the current certificate {finding.path}, which begins at {moment(finding.at)}, is {finding.message}"
            )
            if finding.code is not Code.HOST_CLOCK_BEHIND:
                fallback = _fallback(states.get(finding.path), reading, belief)
                sentence += f"; {f'the fallback is {fallback}' if fallback else 'no fallback was found'}"
            sentences.append(sentence)
    return "; ".join(sentences) or "all current certificates have begun to be valid"
