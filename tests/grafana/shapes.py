"""The shapes of a picture: boxes, text and colours, as SVG."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

PAPER, CARD, EDGE, INK, FAINT = "#111217", "#181b1f", "#2c2f36", "#ccccdc", "#8e8ea0"
COLOURS = {
    "green": "#56a64b",
    "yellow": "#c9a400",
    "orange": "#e0752d",
    "red": "#e02f44",
    "blue": "#3274d9",
    "text": "#5b5d68",
    "transparent": "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in pixels."""

    x: float
    y: float
    w: float
    h: float


def within(box: Box, text: str) -> str:
    """Return *text*, whose place is relative to *box*, cut where the box ends."""
    return f'<svg {place(box)} overflow="hidden">{text}</svg>'


def written(  # noqa: PLR0913 the parts of a text
    x: float, y: float, text: str, *, size: float, ink: str = INK, weight: int = 400, anchor: str = "start"
) -> str:
    """Return *text* with its baseline at a place."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" fill="{ink}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def place(box: Box) -> str:
    """Return the attributes of the place and size of *box*."""
    return f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.w:.1f}" height="{box.h:.1f}"'


def colour(name: str | None) -> str:
    """Return the colour of the picture for one of Grafana's names; any other is taken as it is."""
    return COLOURS.get(name or "transparent", name or "none")
