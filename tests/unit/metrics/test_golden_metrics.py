"""The scrape of each scenario is what it was, and promtool accepts it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kubepki.metrics.families import FAMILIES
from kubepki.model import Reason, Standing, Usage
from tests.support.golden_metrics import GOLDEN, normalized, render
from tests.support.running import parse_scrape
from tests.support.scenarios import SCENARIOS, Scenario

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each_scenario
def test_a_scrape_is_the_golden_one(scenario: Scenario, tmp_path: Path) -> None:
    """`python -m tests.support.golden_metrics` writes the files; read the difference before committing it."""
    assert normalized(render(scenario, tmp_path), tmp_path) == (GOLDEN / f"{scenario.name}.prom").read_text()


@each_scenario
def test_promtool_accepts_it(scenario: Scenario, program: Callable[[str], Path]) -> None:
    """`promtool check metrics` finds neither an error nor a matter of style."""
    text = (GOLDEN / f"{scenario.name}.prom").read_bytes()
    done = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_each_file_has_its_scenario() -> None:
    """Nothing is left of a scenario that was removed."""
    assert {path.stem for path in GOLDEN.glob("*.prom")} == {scenario.name for scenario in SCENARIOS}


def test_every_reason_role_usage_and_family_is_in_some_scrape() -> None:
    """The table of scenarios covers the contract's closed lists."""
    scrapes = [parse_scrape(path.read_text()) for path in GOLDEN.glob("*.prom")]
    labels = [(name, found) for scrape in scrapes for name, found, _ in scrape.samples]
    assert {found["reason"] for name, found in labels if name == "kubepki_fault"} == set(Reason)
    assert {found["standing"] for _, found in labels if "standing" in found} == set(Standing)
    assert {found["usage"] for _, found in labels if "usage" in found} == set(Usage)
    assert {family.name for family in FAMILIES} == {name for name, _ in labels}
