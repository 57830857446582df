"""Every scenario gives its faults and findings, and the same on a second look."""

from pathlib import Path

import pytest

from kubepki.judgement.evaluate import evaluate
from kubepki.model import Standing
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from kubepki.texts import label_text
from tests.support.scenarios import SCENARIOS, Scenario

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def remembered(scenario: Scenario, root: Path) -> frozenset[str]:
    return frozenset(str(root / path) for path in scenario.remembered)


def last(path: str | None) -> str:
    return label_text((path or "").rpartition("/")[2])


@each_scenario
def test_faults(scenario: Scenario, tmp_path: Path) -> None:
    """A scan finds exactly the faults of the current paths."""
    snapshot = Scanner(scenario.build(tmp_path), ScanSettings()).scan(remembered(scenario, tmp_path)).snapshot
    found = {
        (last(state.path), fault.reason)
        for state in snapshot.paths
        if state.standing is Standing.CURRENT
        for fault in state.faults
    }
    assert found == scenario.faults


@each_scenario
def test_findings(scenario: Scenario, tmp_path: Path) -> None:
    """The evaluation finds exactly the findings."""
    snapshot = Scanner(scenario.build(tmp_path), ScanSettings()).scan(remembered(scenario, tmp_path)).snapshot
    findings = evaluate(snapshot, scenario.reading)
    assert {(finding.code.value, last(finding.path)) for finding in findings} == scenario.findings


@each_scenario
def test_a_second_scan_equals_the_first(scenario: Scenario, tmp_path: Path) -> None:
    """A warm cache, and a full re-read, give what a fresh scan gives."""
    settings = scenario.build(tmp_path)
    scanner = Scanner(settings, ScanSettings())
    first = scanner.scan().snapshot
    assert scanner.scan().snapshot == first
    assert scanner.scan(reread=True).snapshot == first
    assert Scanner(settings, ScanSettings()).scan().snapshot == first
