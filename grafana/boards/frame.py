"""What surrounds the panels of a board: variables, links, annotations, the grid."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards.look import BLUE, ORANGE, RED, REPOSITORY, RUNBOOKS
from grafana.boards.panels import DATASOURCE, WIDTH
from grafana.boards.promql import CLUSTER, increase

TAG = "kubepki"
FLEET, HOST = "kubepki-fleet", "kubepki-host"
# What Grafana 10.3 to 11.5 write themselves. No panel here needs anything newer, so those read the file as it is;
# later ones migrate it when they load it, which only works upwards: the SDK's own default would say to an older
# Grafana that there is nothing left to migrate.
SCHEMA_VERSION = 39


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A titled row of panels."""

    title: str
    panels: tuple[gf.Panel, ...]
    collapsed: bool = False
    # The first row of a board needs no title.
    headed: bool = True


def board(  # noqa: PLR0913 the parts of a board
    *,
    uid: str,
    title: str,
    description: str,
    time_from: str,
    rows: Sequence[Row],
    variables: Sequence[gf.VariableModel],
    annotations: Sequence[gf.AnnotationQuery],
) -> gf.Dashboard:
    """Return a dashboard that nobody edits by hand: it is generated."""
    placed = laid_out(rows)
    for annotation in annotations:
        # A region of red over red areas hides them.
        annotation.filter_val = gf.AnnotationPanelFilter(exclude=True, ids=_areas(placed))
    return gf.Dashboard(
        uid=uid,
        title=title,
        description=description,
        tags=[TAG],
        timezone="utc",
        editable=False,
        graph_tooltip=gf.DashboardCursorSync.CROSSHAIR,
        time=gf.DashboardDashboardTime(from_val=time_from, to="now"),
        refresh="30s",
        schema_version=SCHEMA_VERSION,
        panels=placed,
        templating=gf.DashboardDashboardTemplating(list_val=list(variables)),
        annotations=gf.AnnotationContainer(list_val=list(annotations)),
        links=_links(uid),
    )


def laid_out(rows: Sequence[Row]) -> list[gf.Panel | gf.RowPanel]:
    """Return rows and panels with their ids and places: from left to right, a new line where none fits."""
    placed: list[gf.Panel | gf.RowPanel] = []
    ids = itertools.count(1)
    top = 0
    for row in rows:
        header = gf.RowPanel(
            title=row.title, id_val=next(ids), grid_pos=gf.GridPos(x=0, y=top, w=WIDTH, h=1), collapsed=row.collapsed
        )
        if row.headed:
            placed.append(header)
            top += 1
        inside: list[gf.Panel] = []
        left, height = 0, 0
        for item in row.panels:
            size = item.grid_pos or gf.GridPos()
            if left + size.w > WIDTH:
                top, left, height = top + height, 0, 0
            item.id_val = next(ids)
            item.grid_pos = gf.GridPos(x=left, y=top, w=size.w, h=size.h)
            left, height = left + size.w, max(height, size.h)
            inside.append(item)
        if row.collapsed:
            header.panels = inside
        else:
            placed += inside
            top += height
    return placed


def _areas(placed: Sequence[gf.Panel | gf.RowPanel]) -> list[int]:
    """Return the ids of the panels whose lines are stacked."""
    return [
        panel.id_val
        for panel in placed
        if isinstance(panel, gf.Panel)
        and panel.id_val is not None
        and panel.field_config is not None
        and getattr(panel.field_config.defaults.custom, "stacking", None) is not None
    ]


def variables(*, every_host: bool) -> tuple[gf.VariableModel, ...]:
    """Return the data source, cluster, job and instance; *every_host* offers All hosts at once."""
    source = gf.VariableModel(
        type_val=gf.VariableType.DATASOURCE,
        name="datasource",
        label="Data source",
        query="prometheus",
        regex="",
        refresh=gf.VariableRefresh.ON_DASHBOARD_LOAD,
    )
    job = 'job=~"$job"'
    return (
        source,
        _label("cluster", "Cluster", ""),
        _label("job", "Job", f"{{{CLUSTER}}}"),
        _label("instance", "Instance", f"{{{job}, {CLUSTER}}}", every=every_host),
    )


def _label(name: str, label: str, matchers: str, *, every: bool = True) -> gf.VariableModel:
    query = f"label_values(kubepki_exporter_build_info{matchers}, {name})"
    return gf.VariableModel(
        type_val=gf.VariableType.QUERY,
        name=name,
        label=label,
        datasource=DATASOURCE,
        query=query,
        definition=query,
        refresh=gf.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=gf.VariableSort.NATURAL_ASC,
        multi=True,
        include_all=every,
        all_value=".+",
        current=gf.VariableOption(selected=True, text=["All"], value=["$__all"]) if every else None,
    )


def critical_alerts(by: str) -> gf.AnnotationQuery:
    """Return annotations where a critical alert of ours fires, one for each value of the labels *by*.

    Some alerts are about a whole job and have no instance; `$instance|` takes them in.
    """
    matchers = (
        'alertname=~"KubePKI.+", alertstate="firing", severity="critical", '
        f'job=~"$job|", instance=~"$instance|", {CLUSTER}'
    )
    return _annotation(
        "Critical alerts", f"count by ({by}) (ALERTS{{{matchers}}})", RED, title="{{alertname}}", text="{{instance}}"
    )


def link_changes() -> gf.AnnotationQuery:
    """Return annotations where a link changed its target."""
    expr = f"{increase('kubepki_symlink_changes_total')} > 0"
    return _annotation("Link changes", expr, BLUE, title="Link changed", text="{{instance}} {{path}}")


def clock_steps() -> gf.AnnotationQuery:
    """Return annotations where a host's clock was stepped."""
    expr = f"{increase('kubepki_host_clock_steps_total')} > 0"
    return _annotation("Clock steps", expr, ORANGE, title="Clock stepped", text="{{instance}}")


def _annotation(name: str, expr: str, color: str, *, title: str, text: str) -> gf.AnnotationQuery:
    return gf.AnnotationQuery(
        name=name,
        datasource=DATASOURCE,
        enable=True,
        icon_color=color,
        expr=expr,
        step="30s",
        title_format=title,
        text_format=text,
        tag_keys="severity",
    )


def _links(uid: str) -> list[gf.DashboardLink]:
    other, title = (HOST, "One host") if uid == FLEET else (FLEET, "The fleet")
    return [
        gf.DashboardLink(
            title=title,
            type_val=gf.DashboardLinkType.LINK,
            icon="dashboard",
            # Without the instance: All of it would choose no host on the host's board.
            url=f"/d/{other}?${{datasource:queryparam}}&${{cluster:queryparam}}&${{job:queryparam}}",
            keep_time=True,
        ),
        gf.DashboardLink(
            title="Runbooks",
            type_val=gf.DashboardLinkType.LINK,
            icon="doc",
            url=f"{RUNBOOKS}/",
            tooltip="What each alert means and what to do",
            target_blank=True,
        ),
        gf.DashboardLink(
            title="Metrics",
            type_val=gf.DashboardLinkType.LINK,
            icon="info",
            url=f"{REPOSITORY}/blob/main/docs/metrics.md",
            tooltip="What each number means",
            target_blank=True,
        ),
    ]
