"""What can be found, and the shape of a finding. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from kubepki.model import Reason, Severity


class Code(StrEnum):
    """What can be found; `alert` is the rule of the same meaning."""

    CERTIFICATE_FUTURE_DATED = "certificate_future_dated"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    HOST_CLOCK_BEHIND = "host_clock_behind"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    PATH_BROKEN = "path_broken"
    KUBECONFIG_DIVERGED = "kubeconfig_diverged"
    SYMLINK_TARGET_FUTURE_DATED = "symlink_target_future_dated"
    ROTATED_WHILE_UNSYNCHRONIZED = "rotated_while_unsynchronized"
    HOST_CLOCK_UNSYNCHRONIZED = "host_clock_unsynchronized"
    HOST_CLOCK_STEPPED = "host_clock_stepped"
    HOST_CLOCK_SKEWED = "host_clock_skewed"
    REFERENCE_CLOCK_SKEWED = "reference_clock_skewed"
    REFERENCE_CERTIFICATE_EXPIRING = "reference_certificate_expiring"
    REFERENCE_CERTIFICATE_FUTURE_DATED = "reference_certificate_future_dated"
    HARDWARE_CLOCK_SKEWED = "hardware_clock_skewed"
    TIME_UNKNOWN = "time_unknown"
    NOTHING_WATCHED = "nothing_watched"

    @property
    def alert(self) -> str:
        """The name of the alert that fires on the same condition."""
        return "KubePKI" + "".join(word.capitalize() for word in self.value.split("_"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A judgement: at most one per code and path (per reason for broken paths).

    `path` is None for findings about the host. `seconds` is the number that the finding is about: the lead of a
    certificate, what remains of its life, the size of a step; `at` the moment when it heals or ends, if there is one.
    """

    code: Code
    severity: Severity
    path: str | None
    message: str
    reason: Reason | None = None
    entry: str | None = None
    seconds: float | None = None
    at: float | None = None
