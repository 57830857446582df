"""Tables: instant queries with the same labels, merged into rows, their columns chosen, ordered and named."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as gf
from grafana_foundation_sdk.models import table as gf_table

from grafana.boards.look import GREY, thresholds
from grafana.boards.panels import TALL, WIDTH, Query, Words, panel, ref_id, targets

DATE = "dateTimeAsIso"
# An en dash, in an empty cell.
NOTHING = "\u2013"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column, from a label or, with *expr*, from the value of a query of its own."""

    title: str
    label: str = ""
    expr: str = ""
    unit: str = "string"
    mappings: tuple[gf.ValueMapping, ...] = ()
    steps: gf.ThresholdsConfig | None = None
    link: gf.DashboardLink | None = None
    width: int | None = None
    paint: common.TableCellDisplayMode = common.TableCellDisplayMode.AUTO
    # What an empty cell says; the panel's own word is for a table without rows.
    empty: str = NOTHING


def coloured(  # noqa: PLR0913 the parts of a coloured cell
    title: str,
    expr: str,
    *,
    unit: str = "short",
    steps: gf.ThresholdsConfig | None = None,
    mappings: Sequence[gf.ValueMapping] = (),
    width: int | None = None,
) -> Column:
    """Return a column whose cells are painted by value."""
    return Column(
        title=title,
        expr=expr,
        unit=unit,
        steps=steps,
        mappings=tuple(mappings),
        width=width,
        paint=common.TableCellDisplayMode.COLOR_BACKGROUND,
    )


def painted(title: str, label: str, *, mappings: Sequence[gf.ValueMapping], width: int) -> Column:
    """Return a column of a label whose cells are worded and painted by *mappings*."""
    return Column(
        title=title,
        label=label,
        mappings=tuple(mappings),
        width=width,
        paint=common.TableCellDisplayMode.COLOR_BACKGROUND,
    )


def table(
    words: Words,
    columns: Sequence[Column],
    *,
    sort: tuple[str, bool],
    no_value: str,
    size: tuple[int, int] = (WIDTH, TALL),
) -> gf.Panel:
    """Return a table of *columns*, sorted by (title, descending). All queries must give the same labels."""
    valued = [column for column in columns if column.expr]
    return panel(
        "table",
        words,
        targets([Query(expr=column.expr) for column in valued], instant=True, table=True),
        size=size,
        options=gf_table.Options(
            sort_by=[common.TableSortByFieldState(display_name=sort[0], desc=sort[1])],
            cell_height=common.TableCellHeight.SM,
        ),
        config=gf.FieldConfig(
            unit="short",
            thresholds=thresholds((None, GREY)),
            no_value=no_value,
            custom=common.TableFieldOptions(align=common.FieldTextAlignment.LEFT),
        ),
        overrides=[_override(column) for column in columns],
        transformations=_arranged(columns, valued),
    )


def _arranged(columns: Sequence[Column], valued: Sequence[Column]) -> list[gf.DataTransformerConfig]:
    # Grafana calls the value of an only query "Value", those of several "Value #A", "Value #B" ….
    fields = {
        column.title: f"Value #{ref_id(valued.index(column))}" if len(valued) > 1 else "Value" for column in valued
    } | {column.title: column.label for column in columns if not column.expr}
    names = [fields[column.title] for column in columns]
    return [
        # Labels that the scrape configuration adds, and the time, would otherwise split rows and add columns.
        gf.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": names}}),
        gf.DataTransformerConfig(id_val="merge", options={}),
        gf.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {},
                "indexByName": {name: index for index, name in enumerate(names)},
                "renameByName": {fields[column.title]: column.title for column in columns},
            },
        ),
    ]


def _override(column: Column) -> gf.DashboardFieldConfigSourceOverrides:
    properties: list[tuple[str, object]] = [("unit", column.unit), ("noValue", column.empty)]
    if column.unit.startswith("dtduration"):
        # With one decimal a duration says hours and minutes.
        properties.append(("decimals", 1))
    if column.mappings:
        properties.append(("mappings", list(column.mappings)))
    if column.steps:
        properties.append(("thresholds", column.steps))
    if column.link:
        properties.append(("links", [column.link]))
    if column.width:
        properties.append(("custom.width", column.width))
    if column.paint is not common.TableCellDisplayMode.AUTO:
        properties.append(("custom.cellOptions", {"type": column.paint, "mode": "basic"}))
    return gf.DashboardFieldConfigSourceOverrides(
        matcher=gf.MatcherConfig(id_val="byName", options=column.title),
        properties=[gf.DynamicConfigValue(id_val=name, value=value) for name, value in properties],
    )
