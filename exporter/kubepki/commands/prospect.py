"""A finding -> what will happen and when. Pure."""

from kubepki.commands.diagnosis import Look
from kubepki.commands.verdict import is_presented, is_rejected, rejecting
from kubepki.judgement.evaluate import Code, Finding
from kubepki.judgement.fallbacks import MARGIN_SECONDS
from kubepki.judgement.phrases import duration, label_name, moment
from kubepki.judgement.witnesses import TOLERANCE_SECONDS

_FROM_THE_FUTURE = {Code.CERTIFICATE_FUTURE_DATED, Code.CERTIFICATE_NOT_YET_VALID}
_OPEN_TOO = "with 401 Unauthorized, on open connections too"
_NEVER_LOOKS = " Restarting the kubelet does not help: it never looks at NotBefore."
_PROSPECTS = {
    Code.HOST_CLOCK_BEHIND: "The certificate is good by the believed time; this host's clock is wrong.",
    Code.CERTIFICATE_EXPIRING: "At {at} it expires and every peer refuses it, unless it is renewed before.",
    Code.CERTIFICATE_EXPIRED: "Every peer that looks at validity times refuses it until it is renewed.",
    Code.SYMLINK_TARGET_FUTURE_DATED: "It ends by itself at {at}. Until then this host's clock, or the one that wrote "
    "the file, is in doubt.",
    Code.ROTATED_WHILE_UNSYNCHRONIZED: "If the clocks were ahead then, the certificate is rejected as soon as they are "
    "corrected.",
}


def prospect(finding: Finding, look: Look) -> str | None:
    """Return what will happen and when, None where nothing is known beyond the finding itself."""
    if finding.at is not None and finding.code in _FROM_THE_FUTURE:
        return _from_the_future(finding, finding.at, look)
    if finding.code is Code.CERTIFICATE_EXPIRED and finding.at is not None and is_presented(finding, look):
        known = _after_the_end(finding, finding.at, look)
        if known is not None:
            return known
    if finding.code is Code.HOST_CLOCK_BEHIND and look.belief.now is None:
        return "This host's clock cannot be right, so it tells nothing about the certificate."
    if finding.code is Code.CERTIFICATE_EXPIRED and look.belief.needs_a_time and not _certainly_over(finding, look):
        return "If that clock is right, every peer that looks at validity times refuses it until it is renewed."
    text = _PROSPECTS.get(finding.code)
    return text and text.format(at="" if finding.at is None else moment(finding.at))


def only_the_judge_objects(finding: Finding, look: Look) -> bool:
    """Return whether the certificate of *finding* is valid by the believed time, and not by the API server's clock."""
    now, judge, latest, at = look.belief.now, look.belief.judge, look.belief.judge_at_the_end, finding.at
    if now is None or judge is None or latest is None or at is None:
        return False
    if finding.code in _FROM_THE_FUTURE:
        return judge < at <= now
    return finding.code is Code.CERTIFICATE_EXPIRED and now <= at < latest


def clocks_first(file: str, look: Look) -> str:
    """Return the first step where only wrong clocks stand against *file*: to correct them, and to ask again."""
    now, judges, kubelet = look.now, (look.belief.judge, look.belief.judge_at_the_end), look.kubelet_time
    candidates = (each for state in look.snapshot.paths for each in state.candidates)
    leaf = next(each.leaf for each in candidates if each.path == file and each.leaf is not None)
    begins, ends = leaf.not_before + MARGIN_SECONDS, leaf.not_after - MARGIN_SECONDS
    bad = [judge - now for judge in judges if judge is not None and not begins <= judge <= ends]
    wrong = [("the API server's clock", max(bad, key=abs))] if bad else []
    if kubelet > leaf.not_after:
        # A kubelet does not look at NotBefore when it starts.
        wrong.append(("this host's clock", kubelet - now))
    told = [f"{whose}, which is {duration(off)} {'ahead' if off > 0 else 'behind'}" for whose, off in wrong]
    which = "that clock" if len(told) == 1 else "those clocks"
    return (
        f"Correct first {', and '.join(told)}: by the right time {label_name(file)} is good, by {which} it is not. "
        "At once after that do what this prints:"
    )


def or_wait(finding: Finding, at: float, look: Look) -> str:
    """Return what is left beside a repair: to wait, and what must not happen meanwhile."""
    accepts = is_presented(finding, look) and look.belief.judge is not None and not is_rejected(finding, look)
    and_keep = ", and let nobody correct the API server's clock before" if accepts else ""
    return f"Or wait until {moment(at)}{and_keep}."


def _from_the_future(finding: Finding, at: float, look: Look) -> str:
    now, judge = look.belief.now, look.belief.judge
    never = _NEVER_LOOKS if label_name(finding.path or "").startswith("kubelet-") else ""
    if not is_presented(finding, look):
        judge = None
    if judge is not None and judge < at:
        agree = now is not None and abs(now - judge) <= TOLERANCE_SECONDS
        if agree:
            return f"It becomes valid by itself in {duration(at - judge)}, at {moment(at)}.{never}"
        who = "The API server accepts it when" if not look.belief.several_judges else "Each API server accepts it when"
        reaches = f"{who} its own clock reaches {moment(at)}, in {duration(at - judge)}"
        return f"{reaches}, or as soon as that clock is corrected.{never}" if _valid(at, now) else f"{reaches}.{never}"
    until = f"it is rejected {_OPEN_TOO}, until {moment(at)}"
    if judge is not None and is_rejected(finding, look):
        return f"By the API server's clock, which is wrong, it has expired. Once that is right {until}."
    if judge is not None:
        whose = "the API server's clock is" if look.reading.host_time < at else "clocks are"
        return f"It still works. The moment {whose} corrected {until}."
    if look.belief.needs_a_time:
        return f"If this host's clock is right, it becomes valid by itself at {moment(at)}.{never}"
    by_itself = "" if now is None else f"It becomes valid by itself in {duration(at - now)}, at {moment(at)}.{never}"
    return by_itself if by_itself and look.reading.host_time < at else f"Once the clocks are right {until}."


def _after_the_end(finding: Finding, at: float, look: Look) -> str | None:
    now, judge = look.belief.now, look.belief.judge_at_the_end
    if judge is None or now is None:
        return None
    if judge <= at and is_rejected(finding, look):
        return "By the API server's clock, which is behind, it has not begun, and by the believed time it has ended."
    if judge <= at:
        return f"It still works. The moment the API server's clock is corrected it is rejected {_OPEN_TOO}."
    if now <= at:
        who = rejecting(finding, look) or "the API server"
        until = f"{who[0].upper()}{who[1:]} refuses it until its own clock is corrected"
        return f"{until}. At {moment(at)} it expires for all."
    return None


def _certainly_over(finding: Finding, look: Look) -> bool:
    """Return whether no time that it can be now is before the end that *finding* is about."""
    earliest = look.belief.earliest
    return earliest is not None and finding.at is not None and earliest > finding.at


def _valid(not_before: float, now: float | None) -> bool:
    return now is not None and not_before <= now
