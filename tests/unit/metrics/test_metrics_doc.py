"""docs/metrics.md and the families say the same."""

import re

from kubepki.judgement.advice import advise_fault
from kubepki.metrics.families import FAMILIES
from kubepki.model import Reason, Usage
from tests.conftest import ROOT

DOCUMENT = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
ROWS = {
    cells[0].strip("`"): cells
    for line in DOCUMENT.splitlines()
    if line.startswith("| `") and (cells := [cell.strip() for cell in line.strip("|").split("|")])
}


def test_each_family_is_documented_with_its_labels_and_meaning() -> None:
    """Name, labels in order, and the help text as the meaning."""
    for family in FAMILIES:
        _, labels, meaning = ROWS[family.name]
        assert tuple(re.findall(r"`(\w+)`", labels)) == family.labels, family.name
        assert meaning == family.help, family.name


def test_no_other_metric_is_documented() -> None:
    """What the document names exists."""
    names = {name for name in re.findall(r"`(kubepki_[a-z0-9_]+)`", DOCUMENT) if not name.endswith("_")}
    assert names == {family.name for family in FAMILIES}


def test_each_label_is_explained() -> None:
    """No label without a meaning."""
    explained = set(
        re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in DOCUMENT.splitlines() if "|" in line))
    )
    assert {label for family in FAMILIES for label in family.labels} <= explained


def test_each_reason_and_usage_is_explained() -> None:
    """Severity and advice are those of the code."""
    for reason in Reason:
        _, meaning, severity, action = ROWS[reason.value]
        assert meaning
        assert severity == reason.severity.value
        assert action == advise_fault(reason)
    for usage in Usage:
        assert f"`{usage.value}`" in ROWS["usage"][1]
