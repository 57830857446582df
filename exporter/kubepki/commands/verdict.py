"""Findings -> one sentence and an exit status. Pure; text and JSON of `check` share it."""

from collections.abc import Iterable
from enum import IntEnum

from kubepki.commands.diagnosis import Look
from kubepki.judgement.belief import Sureness
from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.evaluate import Code, Finding
from kubepki.judgement.phrases import duration, label_name, moment
from kubepki.judgement.witnesses import HOST, Trust
from kubepki.model import PathState, Reason, Severity, Usage

_JOINTS = {
    Code.CERTIFICATE_FUTURE_DATED: " is ",
    Code.HOST_CLOCK_BEHIND: " is ",
    Code.TIME_UNKNOWN: " is ",
    Code.PATH_BROKEN: " is broken: ",
    Code.CERTIFICATE_EXPIRED: " ",
    Code.CERTIFICATE_EXPIRING: " ",
}


class Status(IntEnum):
    """The exit status of `check`."""

    HEALTHY = 0
    WARNING = 1
    CRITICAL = 2
    COULD_NOT_LOOK = 3


def status(look: Look) -> Status:
    """Return the exit status: the worst finding's; COULD_NOT_LOOK where nothing at all could be read."""
    severities = {finding.severity for finding in look.findings}
    if Severity.CRITICAL in severities:
        return Status.CRITICAL
    if unread(look) and not any(state.certificates for state in look.snapshot.paths):
        return Status.COULD_NOT_LOOK
    blind = look.service is not None and look.service.hidden
    return Status.WARNING if blind or Severity.WARNING in severities else Status.HEALTHY


def unread(look: Look) -> tuple[str, ...]:
    """Return the paths that could not be read, superseded ones too: of them nothing is known."""
    return tuple(
        state.path for state in look.snapshot.paths if any(fault.reason is Reason.UNREADABLE for fault in state.faults)
    )


def sentence(look: Look) -> str:
    """Return the verdict in one sentence, without its severity."""
    found = look.findings
    blind = len(look.service.hidden) if look.service else 0
    if blind and not (found and found[0].severity is not Severity.INFO):
        return f"the running service cannot see {blind} of the files that are here, and watches over nothing of them"
    if found:
        others = len([finding for finding in found[1:] if finding.severity is not Severity.INFO])
        more = f" (and {others} more finding{'s' if others > 1 else ''})" if others else ""
        return describe(found[0], look) + more
    current = [state for state in look.snapshot.paths if state.judged]
    if not current:
        return "no certificate is needed here, so there is none to judge"
    count = sum(len(state.judged) for state in current)
    end, name = next_end(current)
    left = duration(end - look.now)
    certificates = f"{count} certificates are" if count > 1 else "1 certificate is"
    said = f"{certificates} as they should be; the first to end is {name}, in {left}{_whose_time(look)}"
    return said.replace("1 certificate is as they", "1 certificate is as it")


def _whose_time(look: Look) -> str:
    """Return by which clocks all is well, where none of them vouches for itself: they may all be wrong together."""
    if look.belief.sureness is Sureness.ALONE:
        return f", by {look.belief.whose} alone"
    if look.belief.sureness is Sureness.LIKELY and not any(each.strong for each in look.belief.clocks):
        return ", by clocks that nothing from outside confirms"
    return ""


def next_end(states: Iterable[PathState]) -> tuple[float, str]:
    """Return the earliest NotAfter of *states* and the name of its file."""
    return min((each.not_after, label_name(state.path)) for state in states for each in state.judged)


def describe(finding: Finding, look: Look) -> str:
    """Return *finding* as a clause that names its file."""
    name = label_name(finding.path) if finding.path else ""
    if finding.code is Code.CERTIFICATE_NOT_YET_VALID and finding.at is not None:
        if finding.at <= look.reading.host_time:
            return f"{name} is {finding.message}"
        if look.belief.now is None or finding.at <= look.belief.now:
            joint = " is " if finding.message.startswith("future-dated") else " is future-dated: "
            return f"{name}{joint}{finding.message}"
        judge = ""
        if is_rejected(finding, look):
            judge = f", and {rejecting(finding, look)} rejects it now" if is_presented(finding, look) else ""
        elif look.belief.judge is not None and is_presented(finding, look):
            ahead = (look.belief.wrong(JUDGE) or 0.0) > 0
            judge = f"; the API server{', whose clock is ahead, still' if ahead else ''} accepts it"
        off = look.belief.wrong(HOST) is not None
        whose = look.belief.whose if off else f"{look.belief.here}{_trust(look)}"
        return f"{name} is future-dated: not valid for another {duration(finding.seconds or 0)} by {whose}{judge}"
    if finding.reason is Reason.BOOTSTRAPPING:
        return f"{name} is not there yet: {finding.message.removeprefix(f'{finding.reason}: ')}"
    return f"{name}{_JOINTS.get(finding.code, ': ')}{finding.message}" if name else finding.message


def is_rejected(finding: Finding, look: Look) -> bool:
    """Return whether the certificate of *finding* is not valid by the API server's own clock."""
    return rejecting(finding, look) is not None


def rejecting(finding: Finding, look: Look) -> str | None:
    """Return by whose clock the certificate of *finding* is not valid: the API server, or one of several."""
    every = (each for state in look.snapshot.paths if state.path == finding.path for each in state.certificates)
    found = next((each for each in every if each.entry == finding.entry), None)
    return None if found is None else look.belief.rejects(found)


def is_presented(finding: Finding, look: Look) -> bool:
    """Return whether the certificate of *finding* is presented to the API server: no other is its to judge."""
    state = next((each for each in look.snapshot.paths if each.path == finding.path), None)
    certificates = () if state is None else state.certificates
    return any(each.entry == finding.entry and each.usage is Usage.CLIENT for each in certificates)


def _trust(look: Look) -> str:
    if look.assumed:
        return f", {moment(look.reading.host_time)}"
    host = next((each for each in look.belief.clocks if each.clock == HOST), None)
    told = {True: "which is synchronized", False: "which is not synchronized", None: ""}[look.reading.synchronized]
    if host is not None and host.trust is Trust.KEPT:
        told = host.why
    nothing = "which nothing confirms" if look.belief.sureness is Sureness.ALONE else ""
    clauses = " and ".join(each for each in (told, nothing) if each)
    return clauses and f", {clauses}"
