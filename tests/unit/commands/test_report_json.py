"""The JSON of `check`, compared with golden files and with its documentation."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kubepki.commands.report_json import VERSION, report_json
from tests.support.looks import golden_look
from tests.support.scenarios import SCENARIOS, Scenario
from tests.unit.commands.test_report import compare

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "check.md").read_text(encoding="utf-8")
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each_scenario
def test_golden(scenario: Scenario, tmp_path: Path) -> None:
    """Each scenario gives the document it gave."""
    text = report_json(golden_look(scenario, tmp_path))
    compare(f"{scenario.name}.json", text)
    assert text.isascii()


@each_scenario
def test_findings_agree(scenario: Scenario, tmp_path: Path) -> None:
    """The document holds exactly the findings of the scenario."""
    document = json.loads(report_json(golden_look(scenario, tmp_path)))
    assert document["version"] == VERSION
    found = {(each["code"], (each["path"] or "").rpartition("/")[2]) for each in document["findings"]}
    assert found == scenario.findings


def keys(value: Any) -> set[str]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in keys(each)}
    return {key for each in value for key in keys(each)} if isinstance(value, list) else set()


def test_each_key_is_documented(tmp_path: Path) -> None:
    """No key is in the document that its documentation does not name."""
    used: set[str] = set()
    for number, scenario in enumerate(SCENARIOS):
        root = tmp_path / str(number)
        root.mkdir()
        used |= keys(json.loads(report_json(golden_look(scenario, root))))
    assert used <= set(re.findall(r"`([a-z_0-9]+)`", DOCUMENT))
