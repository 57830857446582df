"""What is wrong with a path, as PromQL over what the rules recorded; every expression has one series for each path.

A verdict is given only for hosts whose series the rules record: without them, a raw series never stands in.
"""

from grafana.boards import look
from grafana.boards.promql import HOST_TIME, current, select, select_job

TROUBLE = "instance_path:kubepki_path_trouble:max"
FALLBACK = "instance_path:kubepki_fallback_certificates:trouble"
# 0 the scrape fails, 1 something else answers, 2 the host reports and none of its certificates is judged.
UNSEEN, UNJUDGED = "instance:kubepki_host_unseen:max", 2
# Of the certificates that are ahead of Prometheus', and of some clock: few.
NOT_BEFORE_AHEAD = "instance_path_entry:kubepki_certificate_not_before_timestamp_seconds:future"
OFFSET = "instance_path_entry:kubepki_certificate_not_before_offset_seconds:candidate"
ENDING = "instance_path_entry:kubepki_certificate_not_after_timestamp_seconds:soon"
SKEW = "instance:kubepki_host_time_skew_seconds:last"
CLOCKS = "job_clock:kubepki_clock_skew_seconds:median"
NOT_BEFORE = "kubepki_certificate_not_before_timestamp_seconds"
NOT_AFTER = "kubepki_certificate_not_after_timestamp_seconds"

BROKEN, REJECTED, FUTURE, EXPIRED = "broken", "rejected", "future", "expired"
ENDS_SOON, EXPIRING, MINOR, DIVERGED, FAULTY = "ending", "expiring", "expired_minor", "diverged", "faulty"
SUSPECT, UNSYNCHRONIZED = "suspect", "unsynchronized"
# The word and colour of each state, the worst first; several troubles may have one word.
STATES: dict[float, tuple[str, str]] = {
    9: ("broken", look.RED),
    8: ("rejected now", look.RED),
    7: ("future-dated", look.RED),
    6: ("expired", look.RED),
    5: ("expires soon", look.RED),
    4: ("expiring", look.ORANGE),
    3: ("expired, minor", look.ORANGE),
    2: ("faulty", look.ORANGE),
    1: ("suspect", look.ORANGE),
    0: ("valid", look.GREEN),
    -1: ("no rules", look.ORANGE),
}
_RANKS = {
    BROKEN: 9,
    REJECTED: 8,
    FUTURE: 7,
    EXPIRED: 6,
    ENDS_SOON: 5,
    EXPIRING: 4,
    MINOR: 3,
    DIVERGED: 2,
    FAULTY: 2,
    SUSPECT: 1,
    UNSYNCHRONIZED: 1,
}
# Seconds of 300 years: what a lead or an age is divided by, so that it orders paths of one state and never lifts them.
_ALL_TIME = 1e10
# What stands in for a number that nobody knows: absence of data is never good news.
NO_RULES, DOWN, PARTLY, NOTHING, UNKNOWN = -1, -2, -3, -5, -6
# A host whose certificates are well, and of which an alert tells something else.
WARNED, ALARMED = -7, -8
ABSENCES: dict[float, tuple[str, str]] = {
    NO_RULES: ("no rules loaded", look.ORANGE),
    DOWN: ("exporter down", look.ORANGE),
    PARTLY: ("none seen", look.BLUE),
    NOTHING: ("nothing watched", look.ORANGE),
    UNKNOWN: ("not known", look.ORANGE),
}


def trouble(*kinds: str) -> str:
    """Return the paths that have one of these troubles: seconds where there are any."""
    return f"max without (trouble) ({_selected(*kinds)})"


def with_fallback(*kinds: str) -> str:
    """Return the paths that have one of these troubles, and a file that `rollback` could use."""
    return f"{trouble(*kinds)} and {select(FALLBACK)}"


def without_fallback(*kinds: str) -> str:
    """Return the paths that have one of these troubles, and no file that `rollback` could use."""
    return f"{trouble(*kinds)} unless {select(FALLBACK)}"


def troubled() -> str:
    """Return the number in `STATES` of each current path that is in trouble, the worst one."""
    return _ranked("0 * {}", "0 * {}")


def worst_paths(limit: int) -> str:
    """Return the *limit* worst paths in trouble: the number in `STATES` and a part of 1 by how bad it is."""
    share = f"{{}} / {_ALL_TIME:g}"
    return f"topk({limit}, {_ranked(share, f'0.9 - {share}')})"


def valid() -> str:
    """Return 0 for each current path that the rules judge and find nothing wrong with."""
    return f"0 * {_known()} and on () {rules()} unless {_any()}"


def state() -> str:
    """Return the number in `STATES` of each current path: the worst one, and -1 where no rules judge it."""
    return f"{troubled()} or 0 * {_known()} and on () {rules()} or 0 * {_known()} - 1"


def not_before() -> str:
    """Return NotBefore of each current path, in seconds, the latest of its certificates."""
    return f"max without (entry, usage, standing) ({current(NOT_BEFORE)})"


def not_after() -> str:
    """Return NotAfter of each current path, in seconds, the first of its certificates."""
    return f"min without (entry, usage, standing) ({current(NOT_AFTER)})"


def valid_from() -> str:
    """Return NotBefore of each future-dated path, from the few recorded leads and not from every certificate.

    It is exact where Prometheus sees the lead; where only others do, to one interval of the scrapes.
    """
    offset = select(OFFSET)
    exact = f"max without (entry, usage, standing) ({select(NOT_BEFORE_AHEAD)})"
    by_host = f"max without (entry, usage, standing) ({offset} + timestamp({offset}))"
    near = f"{by_host} + ignoring (path) group_left () {select(SKEW)}"
    return f"({exact} or {near}) and {trouble(FUTURE, REJECTED)}"


def healthy_not_after() -> str:
    """Return NotAfter of each current path that the rules find nothing wrong with."""
    return f"{not_after()} unless {_any()} and on () {rules()}"


def rules() -> str:
    """Return something where the rules record for the chosen jobs what the boards ask for, the last rule of theirs."""
    recorded = select_job(CLOCKS, 'clock="hosts"')
    return f"count({recorded})"


def exporters() -> str:
    """Return `up` of our exporters; the job variable may stand for every job, so the name of ours is asked for too."""
    return select("up", 'job=~"(.+/)?kubepki-exporter"')


def unseen() -> str:
    """Return the targets that do not answer, or not with our metrics."""
    return f"{select(UNSEEN)} < {UNJUDGED} or {exporters()} == 0"


def absent() -> str:
    """Return why there is no verdict: `NO_RULES` or `DOWN`; nothing where no target is known at all."""
    return f"0 * count({select(HOST_TIME)}) + {NO_RULES} or 0 * count({exporters()} == 0) + {DOWN}"


def all_well() -> str:
    """Return 0 where the rules judge every target, `PARTLY` where one is not seen, else why there is no verdict.

    It stands behind every number of the boards, and with thousands of hosts each selector of a series of theirs costs:
    there are two.
    """
    doubt = f"(0 * count({select(UNSEEN)}) + {PARTLY} or vector(0))"
    seen = f"0 * count({select(HOST_TIME)}) + ({doubt} and {rules()} or vector({NO_RULES}))"
    return f"{seen} or 0 * count({exporters()} == 0) + {DOWN}"


def one_host_well() -> str:
    """Return what `all_well` says, and `NOTHING` for a host that reports and has nothing that is judged."""
    return f"0 * count({select(UNSEEN)} == {UNJUDGED}) + {NOTHING} or {all_well()}"


def one_host_warned() -> str:
    """Return `ALARMED` or `WARNED` where an alert tells something of a host, else what `one_host_well` says."""
    well = one_host_well()
    critical, warning = (f"0 * count({_alerts(severity)})" for severity in ("critical", "warning"))
    return f"({well}) < 0 or {critical} + {ALARMED} or {warning} + {WARNED} or {well}"


def watched() -> str:
    """Return how many hosts report and have something that is judged, `DOWN` where no exporter answers."""
    unjudged = f"(count({select(UNSEEN)} == {UNJUDGED}) or vector(0))"
    return f"count({select(HOST_TIME)}) - {unjudged} or 0 * count({exporters()}) + {DOWN}"


def hosts(expr: str) -> str:
    """Return how many hosts have a path in *expr*, else what `all_well` says."""
    return f"count(max without (path) ({expr})) or {all_well()}"


def count(expr: str) -> str:
    """Return how many series *expr* has, else what `all_well` says."""
    return f"count({expr}) or {all_well()}"


def largest(expr: str) -> str:
    """Return the largest value of *expr*, else what `all_well` says."""
    return f"max({expr}) or {all_well()}"


def _selected(*kinds: str) -> str:
    return select(TROUBLE, f'trouble=~"{"|".join(kinds)}"' if len(kinds) > 1 else f'trouble="{kinds[0]}"')


def _alerts(severity: str) -> str:
    # From when they are pending: a board must not lag.
    return select("ALERTS", f'severity="{severity}"', 'alertname=~"KubePKI.+"', 'alertstate=~"pending|firing"')


def _any() -> str:
    return f"max without (trouble) ({select(TROUBLE)})"


def _known() -> str:
    return f"max without (standing) ({current('kubepki_path_ok')})"


def _ranked(more: str, less: str) -> str:
    """Return the ranks of all paths: *more* where a larger value is worse, *less* where a smaller one is."""
    by_rank: dict[int, tuple[str, ...]] = {}
    for kind, rank in _RANKS.items():
        by_rank[rank] = (*by_rank.get(rank, ()), kind)
    return " or ".join(
        f"{(less if kinds[0] in (ENDS_SOON, EXPIRING) else more).format(trouble(*kinds))} + {rank}"
        for rank, kinds in by_rank.items()
    )
