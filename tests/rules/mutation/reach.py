"""Where a changed expression finds anything else than the rule's own, in the timelines of the tests.

All mutants of all rules run beside the rules through each timeline at once. One that never finds anything else survives
every test, for a rule that refers to itself reads what the rule itself said before; so the tests need not run for it.
And where it does differ is known, so that only these tests run.
"""

import json
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.rules.mutation.groups import Group, seconds
from tests.rules.mutation.mutants import Mutant

_ORIGINAL, _MUTATED, _DIFFERS = "mutation_original", "mutation_mutated", "mutation_differs"
_OF_MUTANT = re.compile(rf'{_MUTATED}_(\d+)\b|{_DIFFERS}_(\d+)\b|mutant="(\d+)"')
_ALWAYS = "100000h"


def differing(promtool: Path, document: Mapping[str, Any], group: Group, mutants: Sequence[Mutant]) -> set[str]:
    """Return the names of those of *mutants* that differ in *group*; one that makes an error differs."""
    found: set[str] = set()
    todo = mutants
    while todo:
        told, stopped = _told(promtool, document, group, todo)
        found |= told
        if not stopped:
            break
        todo = [each for each in todo if each.name not in told]
    return found


def loadable(promtool: Path, document: Mapping[str, Any], mutants: Sequence[Mutant]) -> list[Mutant]:
    """Return those that Prometheus loads; any test notices the others."""
    with tempfile.TemporaryDirectory() as directory:
        rules = Path(directory) / "rules.json"
        rules.write_text(json.dumps(_with(document, mutants)))
        done = subprocess.run(
            (promtool, "check", "rules", "--lint=none", rules), capture_output=True, text=True, check=False, timeout=600
        )
    refused = _numbers(done.stderr + done.stdout) if done.returncode else set()
    assert refused or not done.returncode, done.stderr
    return [each for number, each in enumerate(mutants) if number not in refused]


def _told(
    promtool: Path, document: Mapping[str, Any], group: Group, mutants: Sequence[Mutant]
) -> tuple[set[str], bool]:
    """Return who differs in *group*, and whether an error of theirs stopped promtool before the end."""
    last = max(seconds(each["eval_time"]) for each in group.asks)
    asks = f"group by (mutant) (count_over_time({_DIFFERS}[{_ALWAYS}]))"
    kinds = ("promql_expr_test", "alert_rule_test")
    test = {
        **{key: value for key, value in group.test.items() if key not in kinds},
        "promql_expr_test": [{"expr": asks, "eval_time": f"{last:.0f}s", "exp_samples": []}],
    }
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "rules.json").write_text(json.dumps(_with(document, mutants)))
        whole = {
            "rule_files": ["rules.json"],
            "evaluation_interval": group.interval,
            "group_eval_order": group.order,
            "tests": [test],
        }
        (directory / "test.json").write_text(json.dumps(whole))
        command = (promtool, "test", "rules", directory / "test.json")
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1_800)
    told = _numbers(done.stderr + done.stdout)
    assert told or not done.returncode, done.stderr
    return {mutants[number].name for number in told}, "err:" in done.stderr + done.stdout


def _numbers(text: str) -> set[int]:
    return {int(number) for match in _OF_MUTANT.finditer(text) for number in match.groups() if number}


def _with(document: Mapping[str, Any], mutants: Sequence[Mutant]) -> dict[str, Any]:
    """Return the rule file with a comparison of each of *mutants* before its rule.

    Not after it, for a rule that refers to itself would find what it has just said instead of what it said before.
    """
    by_place: dict[tuple[int, int], list[tuple[int, Mutant]]] = defaultdict(list)
    for number, each in enumerate(mutants):
        by_place[each.place].append((number, each))
    groups = []
    for index, group in enumerate(document["groups"]):
        rules: list[dict[str, Any]] = []
        for place, rule in enumerate(group["rules"]):
            rules += _compared(f"{_ORIGINAL}_{index}_{place}", rule, by_place.get((index, place), ()))
            rules.append(rule)
        groups.append({**group, "rules": rules})
    return {"groups": groups}


def _compared(
    original: str, rule: Mapping[str, Any], mutants: Iterable[tuple[int, Mutant]]
) -> Iterable[dict[str, Any]]:
    labels = {} if "alert" in rule else rule.get("labels", {})
    mutants = list(mutants)
    if mutants:
        yield {"record": original, "expr": rule["expr"], "labels": labels}
    for number, each in mutants:
        mutated = f"{_MUTATED}_{number}"
        yield {"record": mutated, "expr": each.expr, "labels": labels}
        yield {
            "record": _DIFFERS,
            "expr": f"count(({original} unless {mutated}) or ({mutated} unless {original}) or {original} != {mutated})",
            "labels": {"mutant": str(number)},
        }
