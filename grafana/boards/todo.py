"""What to do, the most urgent first: how many hosts, what to type there, and the runbook."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look, trouble
from grafana.boards.panels import Words
from grafana.boards.promql import named, select
from grafana.boards.tables import Column, coloured, table

BOOK = look.data_link("Runbook", f"{look.RUNBOOKS}/${{__value.raw}}.md")
LATER = 99
# Of tiles that have no room for a link of their own.
FURTHER = (
    "KubePKIMetricsMissing",
    "KubePKIKubeconfigDiverged",
    "KubePKINothingWatched",
    "KubePKISeriesMissing",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One line: which hosts it is for, as an expression with one series a host, and what to do there."""

    hosts: str
    what: str
    book: str


def tasks() -> Sequence[Task]:
    """Return every task, the most urgent first."""
    rejected, early = trouble.rejected(), f"({trouble.future()}) unless ({trouble.rejected()})"
    return (
        _paths(
            trouble.with_fallback(rejected),
            "Roll back: kubepki-exporter rollback --apply --restart-kubelet",
            "KubePKICertificateNotYetValid",
        ),
        _paths(
            trouble.without_fallback(rejected),
            "No fallback: renew the certificate, or wait until Valid from",
            "KubePKICertificateNotYetValid",
        ),
        _paths(
            trouble.with_fallback(early),
            "Before clocks are corrected: stop the signer, then kubepki-exporter rollback",
            "KubePKICertificateFutureDated",
        ),
        _paths(
            trouble.without_fallback(early),
            "Before clocks are corrected: renew, for no file could be rolled back to",
            "KubePKICertificateFutureDated",
        ),
        _paths(
            trouble.with_fallback(trouble.broken()),
            "Broken, with a fallback: kubepki-exporter rollback",
            "KubePKIPathBroken",
        ),
        _paths(
            trouble.without_fallback(trouble.broken()),
            "Broken: kubepki-exporter check says what and why",
            "KubePKIPathBroken",
        ),
        _paths(
            trouble.with_fallback(trouble.expired()),
            "Expired, with a fallback: kubepki-exporter rollback",
            "KubePKICertificateExpired",
        ),
        _paths(
            trouble.without_fallback(trouble.expired()),
            "Expired: renew it; kubepki-exporter check says how",
            "KubePKICertificateExpired",
        ),
        _paths(trouble.expiring(), "Expires soon: find out why it was not rotated", "KubePKICertificateExpiring"),
        _paths(
            f"({trouble.faulty()}) unless ({trouble.broken()})",
            "Faulty: kubepki-exporter check says what and why",
            "KubePKIPathBroken",
        ),
        Task(
            hosts=f"abs({select(trouble.SKEW)}) > {2 * look.MINUTE}",
            what="Wrong clock: repair certificates first, then correct the clock",
            book="KubePKIHostClockSkewed",
        ),
        Task(
            hosts=f"{trouble.exporters()} == 0",
            what="Nobody watches: systemctl status kubepki-exporter",
            book="KubePKIExporterDown",
        ),
    )


def what_to_do(nobody: str, *, size: tuple[int, int]) -> gf.Panel:
    """Return the table; *nobody* is what it says where there is no target at all."""
    listed = [_line(rank, f"count({task.hosts})", task.what, task.book) for rank, task in enumerate(tasks(), start=1)]
    judged = f"count({trouble.judged()})"
    anything = " or ".join(f"count({task.hosts})" for task in tasks())
    no_rules = f"(0 * count({select(trouble.HOST_TIME)}) + {trouble.NO_RULES} unless {judged})"
    well = f"(0 * {judged} unless ({anything}))"
    closing = (
        _line(
            LATER, no_rules, "Load rules/kubepki.rules.yml into Prometheus: nothing is judged", "KubePKIMetricsMissing"
        ),
        _line(LATER, well, "Nothing: every watched host is healthy", "-"),
    )
    return table(
        Words(
            title="What to do, the most urgent first",
            description=(
                "How many hosts need it, what to type on each of them, and the runbook. One host may stand in more "
                "than one line: begin with the first. Paths in trouble has the hosts and the file to roll back to."
            ),
            links=tuple(
                look.runbook(alert)
                for alert in dict.fromkeys(
                    ("KubePKICertificateFutureDated", *(task.book for task in tasks()), *FURTHER)
                )
            ),
        ),
        (
            Column(title="No.", label="rank", width=45),
            coloured(
                "Hosts",
                " or ".join((*listed, *closing)),
                mappings=look.words({0: ("none", look.GREEN), trouble.NO_RULES: ("no rules", look.ORANGE)}),
                steps=look.thresholds((None, look.ORANGE), (1, look.RED)),
                width=75,
            ),
            Column(title="What", label="what"),
            Column(title="Runbook", label="book", link=BOOK, width=290),
        ),
        sort=("No.", False),
        no_value=nobody,
        size=size,
    )


def _paths(expr: str, what: str, book: str) -> Task:
    return Task(hosts=f"max without (path) ({expr})", what=what, book=book)


def _line(rank: int, expr: str, what: str, book: str) -> str:
    return named(named(named(expr, "what", what), "book", book), "rank", f"{rank:02}")
