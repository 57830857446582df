"""The comparisons that judgements are made of: leads, thresholds. Pure."""

from kubepki.model import Certificate, Link, Reading, Usage

JUDGE = "apiserver"
_DAY = 86_400.0
LONGEST_WARNING = 180 * _DAY
_QUARTER_HOUR = 900.0
# client-go takes the stamp, then writes the file: the name is older than the mtime by moments.
_STAMP_TOLERANCE = 5.0


def reference_times(reading: Reading) -> dict[str, float]:
    """Return what each reference clock that was read says now, by clock."""
    return {
        reference.clock: reading.host_time + reference.offset
        for reference in reading.references
        if reference.offset is not None
    }


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
        return min(0.10 * life, LONGEST_WARNING), min(0.03 * life, 30 * _DAY)
    warning, critical = leaf_thresholds(life)
    return warning, float("-inf") if certificate.usage is Usage.SELF_SIGNED else critical


def leaf_thresholds(life: float) -> tuple[float, float]:
    """Return those of a leaf that lives for *life* seconds."""
    return min(0.10 * life, 30 * _DAY), min(0.03 * life, 7 * _DAY)
