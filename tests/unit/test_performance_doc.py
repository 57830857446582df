"""docs/performance.md says everywhere what its tables say, README too, and its picture is drawn from its figures."""

import json
import re
from xml.etree import ElementTree as ET

from tests.bench.against import AIMS, rotation_title
from tests.bench.growth import SIZES, picture
from tests.bench.rivals import Cost
from tests.conftest import ROOT

FIGURES = ROOT / "docs" / "performance.json"
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
OURS, PEER = 0, 1
SMALL, MIDDLE, LARGE = range(3)


def rows() -> dict[str, list[str]]:
    """Return the cells of each row of the page's tables, by the first one."""
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"]
    return {first: others for first, *others in found}


ROWS = rows()


def figure(what: str, size: int, whose: int) -> str:
    """Return a figure of the first table as sentences have it: two digits where it is below 10."""
    return rounded(ROWS[what][size].split(" / ")[whose])


def rounded(cell: str) -> str:
    number, unit = cell.split()
    value = float(number)
    return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}" if value >= 1 else f"{value:.2f} {unit}"


def rotation(what: str, share: str) -> str:
    """Return our p50 or p99 of a row of the rotations."""
    found = re.search(rf"{share} (\d+ ms)", ROWS[rotation_title(what)][OURS])
    assert found is not None
    return found[1]


def together(*figures: str) -> str:
    """Return figures of one unit as a list."""
    numbers, units = zip(*(each.split() for each in figures), strict=True)
    assert len(set(units)) == 1
    return f"{', '.join(numbers)} {units[0]}"


def ours(what: str, *sizes: int) -> str:
    return together(*(figure(what, size, OURS) for size in sizes))


def test_the_aims_stand_beside_the_figures_of_the_tables() -> None:
    """In the table of aims no figure is another than the one that was measured."""
    warm = [each for each, aim in AIMS.items() if aim < 100]
    (cold,) = AIMS.keys() - set(warm)
    told = {
        "scrape p50 at": ours("scrape p50", SMALL, MIDDLE, LARGE),
        "the same with gzip:": ours("the same with gzip", SMALL, MIDDLE, LARGE),
        "rotation to scrape p99,": together(*(rotation(each, "p99") for each in warm)),
        "the same where the parsing process": rotation(cold, "p99"),
        "start to first scrape at": ours("start to first scrape with all files", SMALL, LARGE),
        "CPU in an idle minute at": ours("CPU in an idle minute", SMALL, LARGE),
        "resident at": ours("resident", SMALL, LARGE),
    }
    for begin, wanted in told.items():
        ((found, *_),) = [cells for first, cells in ROWS.items() if first.startswith(begin)]
        assert found == wanted, begin


def test_each_aim_is_that_of_the_bench() -> None:
    """What `make bench` prints beside a rotation is what the page aims at."""
    aims = " ".join(
        first for first, cells in ROWS.items() if first.startswith(("rotation to scrape p99", "the same where"))
    )
    assert re.findall(r"\d+(?=,| ms)", aims.split("others: ")[1]) == [str(aim) for aim in AIMS.values()]


def test_the_readme_says_what_the_tables_say() -> None:
    """Its comparison with the peer has no figures of its own."""
    large = [figure(what, LARGE, whose) for what in ("scrape p50", "the same with gzip") for whose in (OURS, PEER)]
    small = [figure("scrape p50", SMALL, whose) for whose in (OURS, PEER)]
    memory = {size: [figure("resident", size, whose) for whose in (OURS, PEER)] for size in (SMALL, LARGE)}
    helpers = {size: figure("resident, helping processes", size, OURS) for size in (SMALL, LARGE)}
    swap = rotation(next(iter(AIMS)), "p50")
    wanted = (
        f"a scrape takes {large[0]} where the peer takes {large[1]}, with gzip {large[2]} where it takes {large[3]}; "
        f"it takes {memory[LARGE][0]} of memory, and {helpers[LARGE]} more in its two helping processes, where the "
        f"peer takes {memory[LARGE][1]}. At 4 files a scrape takes {small[0]} where the peer takes {small[1]}, and "
        f"{memory[SMALL][0]} with {helpers[SMALL]} more where it takes {memory[SMALL][1]}. A rotation is in a scrape "
        f"after {swap}, where the peer looks every 30 seconds."
    )
    assert wanted in README


def test_the_picture_is_drawn_from_the_figures() -> None:
    """Not a line of it is by hand, and it is a picture."""
    costs = [Cost(**each) for each in json.loads(FIGURES.read_text())]
    assert tuple(cost.files for cost in costs) == SIZES
    text = FIGURES.with_suffix(".svg").read_text()
    assert text == picture(costs)
    curves = ET.fromstring(text).findall("{http://www.w3.org/2000/svg}polyline")  # noqa: S314 - our own file
    assert [len(curve.attrib["points"].split()) for curve in curves] == [len(SIZES)] * 5
