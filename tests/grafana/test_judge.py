"""The judge sees what was wrong with boards before these: each fault is put back into a panel of ours, and found."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.grafana.boards import Json, filled, panel
from tests.grafana.drawing import Drawn, Judge, assert_no_green, drawn, judge
from tests.grafana.prometheus import Target, running
from tests.support.loopback import answering
from tests.support.waiting import wait_until

FLEET, HOST = "kubepki-fleet", "kubepki-host"
REJECTED = 8


@pytest.fixture(scope="module")
def node() -> Iterator[Judge]:
    with judge() as found:
        yield found


def shown(node: Judge, panel: Json, series: dict[str, list[Json]]) -> list[Drawn]:
    (found,) = drawn(node, [(panel, series)])
    return found


def steps(*colours: tuple[float | None, str]) -> Json:
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in colours]}


def test_a_timeline_of_thresholds_is_found_out(node: Judge) -> None:
    """Coloured by thresholds, a rejected certificate was green for hours, and its word a range."""
    ours = panel(HOST, "Validity of what is presented")
    values = [[at * 60.0, f"{REJECTED}"] for at in range(5)]
    rejected = {"A": [{"metric": {"file": "kubelet-client-current.pem"}, "values": values}], "B": []}
    assert {(each.text, each.color) for each in shown(node, ours, rejected)} == {("rejected now", "red")}
    before = copy.deepcopy(ours)
    defaults = before["fieldConfig"]["defaults"]
    defaults["color"] = {"mode": "thresholds"}
    defaults["thresholds"] = steps((None, "green"))
    found = shown(node, before, rejected)
    assert "rejected now" not in {each.text for each in found}
    with pytest.raises(AssertionError, match="green"):
        assert_no_green({ours["title"]: found})


def test_a_number_that_falls_back_to_a_raw_series_is_found_out(
    node: Judge, program: Callable[[str], Path], tmp_path: Path
) -> None:
    """Without the rules a tile said "none" in green while a host was rejected: it counted hosts that nobody judged."""
    exposition = (
        b"kubepki_host_time_seconds 1\n"
        b'kubepki_certificate_not_before_timestamp_seconds{path="/p",entry="0",standing="current",usage="client"} 4e9\n'
    )
    ours = panel(FLEET, "Rejected now")
    (target,) = ours["targets"]
    before = copy.deepcopy(ours)
    verdict, behind, _ = target["expr"].partition(" or 0 * count(kubepki_host_time_seconds")
    assert behind
    before["targets"] = [{**target, "expr": f"{verdict} or 0 * count(kubepki_host_time_seconds)"}]
    with (
        answering(lambda _path, _body: exposition) as address,
        running(program("prometheus"), tmp_path, [Target(address=address)], rules=False) as prometheus,
    ):
        wait_until(lambda: prometheus.query("kubepki_host_time_seconds"), timeout=60, describe="a scrape")
        (now,) = shown(node, ours, {"A": prometheus.query(filled(target["expr"]))})
        assert (now.text, now.color) == ("no rules loaded", "orange")
        found = shown(node, before, {"A": prometheus.query(filled(before["targets"][0]["expr"]))})
    assert [(each.text, each.color) for each in found] == [("none", "green")]
    with pytest.raises(AssertionError, match="green"):
        assert_no_green({ours["title"]: found})


@pytest.mark.parametrize("title", ["This host", "Ahead by", "First expiry", "Clock"])
def test_good_in_the_colour_of_the_first_step_is_found_out(node: Judge, title: str) -> None:
    """A host that does not exist was green: the word for no value has the colour of the first step."""
    ours = panel(HOST, title)
    (now,) = shown(node, ours, {"A": []})
    assert (now.text, now.color) == ("no such host", "orange")
    before = copy.deepcopy(ours)
    before["fieldConfig"]["defaults"]["thresholds"] = steps((None, "green"), (1, "red"))
    with pytest.raises(AssertionError, match="green"):
        assert_no_green({title: shown(node, before, {"A": []})})


def test_one_word_for_panel_and_cells_is_found_out(node: Judge) -> None:
    """Cells without a value said the word of a table without rows: "no host reports" beside a host that did."""
    ours = panel(FLEET, "Paths in trouble, the 50 worst")
    broken, ahead = (
        {"cluster": "a", "instance": f"{name}:10509", "path": "/pki/kubelet-client-current.pem"}
        for name in ("node34", "node30")
    )
    dangling = {"A": [{"metric": broken, "value": [0, "9"]}, {"metric": ahead, "value": [0, "8"]}]} | {
        ref: [{"metric": ahead, "value": [0, "7860"]}] for ref in "BCD"
    }
    word = ours["fieldConfig"]["defaults"]["noValue"]
    cells = {each.field: each.text for each in shown(node, ours, dangling) if each.row == 0}
    assert (cells["State"], cells["Ahead by"]) == ("broken", "\u2013")
    assert word not in cells.values()
    before = copy.deepcopy(ours)
    for override in before["fieldConfig"]["overrides"]:
        override["properties"] = [each for each in override["properties"] if each["id"] != "noValue"]
    assert word in {each.text for each in shown(node, before, dangling)}
