"""The pictures of the documentation are drawn from the boards as they are, and say what Grafana's own code says."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import ROOT
from tests.grafana.boards import UIDS, Json, board
from tests.grafana.drawing import Drawn, Judge, drawn, judge
from tests.grafana.picture import board_picture
from tests.grafana.pictures import HEIGHTS

SVG = "{http://www.w3.org/2000/svg}"
FLEET, _ = UIDS


def words(picture: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter(f"{SVG}text")]  # noqa: S314 our own


@pytest.fixture(scope="module")
def node() -> Iterator[Judge]:
    with judge() as found:
        yield found


@pytest.mark.parametrize("uid", UIDS)
def test_the_committed_picture_shows_each_panel_of_today(uid: str) -> None:
    """A panel that was renamed, added or taken away asks for new pictures: `make pictures`."""
    picture = (ROOT / "docs" / "pictures" / f"{uid}.svg").read_text(encoding="utf-8")
    titles = {panel["title"] for panel in board(uid)["panels"] if panel["gridPos"]["y"] < HEIGHTS[uid]}
    shown = {text.removesuffix(" (folded)") for text in words(picture)}
    assert titles <= shown
    assert "script" not in picture
    assert f"pictures/{uid}.svg" in (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")


def test_a_picture_says_what_the_judge_says(node: Judge) -> None:
    """Each word of each kind of panel is in the picture; rows are in the table's own order, and colours are painted."""
    loaded = board(FLEET)
    chosen = {panel["title"]: panel for panel in loaded["panels"] if panel["type"] != "row"}
    asked: dict[str, dict[str, list[Json]]] = {
        title: {target["refId"]: [] for target in panel["targets"]} for title, panel in chosen.items()
    }
    asked["Rejected now"]["A"] = [{"metric": {}, "value": [0, "2"]}]
    own = {"command": "-", "book": "-"}
    asked["What to do, the most urgent first"]["A"] = [
        {"metric": {"rank": "11", "what": "second & last", **own}, "value": [0, "1"]},
        {"metric": {"rank": "01", "what": "first", **own}, "value": [0, "1"]},
    ]
    asked["Hosts by verdict"]["A"] = [{"metric": {}, "values": [[60, "1"], [120, "3"]]}]
    answers = drawn(node, [(panel, asked[title]) for title, panel in chosen.items()])
    shown: dict[str, list[Drawn]] = dict(zip(chosen, answers, strict=True))
    picture = board_picture(loaded, shown, height=HEIGHTS[FLEET])
    found = words(picture)
    assert found.index("first") < found.index("second & last")
    assert {"2", "critical", "no exporter", "no rules loaded, or no exporter"} <= set(found)
    assert "polyline" in picture
