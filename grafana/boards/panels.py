"""Panels in few words: a title, a description, queries; everything else has one default for both boards."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models import bargauge, common, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards.look import GREEN, RED, thresholds

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24
SHORT, TALL = 4, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One target: an expression and the legend of its series."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a panel says of itself, and where it leads."""

    title: str
    description: str
    links: tuple[gf.DashboardLink, ...] = ()


def ref_id(index: int) -> str:
    """Return the letter of the target at *index*."""
    return chr(ord("A") + index)


def targets(queries: Sequence[Query], *, instant: bool, table: bool = False) -> list[prometheus.Dataquery]:
    """Return the targets of *queries*, A, B, C …."""
    form = prometheus.PromQueryFormat.TABLE if table else prometheus.PromQueryFormat.TIME_SERIES
    return [
        prometheus.Dataquery(
            ref_id=ref_id(index),
            expr=query.expr,
            legend_format=query.legend or "__auto",
            instant=instant,
            range_val=not instant,
            format_val=form,
            editor_mode=prometheus.QueryEditorMode.CODE,
            datasource=DATASOURCE,
        )
        for index, query in enumerate(queries)
    ]


def panel(  # noqa: PLR0913 these are the parts of every panel
    kind: str,
    words: Words,
    queries: list[prometheus.Dataquery],
    *,
    size: tuple[int, int],
    options: object,
    config: gf.FieldConfig,
    overrides: Sequence[gf.DashboardFieldConfigSourceOverrides] = (),
    transformations: Sequence[gf.DataTransformerConfig] = (),
) -> gf.Panel:
    """Return a panel of *kind*, *size* as (columns of 24, rows); the board gives it its id and place."""
    return gf.Panel(
        type_val=kind,
        title=words.title,
        description=words.description,
        links=list(words.links),
        datasource=DATASOURCE,
        targets=list(queries),
        grid_pos=gf.GridPos(w=size[0], h=size[1], x=0, y=0),
        options=options,
        field_config=gf.FieldConfigSource(defaults=config, overrides=list(overrides)),
        transformations=list(transformations) or None,
    )


def verdict(  # noqa: PLR0913 the parts of a number
    words: Words,
    expr: str,
    *,
    mappings: list[gf.ValueMapping],
    steps: gf.ThresholdsConfig | None = None,
    unit: str = "short",
    legend: str = "",
    width: int = 4,
) -> gf.Panel:
    """Return a number that is green, with words, when it is 0, and red otherwise."""
    return panel(
        "stat",
        words,
        targets([Query(expr=expr, legend=legend)], instant=True),
        size=(width, SHORT),
        options=stat.Options(
            color_mode=common.BigValueColorMode.BACKGROUND,
            graph_mode=common.BigValueGraphMode.NONE,
            text_mode=common.BigValueTextMode.VALUE_AND_NAME if legend else common.BigValueTextMode.VALUE,
            reduce_options=common.ReduceDataOptions(calcs=["lastNotNull"], fields="", values=False),
        ),
        config=gf.FieldConfig(
            unit=unit,
            mappings=mappings,
            thresholds=steps or thresholds((None, GREEN), (1, RED)),
            color=gf.FieldColor(mode=gf.FieldColorModeId.THRESHOLDS),
            no_value="no host reports",
        ),
    )


def graph(  # noqa: PLR0913 the parts of a graph
    words: Words,
    queries: Sequence[Query],
    *,
    unit: str,
    steps: gf.ThresholdsConfig | None = None,
    areas: bool = False,
    mappings: list[gf.ValueMapping] | None = None,
    width: int = 12,
) -> gf.Panel:
    """Return lines over time; *steps* are drawn as lines, or with *areas* as lines and bands."""
    style = common.GraphThresholdsStyleMode.LINE_AND_AREA if areas else common.GraphThresholdsStyleMode.LINE
    return panel(
        "timeseries",
        words,
        targets(queries, instant=False),
        size=(width, TALL),
        options=timeseries.Options(legend=_legend(calcs=["lastNotNull"]), tooltip=_tooltip()),
        config=gf.FieldConfig(
            unit=unit,
            mappings=mappings,
            thresholds=steps or thresholds((None, GREEN)),
            color=gf.FieldColor(mode=gf.FieldColorModeId.PALETTE_CLASSIC_BY_NAME),
            no_value="no data",
            custom=common.GraphFieldConfig(
                draw_style=common.GraphDrawStyle.LINE,
                line_width=2,
                fill_opacity=0,
                show_points=common.VisibilityMode.NEVER,
                thresholds_style=common.GraphThresholdsStyleConfig(
                    mode=style if steps else common.GraphThresholdsStyleMode.OFF
                ),
            ),
        ),
    )


def timeline(  # noqa: PLR0913 the parts of a timeline
    words: Words,
    queries: Sequence[Query],
    *,
    mappings: list[gf.ValueMapping],
    transformations: Sequence[gf.DataTransformerConfig] = (),
    table: bool = False,
    display_name: str | None = None,
    width: int = 24,
) -> gf.Panel:
    """Return states over time, a line of blocks for each series; with *table* the states may be labels."""
    by_value = bool(mappings)
    return panel(
        "state-timeline",
        words,
        targets(queries, instant=False, table=table),
        size=(width, TALL),
        options=statetimeline.Options(
            show_value=common.VisibilityMode.AUTO, legend=_legend(), tooltip=_tooltip(), per_page=20
        ),
        config=gf.FieldConfig(
            display_name=display_name,
            unit="short",
            mappings=mappings,
            thresholds=thresholds((None, GREEN)),
            color=gf.FieldColor(
                mode=gf.FieldColorModeId.THRESHOLDS if by_value else gf.FieldColorModeId.PALETTE_CLASSIC
            ),
            no_value="no data",
            custom=statetimeline.FieldConfig(fill_opacity=80, line_width=0, span_nulls=False),
        ),
        transformations=transformations,
    )


def bars(words: Words, query: Query, *, unit: str, steps: gf.ThresholdsConfig, width: int = 12) -> gf.Panel:
    """Return one horizontal bar for each series, as it is now."""
    return panel(
        "bargauge",
        words,
        targets([query], instant=True),
        size=(width, TALL),
        options=bargauge.Options(
            display_mode=common.BarGaugeDisplayMode.BASIC,
            orientation=common.VizOrientation.HORIZONTAL,
            reduce_options=common.ReduceDataOptions(calcs=["lastNotNull"], fields="", values=False),
        ),
        config=gf.FieldConfig(
            unit=unit,
            min_val=0,
            thresholds=steps,
            color=gf.FieldColor(mode=gf.FieldColorModeId.THRESHOLDS),
            no_value="no certificate",
        ),
    )


def _legend(calcs: list[str] | None = None) -> common.VizLegendOptions:
    return common.VizLegendOptions(
        show_legend=True,
        display_mode=common.LegendDisplayMode.TABLE if calcs else common.LegendDisplayMode.LIST,
        placement=common.LegendPlacement.BOTTOM,
        calcs=calcs or [],
    )


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)
