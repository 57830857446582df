"""Prometheus' and Alertmanager's own tools accept what is shipped."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rules.test_consistency import ALERTS, ROOT, RULES

Find = Callable[[str], Path]
RECEIVERS = {"critical": "kubepki-page", "warning": "kubepki-ticket", "info": "kubepki-log"}


def run(*command: str | Path) -> str:
    """Return the output of *command*; fail with it where it does not succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules_are_clean(program: Find) -> None:
    """Promtool's lint finds nothing."""
    run(program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", RULES / "kubepki.rules.yml")


def test_prometheus_configuration_loads(program: Find) -> None:
    """The scrape example is valid together with the rules."""
    run(program("promtool"), "check", "config", RULES / "prometheus.yml")


@pytest.mark.parametrize("file", sorted(RULES.glob("tests/*.test.yml")), ids=lambda file: file.name)
def test_rules_behave(program: Find, file: Path) -> None:
    """Promtool's unit tests pass."""
    run(program("promtool"), "test", "rules", file)


def test_alertmanager_configuration_loads(program: Find) -> None:
    """The routing example and its template are valid."""
    run(program("amtool"), "check-config", RULES / "alertmanager.yml")


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_routes(program: Find, rule: dict[str, dict[str, str]]) -> None:
    """Each alert reaches the receiver of its severity."""
    severity = rule["labels"]["severity"]
    file = f"--config.file={RULES / 'alertmanager.yml'}"
    labels = (f"alertname={rule['alert']}", f"severity={severity}", "job=kubepki-exporter", "instance=n")
    found = run(program("amtool"), "config", "routes", "test", file, *labels)
    assert found.strip() == RECEIVERS[severity]


def test_generated_files_are_current() -> None:
    """The PrometheusRule and the fleet's test are what the generator writes now."""
    run(sys.executable, RULES / "generate.py", "--check")
