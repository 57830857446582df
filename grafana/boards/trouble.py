"""What is wrong with a path, as PromQL over the recorded series; every expression has one series for each path."""

from grafana.boards import look
from grafana.boards.promql import current, select
from kubepki.model import Reason, Severity

AHEAD = "instance_path:kubepki_certificate_ahead_seconds:max"
EXPIRED = "instance_path:kubepki_certificate_expired_seconds:max"
REMAINING = "instance_path:kubepki_certificate_remaining_seconds:min"
SKEW = "instance:kubepki_host_time_skew_seconds:last"
FIRST_NOT_AFTER = "instance:kubepki_certificate_not_after_timestamp_seconds:min"
HOST_TIME = "kubepki_host_time_seconds"
NOT_BEFORE = "kubepki_certificate_not_before_timestamp_seconds"
NOT_AFTER = "kubepki_certificate_not_after_timestamp_seconds"

CRITICAL_REASONS = "|".join(reason for reason in Reason if reason.severity is Severity.CRITICAL)
STATES: dict[float, tuple[str, str]] = {
    5: ("broken", look.RED),
    4: ("rejected now", look.RED),
    3: ("future-dated", look.RED),
    2: ("expired", look.RED),
    1: ("expiring or faulty", look.ORANGE),
    0: ("valid", look.GREEN),
}


def ahead(matcher: str) -> str:
    """Return the recorded leads over the clocks that *matcher* selects."""
    return select(AHEAD, matcher)


def future() -> str:
    """Return the lead of NotBefore over the clock that it is most ahead of; the host's own does not count."""
    others = ahead('clock!="host"')
    return f"max without (clock) ({others})"


def rejected() -> str:
    """Return the lead where the API server's clock says that the certificate is not valid yet.

    Where that clock cannot be read, the host's and Prometheus' together stand in for it.
    """
    judge, prometheus, own = (ahead(f'clock="{clock}"') for clock in ("apiserver", "prometheus", "host"))
    readable = select("kubepki_reference_clock_offset_seconds", 'clock="apiserver"')
    both = f"{prometheus} and ignoring (clock) {own} unless ignoring (path, clock) {readable}"
    return f"max without (clock) ({judge} or ({both}))"


def broken() -> str:
    """Return 1 for each path that has a critical fault."""
    critical = current("kubepki_fault", f'reason=~"{CRITICAL_REASONS}"')
    return f"max without (reason, standing) ({critical})"


def faulty() -> str:
    """Return 1 for each path that has any fault."""
    return f"max without (reason, standing) ({current('kubepki_fault')})"


def expired() -> str:
    """Return the seconds since NotAfter."""
    return f"max without (level) ({select(EXPIRED)})"


def expiring() -> str:
    """Return the seconds until NotAfter where they are few."""
    return f"min without (level) ({select(REMAINING)})"


def state() -> str:
    """Return the number in `STATES` of each current path, the worst one."""
    known = f"max without (standing) ({current('kubepki_path_ok')})"
    ranked = ((broken(), 5), (rejected(), 4), (future(), 3), (expired(), 2), (expiring(), 1), (faulty(), 1), (known, 0))
    return " or ".join(f"0 * {expr} + {number}" for expr, number in ranked)


def worst_paths(limit: int) -> str:
    """Return the *limit* worst paths; the state, less a part of 1 that is smaller the sooner NotAfter comes."""
    not_after = f"min without (entry, usage, standing) ({current(NOT_AFTER)})"
    return f"topk({limit}, ({state()}) - {not_after} / 1e10 or ({state()}))"


def hosts(expr: str) -> str:
    """Return how many hosts have a path in *expr*: 0 where none has, nothing where no host reports at all."""
    return f"count(max without (path) ({expr})) or 0 * count({select(HOST_TIME)})"


def largest(expr: str) -> str:
    """Return the largest value of *expr*, 0 where there is none."""
    return f"max({expr}) or 0 * count({select(HOST_TIME)})"


def what_to_do() -> str:
    """Return 3 wait, 2 roll back, 1 repair before the clocks are corrected, 0 nothing."""
    fallback = select("kubepki_fallback_certificates")
    return (
        f"0 * count(({rejected()}) unless ({fallback} > 0)) + 3"
        f" or 0 * count({rejected()}) + 2"
        f" or 0 * count({future()}) + 1"
        f" or 0 * count({select(HOST_TIME)})"
    )


def wrong_clock() -> str:
    """Return 2 where most of at least three hosts differ from Prometheus one way, 1 where some do, else 0."""
    skew = select(SKEW)
    most = " or ".join(f"count({skew} {beyond}) > 0.5 * count({skew})" for beyond in ("> 120", "< -120"))
    return (
        f"(0 * ({most}) + 2 and count({skew}) >= 3)"
        f" or 0 * count(abs({skew}) > 120) + 1"
        f" or 0 * count({select(HOST_TIME)})"
    )
