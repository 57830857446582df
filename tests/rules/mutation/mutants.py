"""The mutants of a rule file: each differs from it in one thing.

Rules of this module: pure.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kubepki.config.durations import parse_duration
from tests.rules.mutation.expressions import mutations

_SEVERITIES = {"critical": "warning", "warning": "critical", "info": "warning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one rule; `name` tells it from all others, over changes of other rules too."""

    name: str
    rule: str
    """The name of the alert or record."""
    document: dict[str, Any]
    """The whole rule file."""
    place: tuple[int, int] = (0, 0)
    """Which group, and which of its rules."""
    expr: str = ""
    """What stands in the place of the rule's expression; empty where something else is changed."""


def rule_name(rule: dict[str, Any]) -> str:
    """Return the name of an alert or a record."""
    return str(rule.get("alert") or rule["record"])


def mutants(document: dict[str, Any]) -> Iterator[Mutant]:
    """Yield all mutants of the rule file *document*."""
    for group, each in enumerate(document["groups"]):
        for place, rule in enumerate(each["rules"]):
            for what, changed in _changes(rule):
                whole = copy.copy(document)
                whole["groups"] = list(document["groups"])
                rules = list(each["rules"])
                rules[place : place + 1] = changed
                whole["groups"][group] = {**each, "rules": rules}
                yield Mutant(
                    name=f"{_told(rule)}: {what}",
                    rule=rule_name(rule),
                    document=whole,
                    place=(group, place),
                    expr="" if not changed or changed[0]["expr"] == rule["expr"] else changed[0]["expr"],
                )


def _told(rule: dict[str, Any]) -> str:
    labels = ", ".join(f"{key}={value}" for key, value in sorted(rule.get("labels", {}).items()))
    return rule_name(rule) + (f"{{{labels}}}" if labels else "")


def _changes(rule: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield what is changed and what stands in the place of the rule."""
    yield "deleted", []
    for what, expr in mutations(rule["expr"]):
        yield what, [{**rule, "expr": expr}]
    for label, value in rule.get("labels", {}).items():
        other = _SEVERITIES[value] if label == "severity" else "mutated"
        yield f"{label} {value} → {other}", [{**rule, "labels": {**rule["labels"], label: other}}]
    if "alert" in rule:
        wait = parse_duration(rule.get("for", "0s"))
        for other_wait in (wait - 60, wait + 60):
            if other_wait >= 0:
                yield f"for {wait:.0f}s → {other_wait:.0f}s", [{**rule, "for": f"{other_wait:.0f}s"}]
