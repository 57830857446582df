"""Panels in few words: a title, a description, queries; everything else has one default for both boards."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models import common, prometheus, stat, timeseries
from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards.look import GREEN, GREY, ORANGE, RED, thresholds

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24
TALL = 9
# Above 0, for thresholds whose 0 has a word of its own.
TINY = 0.000001


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


def tile(  # noqa: PLR0913 the parts of a number
    words: Words,
    queries: Sequence[Query],
    *,
    mappings: list[gf.ValueMapping],
    no_value: str,
    size: tuple[int, int],
    steps: gf.ThresholdsConfig | None = None,
    unit: str = "short",
    second_unit: str | None = None,
) -> gf.Panel:
    """Return a number or word on its colour; *no_value* has the first step's colour, which is never that of good.

    *second_unit* is the unit of the second query.
    """
    overrides = [
        gf.DashboardFieldConfigSourceOverrides(
            matcher=gf.MatcherConfig(id_val="byFrameRefID", options=ref_id(1)),
            properties=[gf.DynamicConfigValue(id_val="unit", value=second_unit)],
        )
    ]
    return panel(
        "stat",
        words,
        targets(queries, instant=True),
        size=size,
        options=stat.Options(
            color_mode=common.BigValueColorMode.BACKGROUND_SOLID,
            graph_mode=common.BigValueGraphMode.NONE,
            text_mode=common.BigValueTextMode.VALUE,
            reduce_options=common.ReduceDataOptions(calcs=["lastNotNull"], fields="", values=False),
        ),
        config=gf.FieldConfig(
            unit=unit,
            # Durations with one decimal say hours and minutes.
            decimals=1 if unit.startswith("dtduration") else None,
            mappings=mappings,
            thresholds=steps or thresholds((None, ORANGE), (TINY, RED)),
            color=gf.FieldColor(mode=gf.FieldColorModeId.THRESHOLDS),
            no_value=no_value,
        ),
        overrides=overrides if second_unit else (),
    )


def graph(  # noqa: PLR0913 the parts of a graph
    words: Words,
    queries: Sequence[Query],
    *,
    unit: str,
    steps: gf.ThresholdsConfig | None = None,
    soft: tuple[float, float] | None = None,
    decimals: int | None = None,
    right: bool = False,
    width: int = 12,
    no_value: str = "no such host, or its exporter is down",
) -> gf.Panel:
    """Return lines over time; *steps* are lines, *soft* is what the axis shows at least, the legend may be *right*."""
    return panel(
        "timeseries",
        words,
        targets(queries, instant=False),
        size=(width, TALL),
        options=timeseries.Options(legend=_legend(calcs=["lastNotNull"], right=right), tooltip=tooltip()),
        config=gf.FieldConfig(
            unit=unit,
            decimals=decimals,
            thresholds=steps or thresholds((None, GREEN)),
            color=gf.FieldColor(mode=gf.FieldColorModeId.PALETTE_CLASSIC_BY_NAME),
            no_value=no_value,
            custom=common.GraphFieldConfig(
                draw_style=common.GraphDrawStyle.LINE,
                line_width=2,
                fill_opacity=0,
                show_points=common.VisibilityMode.NEVER,
                axis_soft_min=soft[0] if soft else None,
                axis_soft_max=soft[1] if soft else None,
                thresholds_style=common.GraphThresholdsStyleConfig(
                    mode=common.GraphThresholdsStyleMode.DASHED if steps else common.GraphThresholdsStyleMode.OFF
                ),
            ),
        ),
    )


def stacked(words: Words, queries: Sequence[tuple[Query, str]], *, no_value: str, width: int = 12) -> gf.Panel:
    """Return areas over time on top of each other; each query has its colour."""
    return panel(
        "timeseries",
        words,
        targets([query for query, _ in queries], instant=False),
        size=(width, TALL),
        options=timeseries.Options(legend=_legend(), tooltip=tooltip()),
        config=gf.FieldConfig(
            unit="short",
            min_val=0,
            decimals=0,
            thresholds=thresholds((None, GREY)),
            no_value=no_value,
            custom=common.GraphFieldConfig(
                draw_style=common.GraphDrawStyle.LINE,
                line_width=1,
                fill_opacity=70,
                show_points=common.VisibilityMode.NEVER,
                stacking=common.StackingConfig(mode=common.StackingMode.NORMAL, group="A"),
            ),
        ),
        overrides=[
            gf.DashboardFieldConfigSourceOverrides(
                matcher=gf.MatcherConfig(id_val="byFrameRefID", options=ref_id(index)),
                properties=[
                    gf.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color}),
                ],
            )
            for index, (_, color) in enumerate(queries)
        ],
    )


def _legend(calcs: list[str] | None = None, *, right: bool = False) -> common.VizLegendOptions:
    return common.VizLegendOptions(
        show_legend=True,
        display_mode=common.LegendDisplayMode.TABLE if calcs else common.LegendDisplayMode.LIST,
        placement=common.LegendPlacement.RIGHT if right else common.LegendPlacement.BOTTOM,
        calcs=calcs or [],
    )


def tooltip() -> common.VizTooltipOptions:
    """Return the tooltip of all graphs: every line, the largest first."""
    return common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)
