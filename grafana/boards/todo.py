"""What to do, the most urgent first: how many hosts, what to type there, and the runbook."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look, trouble
from grafana.boards.panels import Words
from grafana.boards.promql import named, select, select_job
from grafana.boards.tables import Column, coloured, table

BOOK = look.data_link("Runbook", f"{look.RUNBOOKS}/${{__value.raw}}.md")
LATER = 99
DOWN = "KubePKIExporterDown"
# What each alert that is not about a path asks for. Those about paths are split: is there a file to go back to?
OF_ALERTS = {
    "KubePKIPrometheusClockSuspect": "Prometheus or the whole room is wrong: compare with a clock outside of both",
    "KubePKIHostClockBehind": "The host's clock is behind: correct it, leave the certificate alone",
    "KubePKIHostClockSkewed": "Wrong clock: repair certificates first, then correct the clock",
    "KubePKIHostClockUnsynchronized": "Clock not synchronized: restore the connection to the time source",
    "KubePKIHostClockStepped": "Clock was stepped: kubepki-exporter check says what that means",
    DOWN: "Nobody watches: systemctl status kubepki-exporter",
    "KubePKIMetricsMissing": "Nobody watches: see what listens there, and what the scrape configuration drops",
    "KubePKINothingWatched": "No certificate is watched: kubepki-exporter check says where it looks",
    "KubePKISeriesMissing": "Nothing is judged: rename the target label that took the name of one of ours",
    "KubePKIScanStale": "Old news: journalctl -u kubepki-exporter says what the scan hangs on",
    "KubePKIWatchDegraded": "Changes are seen late: journalctl -u kubepki-exporter says why",
    "KubePKIConfigReloadFailed": "Old configuration in force: kubepki-exporter --config.check names the line",
    "KubePKIReferenceClockDown": "A reference clock cannot be read: journalctl -u kubepki-exporter says why",
}
# They have lines of their own.
OF_PATHS = (
    "KubePKICertificate(NotYetValid|FutureDated|Expired|Expiring)|KubePKIPathBroken|KubePKIKubeconfigDiverged"
    "|KubePKISymlinkTargetFutureDated|KubePKIRotatedWhileUnsynchronized"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One line: which hosts it is for, as an expression with one series a host, and what to do there."""

    hosts: str
    what: str
    book: str


def tasks() -> Sequence[Task]:
    """Return every task, the most urgent first."""
    return (
        _paths(
            trouble.with_fallback(trouble.REJECTED),
            "Roll back: kubepki-exporter rollback --apply --restart-kubelet",
            "KubePKICertificateNotYetValid",
        ),
        _paths(
            trouble.without_fallback(trouble.REJECTED),
            "No fallback: renew the certificate, or wait until Valid from",
            "KubePKICertificateNotYetValid",
        ),
        _paths(
            trouble.with_fallback(trouble.FUTURE),
            "Before clocks are corrected: stop the signer, then kubepki-exporter rollback --at TIME --apply "
            "--restart-kubelet",
            "KubePKICertificateFutureDated",
        ),
        _paths(
            trouble.without_fallback(trouble.FUTURE),
            "Before clocks are corrected: renew, for no file could be rolled back to",
            "KubePKICertificateFutureDated",
        ),
        _paths(
            trouble.with_fallback(trouble.BROKEN),
            "Broken, with a fallback: kubepki-exporter rollback --apply --restart-kubelet",
            "KubePKIPathBroken",
        ),
        _paths(
            trouble.without_fallback(trouble.BROKEN),
            "Broken: kubepki-exporter check says what and why",
            "KubePKIPathBroken",
        ),
        _paths(
            trouble.with_fallback(trouble.EXPIRED),
            "Expired, with a fallback: kubepki-exporter rollback --apply --restart-kubelet",
            "KubePKICertificateExpired",
        ),
        _paths(
            trouble.without_fallback(trouble.EXPIRED),
            "Expired: renew it; kubepki-exporter check says which and how",
            "KubePKICertificateExpired",
        ),
        Task(hosts=f"{trouble.exporters()} == 0", what=OF_ALERTS[DOWN], book=DOWN),
        _paths(
            trouble.trouble(trouble.EXPIRING),
            "Expires soon: find out why it was not rotated",
            "KubePKICertificateExpiring",
        ),
        _paths(
            trouble.trouble(trouble.FAULTY), "Faulty: kubepki-exporter check says what and why", "KubePKIPathBroken"
        ),
        _paths(
            trouble.trouble(trouble.DIVERGED),
            "Let the kubeconfig name the current link, then restart what reads it",
            "KubePKIKubeconfigDiverged",
        ),
        _paths(
            trouble.trouble(trouble.SUSPECT),
            "Written by a wrong clock: compare Valid from with a clock outside of the room",
            "KubePKISymlinkTargetFutureDated",
        ),
        _paths(
            trouble.trouble(trouble.MINOR),
            "Expired, and nobody checks it: renew it when there is time",
            "KubePKICertificateExpired",
        ),
        *(_alert(name) for name in OF_ALERTS if name != DOWN),
    )


def what_to_do(nobody: str, *, size: tuple[int, int]) -> gf.Panel:
    """Return the table; *nobody* is what it says where there is no target at all."""
    listed = [_line(rank, f"count({task.hosts})", task.what, task.book) for rank, task in enumerate(tasks(), start=1)]
    # Of an alert that these boards do not know, its name.
    ours, known = 'alertname=~"KubePKI.+"', "|".join((*OF_ALERTS, OF_PATHS))
    others = _alerts(ours, f'alertname!~"{known}"')
    unknown = f"count by (alertname) ({others})"
    further = (
        f"label_replace(label_replace({named(unknown, 'rank', f'{len(listed) + 1:02}')}, "
        f'"what", "$1: see its runbook", "alertname", "(.+)"), "book", "$1", "alertname", "(.+)")'
    )
    anything = f"count({select(trouble.TROUBLE)}) or count({_alerts(ours)})"
    seen, unseen, rules = f"count({select(trouble.HOST_TIME)})", f"count({select(trouble.UNSEEN)})", trouble.rules()
    closing = (
        _line(
            LATER,
            f"(0 * {seen} + {trouble.NO_RULES} unless {rules})",
            "Load rules/kubepki.rules.yml into Prometheus: nothing is judged",
            "KubePKIMetricsMissing",
        ),
        _line(
            LATER,
            f"(0 * {seen} and {rules} unless ({anything} or {unseen}))",
            "Nothing: every watched host is healthy",
            "-",
        ),
        _line(
            LATER,
            f"(0 * {unseen} + {trouble.PARTLY} unless ({anything}))",
            "Nothing is known to be wrong, and not every host is seen",
            DOWN,
        ),
    )
    return table(
        Words(
            title="What to do, the most urgent first",
            description=(
                "How many hosts need it, what to type on each of them, and the runbook. One host may stand in more "
                "than one line: begin with the first. Paths in trouble has the hosts and the file to roll back to. "
                "TIME is the true time in UTC, as `date -u` says it on a machine outside of the room."
            ),
            links=tuple(look.runbook(alert) for alert in dict.fromkeys(_books())),
        ),
        (
            Column(title="No.", label="rank", width=45),
            coloured(
                "Hosts",
                " or ".join((*listed, further, *closing)),
                mappings=look.words(
                    {
                        0: ("none", look.GREEN),
                        trouble.NO_RULES: ("no rules", look.ORANGE),
                        trouble.PARTLY: ("none seen", look.BLUE),
                    }
                ),
                steps=look.thresholds((None, look.ORANGE), (1, look.RED)),
                width=90,
            ),
            Column(title="What", label="what"),
            Column(title="Runbook", label="book", link=BOOK, width=290),
        ),
        sort=("No.", False),
        no_value=nobody,
        size=size,
    )


def _books() -> Sequence[str]:
    return ("KubePKICertificateFutureDated", *(task.book for task in tasks()), "KubePKIRotatedWhileUnsynchronized")


def _paths(expr: str, what: str, book: str) -> Task:
    return Task(hosts=f"max without (path) ({expr})", what=what, book=book)


def _alert(name: str) -> Task:
    """Return the line of an alert that is not about one path: from when it is pending, for a table must not lag."""
    firing = _alerts(f'alertname="{name}"')
    hosts = f"max without (alertstate, severity, path, clock) ({firing})"
    return Task(hosts=hosts, what=OF_ALERTS[name], book=name)


def _alerts(*matchers: str) -> str:
    return select_job("ALERTS", *matchers, 'alertstate=~"pending|firing"')


def _line(rank: int, expr: str, what: str, book: str) -> str:
    return named(named(named(expr, "what", what), "book", book), "rank", f"{rank:02}")
