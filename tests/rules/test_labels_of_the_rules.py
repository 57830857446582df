"""Target labels with the names that the rules give to what they record: nothing is lost, and nothing is made up."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rules.sick_hosts import EXPECTED, sick_hosts
from tests.rules.test_consistency import ALL, RULES
from tests.rules.timelines import Timeline, judge

Find = Callable[[str], Path]
LINE = Timeline(scrape=60, evaluate=60, end=1_200)
OURS = {"path", "entry", "standing", "usage", "clock", "reason"}
TAKEN = ("finding", "level", "trouble", "verdict")


def test_each_label_of_the_rules_is_tried() -> None:
    """What the records add to the labels of a series, by their own labels or by what an expression writes."""
    records = [rule for rule in ALL if "record" in rule]
    told = {label for rule in records for label in rule.get("labels", {})}
    written = {label for rule in records for label in re.findall(r'"(\w+)", "[\w-]+", "", ""\s*\)', rule["expr"])}
    assert (told | written) - OURS == set(TAKEN)


@pytest.mark.parametrize("label", TAKEN)
def test_a_target_label_of_the_name_changes_no_alert(program: Find, tmp_path: Path, label: str) -> None:
    """Each kind of alert fires as often as without it, and one host of three is still no fleet."""
    few = [series for name, offset in (("a", 900), ("b", 0), ("c", 0)) for series in _reading(name, offset)]
    series = [
        {**one, "series": one["series"].replace("{", f'{{{label}="theirs", ', 1)}
        for one in (*sick_hosts(LINE, LINE.end + 1), *few)
    ]
    expected = {('ALERTS{alertstate="firing", alertname!="KubePKIExporterDown"}', LINE.end): EXPECTED}
    judge(program("promtool"), RULES / "kubepki.rules.yml", LINE.test(series, expected), tmp_path)


def _reading(name: str, offset: int) -> Iterator[dict[str, str]]:
    yield from LINE.host(cluster="few", instance=name)
    labels = {"cluster": "few", "instance": name, "clock": "apiserver"}
    yield LINE.series("kubepki_reference_clock_offset_seconds", labels, lambda _: offset)
