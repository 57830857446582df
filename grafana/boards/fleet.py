"""The fleet board: the first screen says how many, by how much, until when, which clock, and which command."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import alerts, frame, look, paths, todo, trouble, verdicts
from grafana.boards.clocks import within
from grafana.boards.frame import Row
from grafana.boards.panels import Query, Words, graph, stacked
from grafana.boards.promql import select, select_job
from grafana.boards.which_clock import which_clock

LINES = 10
VERDICTS = (("critical", look.RED), ("warning", look.ORANGE), ("healthy", look.GREEN))
NO_VALUE = "no rules loaded, or no exporter"
NO_TARGET = f"{verdicts.NOBODY}: let Prometheus scrape port 10509 as job kubepki-exporter"
BY_VERDICT = "job:kubepki_hosts_by_verdict:count"


def fleet() -> gf.Dashboard:
    """Return the fleet board."""
    return frame.board(
        uid=frame.FLEET,
        title="Kubernetes PKI / Fleet",
        description="Future-dated, expired and broken kubelet certificates of all hosts, and the clocks behind them.",
        time_from="now-6h",
        rows=(
            Row(
                title="Verdict",
                headed=False,
                panels=(
                    *verdicts.large_row(),
                    *verdicts.small_row(),
                    todo.what_to_do(NO_TARGET, size=(24, 8)),
                    which_clock(verdicts.NOBODY, size=(24, 7)),
                ),
            ),
            Row(title="Trouble", panels=(paths.in_trouble(),)),
            Row(title="Healthy", panels=(paths.healthy(),), collapsed=True),
            Row(title="History", panels=(_skew(), _verdicts())),
            Row(title="Alerts", panels=(alerts.by_name(), alerts.by_host())),
        ),
        variables=frame.variables(every_host=True),
        annotations=(frame.critical_alerts("alertname, severity"),),
    )


def _skew() -> gf.Panel:
    # Ranked over the whole range, once: ranked at each step, the noise of healthy hosts would bring in every host.
    skew = select(trouble.SKEW)
    ahead = f"topk({LINES}, max_over_time({skew}[$__range] @ end()))"
    behind = f"bottomk({LINES}, min_over_time({skew}[$__range] @ end()))"
    return graph(
        Words(
            title=f"Host clocks against Prometheus, the {LINES} furthest each way",
            description=(
                "Host time minus Prometheus' time of the scrape, in hours; above 0 the host is ahead. The dashed lines "
                "are 2 min. All lines off by the same amount: Prometheus or the whole room is wrong."
            ),
            links=(look.runbook("KubePKIHostClockSkewed"), look.runbook("KubePKIPrometheusClockSuspect")),
        ),
        (
            Query(expr=f"({skew} and ({ahead} or {behind})) / {look.HOUR}", legend="{{instance}} {{cluster}}"),
            Query(expr=f"quantile(0.5, {skew}) / {look.HOUR}", legend="the host in the middle"),
        ),
        unit="suffix: h",
        steps=within(look.HOUR),
        soft=(-0.1, 0.1),
        decimals=2,
        right=True,
        width=14,
        no_value=NO_VALUE,
    )


def _verdicts() -> gf.Panel:
    queries = [
        (Query(expr=f"sum({recorded})", legend=verdict), color)
        for verdict, color in VERDICTS
        for recorded in [select_job(BY_VERDICT, f'verdict="{verdict}"')]
    ]
    return stacked(
        Words(
            title="Hosts by verdict",
            description=(
                "Hosts for which a critical alert fires, hosts with a warning only, and hosts with neither. A gap is "
                "time in which no rules were evaluated."
            ),
            links=(look.runbook("KubePKIExporterDown"),),
        ),
        queries,
        no_value=NO_VALUE,
        width=10,
    )
