"""Host board: what a rollback could use."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look
from grafana.boards.panels import Words
from grafana.boards.promql import as_date, select
from grafana.boards.tables import DATE, Column, coloured, table
from grafana.boards.trouble import NOT_AFTER, NOT_BEFORE

# From here on a kubelet that starts may ask for a new certificate at once.
ROTATES_FROM = 0.7


def rollback_files() -> gf.Panel:
    """Return the superseded files, which of them `rollback` would choose, and how far through its life each is."""
    leaf = ('standing="superseded"', 'entry="0"')
    not_before, not_after = select(NOT_BEFORE, *leaf), select(NOT_AFTER, *leaf)
    chosen = f'label_replace({select("kubepki_fallback_info")}, "path", "$1", "fallback", "(.+)")'
    life = f"(time() - {not_before}) / ({not_after} - {not_before})"
    would_work = " or ".join(
        (
            f"(0 * {not_before} + 2 and ignoring (entry, standing, usage, fallback) {chosen})",
            f"(0 * {not_before} + 1 and {not_before} <= time() and {not_after} > time())",
            f"0 * {not_before}",
        )
    )
    return table(
        Words(
            title="What a rollback could use",
            description=(
                "The dated files that no link points at any more. Yes: `kubepki-exporter rollback` would choose this "
                "one, it passes every check. Dates fit: it is valid now by Prometheus' clock, but it is not the first "
                "choice, or another check fails (key, subject, issuer, another clock); `rollback` says which. "
                "Life gone: from 70 % on, a kubelet that starts asks for a new certificate at once; stop a signer that "
                "is ahead first."
            ),
            links=(look.runbook("KubePKICertificateNotYetValid"),),
        ),
        (
            coloured(
                "Would work",
                would_work,
                mappings=look.words(
                    {2: ("yes", look.BLUE), 1: ("dates fit", look.YELLOW), 0: ("no: not valid now", look.GREY)}
                ),
                width=150,
            ),
            Column(title="Path", label="path"),
            coloured(
                "Life gone",
                f"clamp(({life}), 0, 1)",
                unit="percentunit",
                steps=look.thresholds((None, look.BLUE), (ROTATES_FROM, look.ORANGE)),
                width=90,
            ),
            Column(title="Valid from (UTC)", expr=as_date(not_before), unit=DATE, width=162),
            Column(title="Valid until (UTC)", expr=as_date(not_after), unit=DATE, width=162),
        ),
        sort=("Valid from (UTC)", True),
        no_value="no superseded file is known",
        size=(24, 6),
    )
