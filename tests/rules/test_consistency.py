"""Alerts, tests, runbooks and documentation stay in step."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubepki.model import Reason, Severity

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "rules"
RUNBOOKS = ROOT / "docs" / "runbooks"
TEXT = (RULES / "kubepki.rules.yml").read_text(encoding="utf-8")
ALL: list[dict[str, Any]] = [rule for group in yaml.safe_load(TEXT)["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in ALL if "alert" in rule]
NAMES = sorted({rule["alert"] for rule in ALERTS})
SECTIONS = ["Meaning", "Impact", "How to look", "How to fix", "Verify", "Escalate"]


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_has_runbook_test_and_documentation(name: str) -> None:
    """An alert without a runbook of all sections, a unit test and a line in the table does not ship."""
    runbook = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", runbook, re.MULTILINE) == SECTIONS
    tests = "".join(file.read_text(encoding="utf-8") for file in RULES.glob("tests/*.test.yml"))
    assert f'alertname="{name}"' in tests
    assert f"| [{name}](runbooks/{name}.md) |" in (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")


def test_no_runbook_is_left_over() -> None:
    """Each runbook belongs to an alert."""
    assert sorted(file.stem for file in RUNBOOKS.glob("*.md")) == NAMES


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_annotations(rule: dict[str, Any]) -> None:
    """Each alert has the four annotations; the summary is static and the runbook is its own."""
    annotations = rule["annotations"]
    assert {"summary", "description", "runbook_url", "dashboard_url"} <= set(annotations)
    assert "{{" not in annotations["summary"]
    assert annotations["runbook_url"].endswith(f"/docs/runbooks/{rule['alert']}.md")


def test_no_info_series_is_joined() -> None:
    """An `_info` series is never part of an expression, and no join names what it matches on."""
    for rule in ALL:
        assert "_info" not in rule["expr"]
        assert not re.search(r"\bon\s*\(", rule["expr"])


@pytest.mark.parametrize("reason", Reason)
def test_severity_of_reasons(reason: Reason) -> None:
    """The rules and the exporter give each reason the same severity."""
    fired = set()
    for rule in ALERTS:
        for operator, pattern in re.findall(r'reason(=~|!~)"([^"]+)"', rule["expr"]):
            if bool(re.fullmatch(pattern, reason)) == (operator == "=~"):
                fired.add((rule["alert"], rule["labels"]["severity"]))
    alert = "KubePKIKubeconfigDiverged" if reason.startswith("kubeconfig_") else "KubePKIPathBroken"
    assert fired == {(alert, str(reason.severity))}
    assert reason.severity in {Severity.CRITICAL, Severity.WARNING}


def test_recorded_series_are_documented() -> None:
    """Each recorded series is in the table of docs/prometheus.md."""
    documented = (ROOT / "docs" / "prometheus.md").read_text(encoding="utf-8")
    for name in {rule["record"] for rule in ALL if "record" in rule}:
        assert f"`{name}`" in documented
