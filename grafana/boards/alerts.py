"""The alerts that fire, by name and by host, each in the colour of its severity."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look, paths, trouble
from grafana.boards.panels import Words
from grafana.boards.promql import named, select_job
from grafana.boards.tables import NOTHING, Column, coloured, painted, table
from grafana.boards.todo import BOOK

FIRING = ('alertname=~"KubePKI.+"', 'alertstate="firing"')
SEVERITIES: dict[float, tuple[str, str]] = {
    3: ("critical", look.RED),
    2: ("warning", look.ORANGE),
    1: ("info", look.BLUE),
    0: ("none fires", look.GREEN),
    **trouble.ABSENCES,
}
CODES = {3: "critical", 2: "warning", 1: "info"}
NO_VALUE = "no exporter"


def by_name() -> gf.Panel:
    """Return how many alerts fire, by name."""
    counted = " or ".join(
        named(f"count by (alertname) ({_firing(severity)})", "rank", f"{rank}") for rank, severity in CODES.items()
    )
    well, unknown = f"({_none()} == 0)", f"({_none()} < 0)"
    colours = {**SEVERITIES, -1: ("not known", look.ORANGE)}
    return table(
        Words(
            title="Firing alerts of ours",
            description=(
                "How many are firing, by name; click a name for its runbook. Some are about a whole job, as "
                "KubePKIPrometheusClockSuspect: these have no host."
            ),
        ),
        (
            # The rank sorts, its words are shown.
            painted("Severity", "rank", mappings=look.words(colours), width=120),
            Column(title="Alert", label="alertname", link=BOOK),
            Column(
                title="Firing",
                expr=f"{counted} or {named(well, 'rank', '0')} or {named(unknown, 'rank', '-1')}",
                unit="short",
                mappings=tuple(look.words({0: ("0", look.GREY), **trouble.ABSENCES})),
                width=150,
            ),
        ),
        sort=("Severity", True),
        no_value=NO_VALUE,
        size=(24, 7),
    )


def by_host() -> gf.Panel:
    """Return each firing alert with its host and path."""
    ranks = " or ".join(f"{rank} * {_firing(severity)}" for rank, severity in CODES.items())
    worst = f"topk({2 * paths.ROWS}, {ranks})"
    return table(
        Words(
            title=f"Where they fire, the {2 * paths.ROWS} most severe",
            description="Each firing alert with its host and path. Click a host for its board.",
        ),
        (
            coloured("Severity", f"{worst} or {_none()}", mappings=look.words(SEVERITIES), width=140),
            Column(title="Alert", label="alertname", link=BOOK, width=300),
            paths.CLUSTER,
            paths.HOST,
            Column(title="Path", label="path"),
        ),
        sort=("Severity", True),
        no_value=NO_VALUE,
        size=(24, 9),
    )


def _firing(severity: str) -> str:
    return select_job("ALERTS", *FIRING, f'severity="{severity}"')


def _none() -> str:
    return named(f"({trouble.all_well()}) unless count({select_job('ALERTS', *FIRING)})", "alertname", NOTHING)
