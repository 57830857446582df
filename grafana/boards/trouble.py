"""What is wrong with a path, as PromQL over the recorded series; every expression has one series for each path.

A verdict is given only for hosts whose series the rules record: without them, a raw series never stands in.
"""

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
    -1: ("no rules", look.ORANGE),
}
# What stands in for a number that nobody knows: absence of data is never good news.
NO_RULES, DOWN, PARTLY = -1, -2, -3
ABSENCES: dict[float, tuple[str, str]] = {
    NO_RULES: ("no rules loaded", look.ORANGE),
    DOWN: ("exporter down", look.ORANGE),
    PARTLY: ("none seen", look.BLUE),
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


def troubled() -> str:
    """Return the number in `STATES` of each current path that is in trouble, the worst one."""
    ranked = ((broken(), 5), (rejected(), 4), (future(), 3), (expired(), 2), (expiring(), 1), (faulty(), 1))
    return " or ".join(f"0 * {expr} + {number}" for expr, number in ranked)


def valid() -> str:
    """Return 0 for each current path that the rules judge and find nothing wrong with."""
    return f"0 * {_known()} and ignoring (path) {judged()} unless ({troubled()})"


def state() -> str:
    """Return the number in `STATES` of each current path: the worst one, and -1 where no rules judge it."""
    return f"{troubled()} or 0 * {_known()} and ignoring (path) {judged()} or 0 * {_known()} - 1"


def _known() -> str:
    return f"max without (standing) ({current('kubepki_path_ok')})"


def not_before() -> str:
    """Return NotBefore of each current path, in seconds, the latest of its certificates."""
    return f"max without (entry, usage, standing) ({current(NOT_BEFORE)})"


def not_after() -> str:
    """Return NotAfter of each current path, in seconds, the first of its certificates."""
    return f"min without (entry, usage, standing) ({current(NOT_AFTER)})"


def worst_paths(limit: int) -> str:
    """Return the *limit* worst paths in trouble: the state, less a part of 1 by how soon NotAfter comes."""
    return f"topk({limit}, ({troubled()}) - {not_after()} / 1e10 or ({troubled()}))"


def judged() -> str:
    """Return the skew of each host that the rules judge and whose exporter reports now.

    The rules hold a skew over lost scrapes for minutes: that keeps an alert, and must not keep a tile green.
    """
    return f"({select(SKEW)} and {select(HOST_TIME)})"


def with_fallback(expr: str) -> str:
    """Return the paths of *expr* for which `rollback` has a candidate."""
    return f"({expr}) and ({select('kubepki_fallback_certificates')} > 0)"


def without_fallback(expr: str) -> str:
    """Return the paths of *expr* for which `rollback` has none."""
    return f"({expr}) unless ({select('kubepki_fallback_certificates')} > 0)"


def exporters() -> str:
    """Return `up` of our exporters; the job variable may stand for every job, so the name of ours is asked for too."""
    return select("up", 'job=~"(.+/)?kubepki-exporter"')


def absent() -> str:
    """Return why there is no verdict: `NO_RULES` or `DOWN`; nothing where no target is known at all."""
    return f"0 * count({select(HOST_TIME)}) + {NO_RULES} or 0 * count({exporters()} == 0) + {DOWN}"


def all_well() -> str:
    """Return 0 where the rules judge every target, `PARTLY` where one is down, else why there is no verdict."""
    zero = f"0 * count({judged()})"
    return f"{zero} unless ({exporters_down()}) or {zero} + {PARTLY} or {absent()}"


def exporters_down() -> str:
    """Return how many exporters do not answer, nothing where all do."""
    return f"count({exporters()} == 0)"


def hosts(expr: str) -> str:
    """Return how many hosts have a path in *expr*, else what `all_well` says."""
    return f"count(max without (path) ({expr})) or {all_well()}"


def count(expr: str) -> str:
    """Return how many series *expr* has, else what `all_well` says."""
    return f"count({expr}) or {all_well()}"


def largest(expr: str) -> str:
    """Return the largest value of *expr*, else what `all_well` says."""
    return f"max({expr}) or {all_well()}"
