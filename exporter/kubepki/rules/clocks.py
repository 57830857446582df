"""The clocks themselves: hosts against Prometheus, the references, the kernel's opinion, steps.

Rules of this module: pure.
"""

from kubepki.model import Severity
from kubepki.rules import clock_sentences as say
from kubepki.rules.latch import alert_of, latch, skew_latch
from kubepki.rules.rule import Alert, Group, Record, number, promql
from kubepki.rules.series import (
    CLOCK_FINDING,
    HOST_TIME,
    HOSTS,
    HOSTS_AHEAD,
    HOSTS_BEHIND,
    HOSTS_MEDIAN,
    LATEST_SERVER,
    REFERENCE,
    SKEW,
    STEP,
)
from kubepki.rules.serving import serving_alerts, serving_findings
from kubepki.rules.site import Site

_MINUTE = 60.0


def clocks(site: Site) -> Group:
    """Return the group of the clocks."""
    return Group(
        name="kubepki-clocks",
        rules=(skew_latch(site), *_fleet(site), _step(site), _latch(site), *_alerts(site)),
    )


def _fleet(site: Site) -> tuple[Record, ...]:
    limit = number(site.thresholds.clock_skew)
    ratio = "(count without ({hosts}) ({skew} {sign}) or 0 * {all}) / {all}"
    return (
        Record(
            name=HOSTS,
            expr=f"count without ({site.hosts}) ({SKEW})",
            why="The skew of hosts over the hosts of a job.",
        ),
        *(
            Record(name=name, expr=ratio.format(hosts=site.hosts, skew=SKEW, sign=sign, all=HOSTS))
            for name, sign in ((HOSTS_AHEAD, f"> {limit}"), (HOSTS_BEHIND, f"< -{limit}"))
        ),
        Record(name=HOSTS_MEDIAN, expr=f"quantile without ({site.hosts}) (0.5, {SKEW})"),
    )


def _step(site: Site) -> Record:
    last, limit = "kubepki_host_clock_last_step_seconds", number(site.thresholds.clock_step)
    large = f"({last} > {limit} or {last} < -{limit})"
    return Record(
        name=STEP,
        expr=promql(f"""
            {large}
            and {HOST_TIME} - kubepki_host_clock_last_step_timestamp_seconds < {number(site.thresholds.clock_step_news)}
        """),
        why="The last step of a host's clock, where it was large and is news, both by the host's clock.",
    )


def _latch(site: Site) -> Record:
    limit = number(site.thresholds.clock_skew)
    synchronized = "kubepki_host_clock_last_synchronized_timestamp_seconds"
    against = f"+ ignoring (clock) group_left () {SKEW}"
    return latch(
        CLOCK_FINDING,
        {
            "unsynchronized": f"kubepki_host_clock_synchronized == 0 and {synchronized}",
            "stepped": STEP,
            **serving_findings(site),
            "reference": promql(f"""
                ({REFERENCE} > {limit}) {against} > {limit}
                or ({REFERENCE} < -{limit}) {against} < -{limit}
                or ({LATEST_SERVER} > {limit}) {against} > {limit}
            """),
        },
        ("clock",),
        why=(
            "What was found at the last good scrape. A reference clock is off where it differs from the host's "
            "and from "
            "Prometheus' in one direction. Only for a host that was synchronised at some time: a VM without NTP is not "
            "nagged."
        ),
    )


def _alerts(site: Site) -> tuple[Alert, ...]:
    limits = site.thresholds
    limit, share = number(limits.clock_skew), f"{limits.suspect_share:g}"
    off = f'{CLOCK_FINDING}{{finding="reference"}}'
    return (
        Alert(
            name="KubePKIPrometheusClockSuspect",
            severity=Severity.WARNING,
            expr=promql(f"""
                {HOSTS_MEDIAN}
                and ({HOSTS_AHEAD} > {share} or {HOSTS_BEHIND} > {share})
                and {HOSTS} >= {limits.suspect_hosts}
            """),
            wait=2 * _MINUTE,
            texts=say.suspect(site),
        ),
        Alert(
            name="KubePKIReferenceClockSkewed",
            severity=Severity.WARNING,
            expr=promql(f"""
                quantile without (finding, {site.hosts}) (0.5, {off})
                unless
                count without (finding, {site.hosts}) ({off})
                < 0.5 * count without (finding, {site.hosts}) ({REFERENCE})
            """),
            wait=5 * _MINUTE,
            texts=say.reference_skewed(site),
            why=(
                "Once for a clock and a cluster, where half of the hosts that read it or more see it. The "
                "earliest warning "
                "of all where it is the API server's: what signs is usually on the same machine."
            ),
        ),
        *serving_alerts(site),
        Alert(
            name="KubePKIHostClockSkewed",
            severity=Severity.WARNING,
            expr=f"max without () ({SKEW} > {limit} or {SKEW} < -{limit})",
            wait=5 * _MINUTE,
            texts=say.host_skewed(site),
        ),
        alert_of(
            CLOCK_FINDING,
            "unsynchronized",
            name="KubePKIHostClockUnsynchronized",
            wait=10 * _MINUTE,
            texts=say.unsynchronized(site),
        ),
        alert_of(
            CLOCK_FINDING,
            "stepped",
            name="KubePKIHostClockStepped",
            severity=Severity.INFO,
            texts=say.stepped(site),
        ),
    )
