"""The comparisons that judgements are made of: leads, fallbacks, thresholds. Pure."""

from kubepki.judgement.phrases import moment
from kubepki.judgement.rotation import EARLIEST, life_over
from kubepki.model import Candidate, Certificate, Link, PathState, Reading, Usage

JUDGE = "apiserver"
_DAY = 86_400.0
_QUARTER_HOUR = 900.0
# client-go takes the stamp, then writes the file: the name is older than the mtime by moments.
_STAMP_TOLERANCE = 5.0


def reference_times(reading: Reading) -> dict[str, float]:
    """Return what each reference clock that can be read says now, by source."""
    return {
        reference.clock: reading.host_time + reference.offset
        for reference in reading.references
        if reference.up and reference.offset is not None
    }


def usable_fallbacks(state: PathState, reading: Reading, kubelet_time: float | None = None) -> tuple[Candidate, ...]:
    """Return the candidates of a link that could replace its target now, the best first.

    Those that a kubelet that starts at *kubelet_time* (host time) keeps come before those that it asks to renew at
    once, for that request may go to a signer that is still wrong; of each kind the longest valid come first.
    """
    now = reading.host_time if kubelet_time is None else kubelet_time
    usable = [candidate for candidate in state.candidates if not fallback_objections(candidate, reading)]

    def order(candidate: Candidate) -> tuple[bool, float, str]:
        if candidate.leaf is None:
            return True, 0.0, candidate.path
        return life_over(candidate.leaf, now) >= EARLIEST, -candidate.leaf.not_after, candidate.path

    return tuple(sorted(usable, key=order))


def fallback_objections(candidate: Candidate, reading: Reading) -> tuple[str, ...]:
    """Return why *candidate* cannot replace the link's target now; empty where it can."""
    objections = list(candidate.objections)
    if candidate.leaf is not None:
        for name, now in {"the host": reading.host_time, **reference_times(reading)}.items():
            if candidate.leaf.not_before > now:
                objections.append(f"not valid before {moment(candidate.leaf.not_before)} by the clock of {name}")
            if candidate.leaf.not_after < now:
                objections.append(f"not valid after {moment(candidate.leaf.not_after)} by the clock of {name}")
    return tuple(objections)


def name_is_in_another_time_zone(link: Link) -> bool:
    """Return whether name and mtime differ by whole quarter-hours: a kubelet in another time zone, not an error."""
    if link.target_name_time is None:
        return False
    difference = link.target_name_time - link.target_mtime
    quarters = round(difference / _QUARTER_HOUR)
    return quarters != 0 and abs(difference - quarters * _QUARTER_HOUR) <= _STAMP_TOLERANCE


def target_lead(link: Link, reading: Reading) -> float:
    """Return by how many seconds the target's name or mtime is ahead of the host; 0 or less is none."""
    stamps = [link.target_mtime]
    if link.target_name_time is not None and not name_is_in_another_time_zone(link):
        stamps.append(link.target_name_time)
    return max(stamps) - reading.host_time


def thresholds(certificate: Certificate) -> tuple[float, float]:
    """Return the remaining seconds under which a certificate is a warning and critical.

    The smaller of a share of its life and a fixed time: a share alone misleads for leaves that carry their old CA's
    NotBefore (kubeadm), a fixed time alone for certificates of an hour.
    """
    life = certificate.not_after - certificate.not_before
    if certificate.usage is Usage.CA:
        return min(0.10 * life, 180 * _DAY), min(0.03 * life, 30 * _DAY)
    warning = min(0.10 * life, 30 * _DAY)
    if certificate.usage is Usage.SELF_SIGNED:
        return warning, float("-inf")
    return warning, min(0.03 * life, 7 * _DAY)
