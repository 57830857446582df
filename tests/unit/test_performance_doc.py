"""The picture of docs/performance.md is what the project's own tool draws of the figures beside it."""

import json
from xml.etree import ElementTree as ET

from tests.bench.growth import SIZES, picture
from tests.bench.rivals import Cost
from tests.conftest import ROOT

FIGURES = ROOT / "docs" / "performance.json"


def test_the_picture_is_drawn_from_the_figures() -> None:
    """Not a line of it is by hand, and it is a picture."""
    costs = [Cost(**each) for each in json.loads(FIGURES.read_text())]
    assert tuple(cost.files for cost in costs) == SIZES
    text = FIGURES.with_suffix(".svg").read_text()
    assert text == picture(costs)
    curves = ET.fromstring(text).findall("{http://www.w3.org/2000/svg}polyline")  # noqa: S314 - our own file
    assert [len(curve.attrib["points"].split()) for curve in curves] == [len(SIZES)] * 5
