"""Draws a board as SVG, from what Grafana's own code says that its panels show.

Words, numbers and colours are Grafana's; the shapes are ours: tiles, tables, timelines and lines at the places of the
board's grid. It is a picture for the documentation, no screenshot.
"""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from tests.grafana.boards import Json
from tests.grafana.drawing import Drawn
from tests.grafana.shapes import CARD, EDGE, FAINT, INK, PAPER, Box, colour, place, within, written

WIDTH, MARGIN, GAP = 1460, 8, 8
LINE, TITLE, CELL, LEGEND = 30, 32, 30, 20
LABELS = 190
# The mean width of a small and of a capital letter, as a share of the size.
SMALL, CAPITAL = 0.56, 0.72


def board_picture(board: Json, drawn: dict[str, list[Drawn]], *, height: int) -> str:
    """Return the SVG of the panels of *board* that lie in the first *height* rows of its grid."""
    parts: list[str] = []
    bottom = 0.0
    for panel in board["panels"]:
        grid = panel["gridPos"]
        if grid["y"] >= height:
            continue
        box = _placed(grid)
        bottom = max(bottom, box.y + box.h)
        if panel["type"] == "row":
            folded = " (folded)" if panel.get("collapsed") else ""
            parts.append(written(box.x + 4, box.y + 20, panel["title"] + folded, size=16, weight=500))
            continue
        parts += _panel(panel, drawn[panel["title"]], box)
    total = bottom + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total:.0f}" width="{WIDTH}" '
        f'height="{total:.0f}" font-family="Inter,Helvetica,Arial,sans-serif">\n'
        f"<title>{escape(board['title'])}</title>\n"
        f'<rect width="100%" height="100%" fill="{PAPER}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _placed(grid: dict[str, int]) -> Box:
    column = (WIDTH - 2 * MARGIN + GAP) / 24
    return Box(
        x=MARGIN + grid["x"] * column,
        y=MARGIN + grid["y"] * (LINE + GAP),
        w=grid["w"] * column - GAP,
        h=grid["h"] * (LINE + GAP) - GAP,
    )


def _panel(panel: Json, drawn: Sequence[Drawn], box: Box) -> Iterator[str]:
    yield f'<rect {place(box)} rx="2" fill="{CARD}" stroke="{EDGE}"/>'
    yield written(box.x + 8, box.y + 20, panel["title"], size=14, weight=500)
    inside = Box(x=box.x + 8, y=box.y + TITLE, w=box.w - 16, h=box.h - TITLE - 6)
    draw = {"stat": _tiles, "table": _table, "state-timeline": _timeline, "timeseries": _curves}[panel["type"]]
    if panel["type"] != "stat" and [each.field for each in drawn] == [""]:
        yield written(box.x + box.w / 2, box.y + box.h / 2, drawn[0].text, size=15, ink=FAINT, anchor="middle")
        return
    yield from draw(panel, drawn, inside)


def _tiles(_panel: Json, drawn: Sequence[Drawn], box: Box) -> Iterator[str]:
    width = box.w / len(drawn)
    for index, each in enumerate(drawn):
        own = Box(x=box.x + index * width, y=box.y, w=width - (2 if index + 1 < len(drawn) else 0), h=box.h)
        length = sum(CAPITAL if letter.isupper() else SMALL for letter in each.text)
        size = min(own.h * 0.6, own.w * 0.9 / max(length, 2))
        yield f'<rect {place(own)} rx="2" fill="{colour(each.color)}"/>'
        middle = own.y + own.h / 2 + size * 0.35
        yield written(own.x + own.w / 2, middle, each.text, size=size, ink="#ffffff", weight=500, anchor="middle")


def _table(panel: Json, drawn: Sequence[Drawn], box: Box) -> Iterator[str]:
    titles = list(dict.fromkeys(each.field for each in drawn))
    cells = {(each.row, each.field): each for each in drawn}
    widths = _widths(panel, titles, box.w)
    left = dict(zip(titles, itertools.accumulate((0, *widths.values())), strict=False))
    for title in titles:
        yield written(box.x + left[title] + 6, box.y + 18, title, size=13, weight=500)
    for line, row in enumerate(_sorted_rows(panel, drawn)):
        top = box.y + CELL + line * CELL
        if top + CELL > box.y + box.h + 2:
            return
        yield f'<path d="M{box.x:.0f} {top:.0f}h{box.w:.0f}" stroke="{EDGE}"/>'
        for title in titles:
            cell = cells[row, title]
            own = Box(x=box.x + left[title], y=top, w=widths[title] - 1, h=CELL - 1)
            painted = cell.color not in (None, "transparent")
            if painted:
                yield f'<rect {place(own)} fill="{colour(cell.color)}"/>'
            yield within(own, written(6, 20, cell.text, size=13, ink="#ffffff" if painted else INK))


def _sorted_rows(panel: Json, drawn: Sequence[Drawn]) -> list[int]:
    rows = sorted({each.row for each in drawn})
    for order in panel["options"].get("sortBy") or []:
        values = {each.row: each.value for each in drawn if each.field == order["displayName"]}
        rows.sort(key=lambda row: (str(type(values.get(row))), values.get(row) or 0), reverse=order.get("desc", False))
    return rows


def _widths(panel: Json, titles: Sequence[str], total: float) -> dict[str, float]:
    fixed = {
        override["matcher"]["options"]: entry["value"]
        for override in panel["fieldConfig"]["overrides"]
        for entry in override["properties"]
        if entry["id"] == "custom.width"
    }
    free = [title for title in titles if title not in fixed]
    rest = total - sum(fixed.get(title, 0) for title in titles)
    return {title: fixed.get(title, rest / max(len(free), 1)) for title in titles}


def _timeline(_panel: Json, drawn: Sequence[Drawn], box: Box) -> Iterator[str]:
    names = list(dict.fromkeys(each.field for each in drawn))
    area = Box(x=box.x + LABELS, y=box.y, w=box.w - LABELS, h=box.h - LEGEND)
    first, last = _span(drawn)
    height = area.h / len(names)
    for index, name in enumerate(names):
        top = area.y + index * height
        yield written(area.x - 6, top + height / 2 + 4, name, size=12, anchor="end")
        own = [each for each in drawn if each.field == name]
        for run in _runs(own, gap=(last - first) / 100):
            text, color, moments = run[0].text, run[0].color, [each.at or 0 for each in run]
            begin = area.x + (moments[0] - first) / (last - first) * area.w
            end = area.x + (moments[-1] - first) / (last - first) * area.w
            block = Box(x=begin, y=top + 4, w=max(end - begin + 2, 2), h=height - 8)
            yield f'<rect {place(block)} fill="{colour(color)}"/>'
            yield within(block, written(4, block.h / 2 + 4, text, size=12, ink="#ffffff"))
    yield from _times(area, first, last)


def _runs(line: Sequence[Drawn], *, gap: float) -> Iterator[list[Drawn]]:
    """Yield the stretches of *line* that say the same without a gap longer than *gap* milliseconds."""
    run: list[Drawn] = []
    for each in line:
        if run and (
            (each.text, each.color) != (run[-1].text, run[-1].color) or (each.at or 0) - (run[-1].at or 0) > gap
        ):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _curves(panel: Json, drawn: Sequence[Drawn], box: Box) -> Iterator[str]:
    names = list(dict.fromkeys(each.field for each in drawn))
    legend = min(len(names), 4) * LEGEND
    area = Box(x=box.x + 60, y=box.y + 4, w=box.w - 70, h=box.h - LEGEND - legend - 8)
    first, last = _span(drawn)
    stacked = "stacking" in panel["fieldConfig"]["defaults"]["custom"]
    lines = {
        name: {each.at or 0: float(each.value or 0) for each in drawn if each.field == name and each.value is not None}
        for name in names
    }
    if stacked:
        lines = dict(zip(lines, _stacked(list(lines.values())), strict=True))
    values = [value for line in lines.values() for value in line.values()]
    low, high = min((*values, 0.0)), max((*values, 0.0))
    low, high = (low, high) if high > low else (low - 1, high + 1)

    def point(at: float, value: float) -> str:
        return f"{area.x + (at - first) / (last - first) * area.w:.1f},{height_of(value):.1f}"

    def height_of(value: float) -> float:
        return area.y + area.h - (value - low) / (high - low) * area.h

    for value in (low, (low + high) / 2, high):
        yield f'<path d="M{area.x:.0f} {height_of(value):.0f}h{area.w:.0f}" stroke="{EDGE}"/>'
        yield written(area.x - 6, height_of(value) + 4, f"{value:.2f}", size=11, ink=FAINT, anchor="end")
    latest = {each.field: each for each in drawn}
    # The highest area first, so that the lower ones lie on it.
    for name in reversed(names) if stacked else names:
        color, line = colour(latest[name].color), lines[name]
        points = [point(at, value) for at, value in line.items()]
        if stacked:
            points = [point(min(line), low), *points, point(max(line), low)]
        fill = color if stacked else "none"
        yield f'<polyline points="{" ".join(points)}" fill="{fill}" stroke="{color}" stroke-width="2"/>'
    for index, name in enumerate(names[: int(legend / LEGEND)]):
        top = area.y + area.h + LEGEND + index * LEGEND + 16
        yield f'<rect x="{box.x:.0f}" y="{top - 8:.0f}" width="14" height="4" fill="{colour(latest[name].color)}"/>'
        yield written(box.x + 20, top - 2, name, size=12)
        yield written(box.x + box.w - 4, top - 2, latest[name].text, size=12, anchor="end")
    yield from _times(area, first, last)


def _stacked(lines: Sequence[dict[float, float]]) -> Iterator[dict[float, float]]:
    below: dict[float, float] = {}
    for line in lines:
        below = {at: value + below.get(at, 0.0) for at, value in line.items()}
        yield below


def _span(drawn: Sequence[Drawn]) -> tuple[float, float]:
    moments = [each.at for each in drawn if each.at is not None]
    return min(moments), max((*moments, min(moments) + 1))


def _times(area: Box, first: float, last: float) -> Iterator[str]:
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        moment = datetime.fromtimestamp((first + share * (last - first)) / 1000, tz=UTC)
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        x, y = area.x + share * area.w, area.y + area.h + 14
        yield written(x, y, f"{moment:%H:%M:%S}", size=11, ink=FAINT, anchor=anchor)
