"""States over time: blocks of words and colours."""

from collections.abc import Sequence

from grafana_foundation_sdk.models import common, statetimeline
from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look
from grafana.boards.panels import TALL, Query, Words, panel, targets, tooltip
from grafana.boards.promql import HOST_TIME, select

# No exporter reported.
NOT_SEEN = -6


def timeline(  # noqa: PLR0913 the parts of a timeline
    words: Words,
    queries: Sequence[Query],
    *,
    mappings: list[gf.ValueMapping],
    no_value: str,
    width: int = 24,
    height: int = TALL,
) -> gf.Panel:
    """Return states over time, a line of blocks for each series; each has its word and colour in *mappings*.

    A timeline without any series has no word of its own in Grafana: a line says when the host was not seen.
    """
    unseen = Query(expr=f"vector({NOT_SEEN}) unless on () count({select(HOST_TIME)})", legend="this host")
    return panel(
        "state-timeline",
        words,
        targets((*queries, unseen), instant=False),
        size=(width, height),
        options=statetimeline.Options(
            show_value=common.VisibilityMode.AUTO, legend=_no_legend(), tooltip=tooltip(), per_page=20
        ),
        config=gf.FieldConfig(
            unit="short",
            mappings=[*mappings, *look.words({NOT_SEEN: ("not seen", look.ORANGE)})],
            thresholds=look.thresholds((None, look.GREEN)),
            # Coloured by thresholds, Grafana merges values between two steps and drops the mappings: all one colour.
            color=gf.FieldColor(mode=gf.FieldColorModeId.PALETTE_CLASSIC),
            no_value=no_value,
            custom=statetimeline.FieldConfig(fill_opacity=80, line_width=0, span_nulls=False),
        ),
    )


def _no_legend() -> common.VizLegendOptions:
    return common.VizLegendOptions(
        show_legend=False,
        display_mode=common.LegendDisplayMode.LIST,
        placement=common.LegendPlacement.BOTTOM,
        calcs=[],
    )
