"""Nothing is recorded that nobody reads, and no alert depends on what is recorded for the boards."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubepki.model import Reason, Severity

ROOT = Path(__file__).resolve().parents[2]
GROUPS: list[dict[str, Any]] = yaml.safe_load((ROOT / "rules" / "kubepki.rules.yml").read_text(encoding="utf-8"))[
    "groups"
]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
RECORDED = sorted({rule["record"] for rule in RULES if "record" in rule})
OF_BOARDS = "kubepki-fleet"
NAME = re.compile(r"[a-z_]+:kubepki_[a-z_]+(?::[a-z_]+)?")


def asked_by_boards() -> Iterator[str]:
    """Yield the expressions of both boards."""
    for file in (ROOT / "grafana" / "dashboards").glob("*.json"):
        board = json.loads(file.read_text(encoding="utf-8"))
        placed = board["panels"] + [panel for row in board["panels"] for panel in row.get("panels") or []]
        yield from (target["expr"] for panel in placed for target in panel.get("targets") or [])


def reachable() -> set[str]:
    """Return the recorded series that an alert or a board reads, itself or through other recorded series."""
    asked = [rule["expr"] + json.dumps(rule["annotations"]) for rule in RULES if "alert" in rule]
    waiting = {name for expr in (*asked, *asked_by_boards()) for name in NAME.findall(expr)}
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        for rule in RULES:
            if rule.get("record") == name:
                waiting |= set(NAME.findall(rule["expr"])) - found
    return found


@pytest.mark.parametrize("name", RECORDED)
def test_each_recorded_series_has_a_reader(name: str) -> None:
    """A series that neither a board nor an alert reads costs every site something for nothing."""
    assert name in reachable()


def test_no_alert_depends_on_what_is_recorded_for_the_boards() -> None:
    """A site without the boards may leave the last group out."""
    (boards,) = [group for group in GROUPS if group["name"] == OF_BOARDS]
    assert GROUPS[-1] is boards
    assert not [rule for rule in boards["rules"] if "alert" in rule]
    own = {rule["record"] for rule in boards["rules"]}
    for rule in (rule for group in GROUPS[:-1] for rule in group["rules"]):
        assert not own & set(NAME.findall(rule["expr"] + json.dumps(rule.get("annotations", {}))))


def test_the_sign_that_everything_was_recorded_comes_last() -> None:
    """The boards take the last series as the sign that those before it were judged."""
    last = GROUPS[-1]["rules"][-1]
    assert last["record"] == "job_clock:kubepki_clock_skew_seconds:median"
    assert [rule["record"] for rule in RULES if "record" in rule].count(last["record"]) == 1


@pytest.mark.parametrize("reason", Reason)
def test_a_path_is_broken_on_the_boards_where_the_alert_is_critical(reason: Reason) -> None:
    """Boards and alerts give each reason the same weight."""
    (rule,) = [rule for rule in RULES if rule.get("labels") == {"trouble": "broken"}]
    (pattern, *_) = re.findall(r'reason=~"([^"]+)"', rule["expr"])
    assert bool(re.fullmatch(pattern, reason)) == (reason.severity is Severity.CRITICAL)
