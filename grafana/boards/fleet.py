"""The fleet board: sees in five seconds whether any host is future-dated, by how much, until when, and what to do."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import frame, look, trouble, verdicts
from grafana.boards.clocks import band
from grafana.boards.frame import Row
from grafana.boards.panels import Query, Words, bars, graph
from grafana.boards.promql import as_date, current, named, select
from grafana.boards.tables import DATE, Column, coloured, table

# With thousands of hosts a panel shows the worst; these bound what a query returns.
ROWS, LINES, BARS = 50, 10, 20


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
                panels=(
                    verdicts.future_dated(),
                    verdicts.rejected_now(),
                    verdicts.lead(),
                    verdicts.valid_from(),
                    verdicts.what_to_do(),
                    verdicts.wrong_clock(),
                    verdicts.broken_paths(),
                    verdicts.expired_paths(),
                    verdicts.no_fallback(),
                    verdicts.skewed_hosts(),
                    verdicts.exporters_down(),
                    verdicts.hosts_watched(),
                ),
            ),
            Row(title="Certificates, the worst first", panels=(_certificates(),)),
            Row(title="Clocks and lifetimes", panels=(_skew(), _remaining())),
            Row(title="Alerts", panels=(_alert_names(), _alert_list())),
        ),
        variables=frame.variables(every_host=True),
        annotations=(frame.firing_alerts("alertname, severity"),),
    )


def _certificates() -> gf.Panel:
    worst = trouble.worst_paths(ROWS)
    leaf = 'entry=~"0|user/[^/]+"'
    identity = "subject, issuer, serial, fingerprint_sha256"
    not_before = (
        f"max without (entry, usage, standing, issuer, serial, fingerprint_sha256) "
        f"({current('kubepki_certificate_info', leaf)} * ignoring ({identity}) group_left () "
        f"{current(trouble.NOT_BEFORE, leaf)})"
    )
    not_after = f"min without (entry, usage, standing) ({current(trouble.NOT_AFTER)})"
    offset = f"max without (entry, usage, standing) ({current('kubepki_certificate_not_before_offset_seconds')})"
    life = (
        f"min without (entry, usage, standing) (({current(trouble.NOT_AFTER)} - time())"
        f" / ({current(trouble.NOT_AFTER)} - {current(trouble.NOT_BEFORE)}))"
    )
    fallback = f"{select('kubepki_fallback_certificates')} > bool 0 or 0 * {not_after} - 1"
    ranges = tuple(look.word_ranges(*((n - 0.999999, n, text, color) for n, (text, color) in trouble.STATES.items())))
    return table(
        Words(
            title=f"Current certificates, the {ROWS} worst",
            description=(
                "One row for each path. Offset: NotBefore minus host time; above 0 the host itself says that it is "
                "not valid yet. Fallback: whether a file on the host passes every check of `rollback`. Click a host "
                "for its own board."
            ),
            links=(*verdicts.CERTIFICATE_BOOKS, look.runbook("KubePKICertificateExpiring")),
        ),
        (
            coloured("State", worst, mappings=ranges, width=150),
            Column(title="Cluster", label="cluster", width=120),
            Column(title="Host", label="instance", link=_host_link("${__value.raw}"), width=200),
            Column(title="Path", label="path"),
            Column(title="Subject", label="subject"),
            Column(
                title="Valid from", expr=as_date(f"{not_before} and ignoring (subject) {worst}"), unit=DATE, width=170
            ),
            Column(title="Valid until", expr=as_date(f"{not_after} and {worst}"), unit=DATE, width=170),
            coloured(
                "NotBefore minus host time",
                f"{offset} and {worst}",
                unit="dtdurations",
                steps=look.thresholds((None, look.GREEN), (0.001, look.RED)),
                width=190,
            ),
            coloured(
                "Life left",
                f"{life} and {worst}",
                unit="percentunit",
                steps=look.thresholds((None, look.RED), (0.03, look.ORANGE), (0.1, look.GREEN)),
                width=90,
            ),
            coloured(
                "Fallback",
                f"({fallback}) and {worst}",
                mappings=look.words({1: ("yes", look.GREEN), 0: ("no", look.ORANGE), -1: ("-", look.GREY)}),
                width=90,
            ),
        ),
        sort=("State", True),
        no_value="no host reports a certificate",
        size=(24, 12),
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
                "Host time minus Prometheus' time of the scrape; above 0 the host is ahead. The band is 2 min. All "
                "lines off by the same amount: Prometheus or the whole room is wrong."
            ),
            links=(look.runbook("KubePKIHostClockSkewed"), look.runbook("KubePKIPrometheusClockSuspect")),
        ),
        (
            Query(expr=f"{skew} and ({ahead} or {behind})", legend="{{instance}}"),
            Query(expr=f"quantile(0.5, {skew})", legend="the host in the middle"),
        ),
        unit="s",
        steps=band(),
        areas=True,
    )


def _remaining() -> gf.Panel:
    return bars(
        Words(
            title=f"Smallest remaining lifetime, {BARS} hosts",
            description="Time until the first current certificate of the host expires, by Prometheus' clock.",
            links=(look.runbook("KubePKICertificateExpiring"), look.runbook("KubePKICertificateExpired")),
        ),
        Query(expr=f"bottomk({BARS}, {select(trouble.FIRST_NOT_AFTER)} - time())", legend="{{instance}}"),
        unit="dtdurations",
        steps=look.thresholds((None, look.RED), (7 * look.DAY, look.ORANGE), (30 * look.DAY, look.GREEN)),
    )


FIRING = ('alertname=~"KubePKI.+"', 'alertstate="firing"')
NONE_FIRES = named("vector(0)", "alertname", "none fires")
BOOK = look.data_link("Runbook", f"{look.RUNBOOKS}/${{__value.raw}}.md")


def _alert_names() -> gf.Panel:
    by_name = f"count by (alertname, severity) ({select('ALERTS', *FIRING)})"
    return table(
        Words(
            title="Firing alerts of ours",
            description=(
                "How many are firing, by name; click a name for its runbook. Alerts about a whole job, as "
                "KubePKIPrometheusClockSuspect, are in the annotations and in Which clock is wrong."
            ),
        ),
        (
            Column(title="Alert", label="alertname", link=BOOK),
            Column(title="Severity", label="severity", width=100),
            coloured(
                "Firing",
                f"{by_name} or ({NONE_FIRES} unless on () {by_name})",
                steps=look.thresholds((None, look.GREEN), (1, look.RED)),
                width=90,
            ),
        ),
        sort=("Firing", True),
        no_value="no alert fires",
        size=(10, 9),
    )


def _alert_list() -> gf.Panel:
    alerts = {
        number: select("ALERTS", *FIRING, f'severity="{severity}"')
        for number, severity in ((3, "critical"), (2, "warning"), (1, "info"))
    }
    rank = " or ".join(f"{number} * {selector}" for number, selector in alerts.items())
    worst = f"topk({2 * ROWS}, {rank})"
    return table(
        Words(
            title=f"Where they fire, the {2 * ROWS} most severe",
            description="Each firing alert with its host and path. Click a host for its board.",
        ),
        (
            coloured(
                "Severity",
                f"{worst} or ({NONE_FIRES} unless on () {select('ALERTS', *FIRING)})",
                mappings=look.words(
                    {
                        3: ("critical", look.RED),
                        2: ("warning", look.ORANGE),
                        1: ("info", look.BLUE),
                        0: ("-", look.GREEN),
                    }
                ),
                width=100,
            ),
            Column(title="Alert", label="alertname", link=BOOK),
            Column(title="Host", label="instance", link=_host_link("${__value.raw}"), width=200),
            Column(title="Path", label="path"),
        ),
        sort=("Severity", True),
        no_value="no alert fires",
        size=(14, 9),
    )


def _host_link(instance: str) -> gf.DashboardLink:
    carried = "${datasource:queryparam}&${cluster:queryparam}&${job:queryparam}&${__url_time_range}"
    return look.data_link("This host's board", f"/d/{frame.HOST}?var-instance={instance}&{carried}")
