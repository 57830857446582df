"""The end of validity, by the latest time that counts.

Rules of this module: pure.
"""

from kubepki.rules.rule import Record, number, promql
from kubepki.rules.series import (
    CURRENT,
    ENDS,
    ENDS_BY,
    ENTRY,
    EXPIRED,
    LAST,
    LATEST,
    NOT_AFTER,
    NOT_BEFORE,
    OFF,
    ONE_HOST,
    ONE_PATH,
    REMAINING,
    SHARE,
    SOON,
)
from kubepki.rules.site import Site

_CRITICAL_USAGES = "client|server|peer|ca"
_LEVELS = {
    "critical": f'usage=~"{_CRITICAL_USAGES}"',
    "warning": f'usage!~"{_CRITICAL_USAGES}|self_signed"',
    "info": 'usage="self_signed"',
}


def end_records(site: Site) -> tuple[Record, ...]:
    """Return the records about NotAfter."""
    limits = site.thresholds
    slack = f"scalar(clamp_min(max({LATEST}), 0) or vector(0))"
    few = (
        "Seconds left, where they are few: under a share of the certificate's life and under a number of days, "
        "whichever "
        "is smaller. A self-signed serving certificate is never critical. kubeadm's leaves may carry their CA's "
        "NotBefore, so a share alone would warn years ahead."
    )
    return (
        Record(
            name=SOON,
            expr=promql(f"""
                {NOT_AFTER}{{{CURRENT}, usage!="ca"}} < time() + {number(limits.leaf_warning)} + {slack}
                or {NOT_AFTER}{{{CURRENT}, usage="ca"}} < time() + {number(limits.ca_warning)} + {slack}
            """),
            why="Candidates: what ends within the largest limit by the clock that is most ahead.",
        ),
        Record(
            name=ENDS,
            expr=promql(f"""
                {SOON} - {ONE_HOST} {LATEST} - time()
                or {SOON} - time()
            """),
            why="Seconds until their end by the time that counts; negative when it has passed.",
        ),
        Record(
            name=SHARE,
            expr=f"({ENDS} >= 0) / ({SOON} - {NOT_BEFORE}{{{CURRENT}}})",
            why="The same as a share of the certificate's life.",
        ),
        *(
            Record(
                name=EXPIRED,
                labels={"level": level},
                expr=f"- min without ({ENTRY}) ({ENDS}{{{usages}}} < 0)",
                why="Seconds since NotAfter. `level` is the severity of the alert." if level == "critical" else "",
            )
            for level, usages in _LEVELS.items()
        ),
        Record(
            name=REMAINING,
            labels={"level": "warning"},
            expr=_remaining(
                'usage!="ca"',
                limits.leaf_warning,
                limits.leaf_warning_share,
                limits.ca_warning,
                limits.ca_warning_share,
            ),
            why=few,
        ),
        Record(
            name=REMAINING,
            labels={"level": "critical"},
            expr=_remaining(
                'usage!~"ca|self_signed"',
                limits.leaf_critical,
                limits.leaf_critical_share,
                limits.ca_critical,
                limits.ca_critical_share,
            ),
        ),
    )


def end_details() -> dict[str, str]:
    """Return the dates of the entries that have ended or end soon, and what each clock says where they differ."""
    troubled = f"({EXPIRED} or {REMAINING})"
    left = f"(min without ({ENTRY}) ({SOON}) - time() and ignoring (level) {troubled} and ignoring (path) {OFF})"
    judge = f"({OFF} + ignoring (clock) {ENDS_BY})"
    clocks = {"host": OFF, "apiserver": judge, "reference": f"({OFF} + {LAST})"}
    by_clock = [f'label_replace({left}, "clock", "prometheus", "", "")'] + [
        f'label_replace({left} - {ONE_PATH} {expr}, "clock", "{clock}", "", "")' for clock, expr in clocks.items()
    ]
    return {
        "not_after": f"max without (standing) ({SOON} and ignoring ({ENTRY}, level) {troubled})",
        "left": "\nor ".join(by_clock),
    }


def _remaining(leaves: str, leaf: float, leaf_share: float, ca: float, ca_share: float) -> str:
    return promql(f"""
        min without ({ENTRY}) (
          ({ENDS}{{{leaves}}} >= 0 < {number(leaf)} and {SHARE} < {leaf_share:g})
          or ({ENDS}{{usage="ca"}} >= 0 < {number(ca)} and {SHARE} < {ca_share:g})
        )
    """)
