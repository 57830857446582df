"""Tables of current paths: those in trouble with the file to roll back to, and the healthy ones."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import frame, look, trouble, verdicts
from grafana.boards.panels import TINY, Words
from grafana.boards.promql import as_date, current, select
from grafana.boards.tables import DATE, Column, coloured, table

# With thousands of hosts a table shows the worst; this bounds what a query returns.
ROWS = 50
# Each as narrow as its longest text: at 1366 px there are 1,010 for all.
DATE_WIDTH, STATE_WIDTH, PATH_WIDTH, LEAD_WIDTH = 158, 112, 326, 145
HOST_LINK = look.data_link(
    "This host's board",
    # The row's own cluster: two clusters may have hosts of one name. An empty one matches series without the label.
    f"/d/{frame.HOST}?var-instance=${{__value.raw}}&var-cluster=${{__data.fields.Cluster}}"
    "&${datasource:queryparam}&${job:queryparam}&${__url_time_range}",
)
CLUSTER = Column(title="Cluster", label="cluster", width=80)
HOST = Column(title="Host", label="instance", link=HOST_LINK, width=140)
STATE_BOOKS = (
    *verdicts.CERTIFICATE_BOOKS,
    look.runbook("KubePKIPathBroken"),
    look.runbook("KubePKICertificateExpired"),
    look.runbook("KubePKICertificateExpiring"),
)
RANGES = tuple(
    look.word_ranges(*((number, number + 0.999999, text, color) for number, (text, color) in trouble.STATES.items()))
)


def in_trouble() -> gf.Panel:
    """Return the worst paths of the fleet: what is wrong, on which host, until when, and what to roll back to."""
    worst = trouble.worst_paths(ROWS)
    return table(
        Words(
            title=f"Paths in trouble, the {ROWS} worst",
            description=(
                "One row for each path that is not healthy. Ahead by: NotBefore's lead over the clock that it is most "
                "ahead of. Roll back to: the file that `kubepki-exporter rollback` would choose. Click a host for its "
                "own board."
            ),
            links=STATE_BOOKS,
        ),
        (
            coloured("State", _with_file(worst), mappings=RANGES, width=STATE_WIDTH),
            CLUSTER,
            HOST,
            Column(title="Path", label="path", width=PATH_WIDTH),
            Column(title="Roll back to", label="file", width=300),
            _ahead(f"{_lead()} and {worst}"),
            Column(
                title="Valid from (UTC)",
                expr=as_date(f"{trouble.not_before()} and {worst}"),
                unit=DATE,
                width=DATE_WIDTH,
            ),
            Column(
                title="Valid until (UTC)",
                expr=as_date(f"{trouble.not_after()} and {worst}"),
                unit=DATE,
                width=DATE_WIDTH,
            ),
        ),
        sort=("State", True),
        no_value="no path in trouble is known; the tiles say whether every host is seen",
        size=(24, 9),
    )


def healthy() -> gf.Panel:
    """Return the healthy paths whose certificates expire first."""
    first = f"bottomk({ROWS}, {trouble.healthy_not_after()})"
    return table(
        Words(
            title=f"Healthy paths, the {ROWS} that expire first",
            description="One row for each path that the rules judge and find nothing wrong with.",
            links=(look.runbook("KubePKICertificateExpiring"),),
        ),
        (
            coloured("State", f"0 * {first}", mappings=RANGES, width=STATE_WIDTH),
            CLUSTER,
            HOST,
            Column(title="Path", label="path"),
            Column(title="Valid until (UTC)", expr=as_date(first), unit=DATE, width=DATE_WIDTH),
        ),
        sort=("Valid until (UTC)", False),
        no_value="no healthy path is known",
        size=(24, 9),
    )


def of_one_host() -> gf.Panel:
    """Return every current path of a host, the worst first."""
    known = trouble.not_after()
    return table(
        Words(
            title="Current certificates and links",
            description=(
                "What this host's components present now, each path with the worst that is wrong with it. Left: until "
                "NotAfter, by Prometheus' clock. Fault: why a link or file is broken or faulty."
            ),
            links=(*STATE_BOOKS, look.runbook("KubePKIKubeconfigDiverged")),
        ),
        (
            coloured("State", _with_fault(trouble.state()), mappings=RANGES, width=STATE_WIDTH),
            Column(title="Path", label="path", width=PATH_WIDTH),
            Column(title="Fault", label="reason", width=130),
            _ahead(_lead()),
            Column(title="Valid from (UTC)", expr=as_date(trouble.not_before()), unit=DATE, width=DATE_WIDTH),
            Column(title="Valid until (UTC)", expr=as_date(known), unit=DATE, width=DATE_WIDTH),
            Column(title="Left", expr=f"({known} > time()) - time()", unit="dtdurations", width=155),
        ),
        sort=("State", True),
        no_value="no such host, or its exporter is down",
        size=(24, 7),
    )


def _lead() -> str:
    return trouble.trouble(trouble.FUTURE, trouble.REJECTED)


def _ahead(expr: str) -> Column:
    return coloured(
        "Ahead by",
        expr,
        unit="dtdurations",
        steps=look.thresholds((None, look.NONE), (TINY, look.RED)),
        width=LEAD_WIDTH,
    )


def _with_file(expr: str) -> str:
    """Return *expr* with the name of the file to roll back to in the label `file`, where there is one."""
    info = select("kubepki_fallback_info")
    named = f'max without (fallback) (label_replace({info}, "file", "$1", "fallback", ".*/([^/]+)"))'
    return f"({expr}) * ignoring (file) group_left (file) ({named}) or (({expr}) unless ignoring (file) ({named}))"


def _with_fault(expr: str) -> str:
    """Return *expr* with one of the path's faults in the label `reason`, where there is any."""
    fault = f"topk without (reason) (1, max without (standing) ({current('kubepki_fault')}))"
    return (
        f"({expr}) + ignoring (reason) group_left (reason) 0 * {fault} or (({expr}) unless ignoring (reason) {fault})"
    )
