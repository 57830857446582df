"""Measures how the costs grow with the number of files, and draws it: `python -m tests.bench.growth FILE.svg`.

Without `--again` the figures beside the picture (FILE.json) are drawn as they are.
"""

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from tests.bench import rivals
from tests.bench.rivals import Cost

SIZES = (4, 100, 1_000, 10_000, 50_000)
MIB = 1 << 20
_WIDTH, _HEIGHT = 420, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 30, 60, 44
_FONT = 'font-family="sans-serif" font-size="12" fill="#24292f"'
_COLOURS = ("#1f6feb", "#d1580b", "#2a7f3f")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve: its name, and a value for each size."""

    name: str
    values: Sequence[float]


def measure() -> list[Cost]:
    """Return the costs of each size."""
    contender = rivals.ours(sys.executable)
    found: list[Cost] = []
    with tempfile.TemporaryDirectory(prefix="kubepki-bench-") as root:
        for size in SIZES:
            scrapes = 100 if size <= 1_000 else 20
            found += rivals.compare([contender], Path(root), size, scrapes=scrapes, idle=0.0).values()
            print(found[-1], flush=True)  # noqa: T201 - progress
    return found


def picture(costs: Sequence[Cost]) -> str:
    """Return the picture as SVG: times, and memory, over the number of files."""
    sizes = [cost.files for cost in costs]
    times = [
        Line(name="start to first scrape", values=[cost.first_scrape * 1000 for cost in costs]),
        Line(name="scrape, p50", values=[cost.scrape * 1000 for cost in costs]),
        Line(name="scrape with gzip, p50", values=[cost.gzip * 1000 for cost in costs]),
    ]
    memory = [
        Line(name="the service", values=[cost.resident / MIB for cost in costs]),
        Line(name="its helping processes", values=[cost.helpers / MIB for cost in costs]),
    ]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {_HEIGHT}" {_FONT}>',
            f'<rect width="{2 * _WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
            *_panel("milliseconds", sizes, times, 0),
            *_panel("resident MiB", sizes, memory, _WIDTH),
            "</svg>\n",
        )
    )


def _panel(title: str, sizes: Sequence[int], lines: Sequence[Line], left: int) -> list[str]:
    """Return one chart, both axes logarithmic."""
    every = [value for line in lines for value in line.values if value > 0]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: float) -> float:
        return left + _LEFT + (math.log10(size) - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        share = (math.log10(max(value, 10.0**low)) - low) / (high - low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text x="{left + _LEFT}" y="18" font-weight="bold">{escape(title)}</text>']
    for power in range(low, high + 1):
        at, label = y(10.0**power), f"{10.0**power:,g}"
        parts.append(
            f'<line x1="{x(sizes[0])}" x2="{x(sizes[-1]):.1f}" y1="{at:.1f}" y2="{at:.1f}" stroke="#d0d7de"/>'
            f'<text x="{left + _LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>'
        )
    parts += [
        f'<text x="{x(size):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{size:,}</text>' for size in sizes
    ]
    parts.append(f'<text x="{x(sizes[-1]):.1f}" y="{_HEIGHT - 8}" text-anchor="end">files</text>')
    for number, (line, colour) in enumerate(zip(lines, _COLOURS, strict=False)):
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, line.values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>'
            for size, value in zip(sizes, line.values, strict=True)
        ]
        parts.append(
            f'<text x="{left + _LEFT + 110}" y="{_TOP - 42 + 14 * number}" fill="{colour}">{escape(line.name)}</text>'
        )
    return parts


def main() -> None:
    """Measure where asked, and draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--again", action="store_true", help="measure again; it takes some minutes")
    options = parser.parse_args()
    figures = options.picture.with_suffix(".json")
    if options.again:
        figures.write_text(json.dumps([asdict(cost) for cost in measure()], indent=1) + "\n")
    costs = [Cost(**each) for each in json.loads(figures.read_text())]
    options.picture.write_text(picture(costs))


if __name__ == "__main__":
    main()
