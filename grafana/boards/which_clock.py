"""Which clock is wrong: for each cluster the API server, the references, the hosts in the middle and furthest off."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look
from grafana.boards.clocks import BAND
from grafana.boards.panels import Words
from grafana.boards.promql import HOST_TIME, named, select, select_job
from grafana.boards.tables import Column, coloured, table
from grafana.boards.trouble import CLOCKS, DOWN, NO_RULES, SKEW, exporters, rules

# Of the recorded clocks, and of the two hosts that are chosen here; other references are called by their own names.
CLOCK_WORDS = {
    "apiserver": "API server",
    "hosts": "hosts, the middle one",
    "furthest ahead": "host, furthest ahead",
    "furthest behind": "host, furthest behind",
}


def which_clock(nobody: str, *, size: tuple[int, int]) -> gf.Panel:
    """Return the table; *nobody* is what it says where there is no target at all."""
    skew, seen = select(SKEW), f"count by (cluster) ({select(HOST_TIME)})"
    # The rules hold a skew over lost scrapes for minutes: that keeps an alert, and must not keep a cell green.
    answering = f"on (cluster, instance) ({select(HOST_TIME)} or {seen})"
    clocks = " or ".join(
        (
            f"quantile by (cluster, clock) (0.5, {select_job(CLOCKS)})",
            named(f"max by (cluster, instance) (topk by (cluster) (1, {skew}))", "clock", "furthest ahead"),
            named(f"min by (cluster, instance) (bottomk by (cluster) (1, {skew}))", "clock", "furthest behind"),
        )
    )
    says = " or ".join(
        (
            named(f"(({clocks}) > {BAND})", "says", "ahead"),
            named(f"-1 * (({clocks}) < -{BAND})", "says", "behind"),
            named(f"(abs(({clocks}) <= {BAND} >= -{BAND}) and {answering})", "says", "agrees"),
            named(f"(0 * {seen} + {NO_RULES} unless on () {rules()})", "says", "unknown"),
            named(f"(0 * count by (cluster) ({exporters()} == 0) + {DOWN} unless {seen})", "says", "unknown"),
        )
    )
    return table(
        Words(
            title="Which clock is wrong",
            description=(
                "Each clock against Prometheus', the furthest first; 2 min are allowed. When every clock but one "
                "agrees, it is that one. When all differ by the same amount, it is Prometheus or the whole room: "
                "compare with a clock outside both. A host that answers no scrape agrees with nothing."
            ),
            links=(
                look.runbook("KubePKIReferenceClockSkewed"),
                look.runbook("KubePKIHostClockSkewed"),
                look.runbook("KubePKIHostClockBehind"),
                look.runbook("KubePKIPrometheusClockSuspect"),
            ),
        ),
        (
            Column(title="Cluster", label="cluster", width=85),
            Column(title="Clock", label="clock", mappings=tuple(look.texts(CLOCK_WORDS))),
            Column(title="Host", label="instance", width=140),
            Column(title="Is", label="says", width=80),
            coloured(
                "By",
                says,
                unit="dtdurations",
                mappings=(
                    *look.words({NO_RULES: ("no rules", look.ORANGE), DOWN: ("exporter down", look.ORANGE)}),
                    *look.word_ranges((0, BAND, "under 2 minutes", look.GREEN)),
                ),
                steps=look.thresholds((None, look.ORANGE), (BAND, look.RED)),
                width=150,
            ),
        ),
        sort=("By", True),
        no_value=nobody,
        size=size,
    )
