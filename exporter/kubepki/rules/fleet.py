"""What the boards ask for, so that each of their panels asks for a few series. No alert needs these.

Rules of this module: pure.
"""

from kubepki.model import Severity
from kubepki.rules.latch import held
from kubepki.rules.paths import BY_REASON, CRITICAL_REASONS, HIDING, OF_KUBECONFIGS
from kubepki.rules.rule import Group, Record, promql
from kubepki.rules.series import CERTIFICATE_FINDING, HOST_TIME, HOSTS_MEDIAN, JUDGED_BY, PATH_FINDING, REFERENCE, SKEW
from kubepki.rules.site import Site

_TROUBLE = "instance_path:kubepki_path_trouble:max"
_FALLBACK = "instance_path:kubepki_fallback_certificates:trouble"
_VERDICT = "instance:kubepki_verdict:max"
_VERDICTS = ("healthy", "warning", "critical")


def fleet(site: Site) -> Group:
    """Return the group for the boards."""
    return Group(
        name="kubepki-fleet",
        why="For the boards, so that each of their panels asks for a few series. No alert needs these.",
        rules=(
            *_troubles(),
            Record(
                name=_FALLBACK,
                expr=promql(f"""
                    kubepki_fallback_certificates > 0 and ignoring (trouble) {_TROUBLE}
                    or ({_FALLBACK} unless ignoring (path) {HOST_TIME} and ignoring (trouble) {_TROUBLE})
                """),
                why=(
                    "The paths in trouble for which `rollback` has a file; held as long as the trouble is while a host "
                    "has no good scrape: what nobody sees is not gone."
                ),
            ),
            Record(
                name="instance:kubepki_host_unseen:max",
                expr=promql(f"""
                    up{{job=~"{site.job}"}} unless {HOST_TIME}
                    or 2 * group without ({_of_alerts(site)}) (
                      ALERTS{{alertname=~"KubePKINothingWatched|KubePKISeriesMissing", instance!=""}}
                    )
                """),
                why=(
                    "Targets of which nothing is judged: 0 the scrape fails, 1 something else answers, 2 a host "
                    "without "
                    "certificates."
                ),
            ),
            *_verdicts(site),
            Record(
                name="job_clock:kubepki_clock_skew_seconds:median",
                expr=promql(f"""
                    quantile without ({site.hosts}) (
                      0.5, {REFERENCE} + ignoring (clock) group_left () {SKEW}
                    )
                    or label_replace(max without (clock) ({HOSTS_MEDIAN}), "clock", "hosts", "", "")
                """),
                why=(
                    "Each clock of a job against Prometheus', in seconds: the references, and the host in the "
                    "middle as "
                    "clock=hosts. The boards take the latter as the sign that all of this group was recorded: it "
                    "stands "
                    "last."
                ),
            ),
        ),
    )


def _troubles() -> tuple[Record, ...]:
    ahead = f'{CERTIFICATE_FINDING}{{finding="ahead", clock'
    expired = f'{CERTIFICATE_FINDING}{{finding="expired"'
    expiring = f'{CERTIFICATE_FINDING}{{finding="expiring"'
    by_name = {
        "broken": f"""
            group without (reason, finding) (
              {BY_REASON}=~"{CRITICAL_REASONS}"}}
              or {HIDING}
            )
            """,
        "rejected": f"""
            max without (clock, finding) (
              {ahead}="apiserver"}}
              or (
                {ahead}="prometheus"}}
                and ignoring (clock) {ahead}="host"}}
                unless ignoring (path, clock, finding) {JUDGED_BY}
              )
            )
            """,
        "future": f"""
            max without (clock, finding) ({ahead}!="host"}})
            unless ignoring (trouble) {_TROUBLE}{{trouble="rejected"}}
            """,
        "expired": f'max without (level, finding) ({expired}, level="critical"}})',
        "expired_minor": f"""
            max without (level, finding) ({expired}}})
            unless ignoring (trouble) {_TROUBLE}{{trouble="expired"}}
            """,
        "ending": f'min without (level, finding) ({expiring}, level="critical"}})',
        "expiring": f"""
            min without (level, finding) ({expiring}}})
            unless ignoring (trouble) {_TROUBLE}{{trouble="ending"}}
            """,
        "faulty": f"""
            group without (reason, finding) ({PATH_FINDING}{{finding="fault", reason!~"{OF_KUBECONFIGS}"}})
            unless ignoring (trouble) {_TROUBLE}{{trouble="broken"}}
            """,
        "diverged": f'group without (reason, finding) ({BY_REASON}=~"{OF_KUBECONFIGS}"}})',
        "suspect": held(PATH_FINDING, "symlink_ahead"),
        "unsynchronized": held(CERTIFICATE_FINDING, "rotation"),
    }
    why = {
        "broken": (
            "What is wrong with each path, from what the alerts read, so that boards and alerts agree; a healthy "
            "fleet has "
            "none. The value is in seconds where there are any: the lead, the time since or until NotAfter."
        ),
        "rejected": "By the API server's clock; where that cannot be read, by the host's and Prometheus' together.",
        "suspect": "Written in the host's future; written while its clock was not synchronised.",
    }
    return tuple(
        Record(name=_TROUBLE, labels={"trouble": name}, expr=promql(expr), why=why.get(name, ""))
        for name, expr in by_name.items()
    )


def _verdicts(site: Site) -> tuple[Record, ...]:
    return (
        Record(
            name=_VERDICT,
            expr=promql(f"""
                2 * {_firing(site, Severity.CRITICAL)}
                or {_firing(site, Severity.WARNING)}
                or 0 * {HOST_TIME}
            """),
            why="0 healthy, 1 a warning fires for the host, 2 a critical alert does. Information does not count.",
        ),
        *(
            Record(
                name="job:kubepki_hosts_by_verdict:count",
                labels={"verdict": verdict},
                expr=promql(f"""
                    sum without ({site.hosts}) ({_VERDICT} == bool {number})
                """),
            )
            for number, verdict in enumerate(_VERDICTS)
        ),
    )


def _firing(site: Site, severity: Severity) -> str:
    matchers = f'alertname=~"KubePKI.+", alertstate="firing", severity="{site.severity(severity)}", instance!=""'
    return f"group without ({_of_alerts(site, 'path', 'clock')}) (ALERTS{{{matchers}}})"


def _of_alerts(site: Site, *further: str) -> str:
    """Return the labels that an alert has beside those of the host: the rulers' own, the site's, and *further*."""
    return ", ".join(("alertname", "alertstate", "alertgroup", "severity", *further, *site.labels))
