"""Looks at scenarios that are the same on each run, for golden outputs."""

import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from kubepki.commands.diagnosis import Look
from kubepki.judgement.evaluate import evaluate
from kubepki.model import Certificate, Reading
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support.scenarios import Scenario

T = TypeVar("T")


def look_at(scenario: Scenario, root: Path, reading: Reading | None = None) -> Look:
    """Return the look at *scenario*, built below *root*, by its own clocks or by *reading*."""
    result = Scanner(scenario.build(root), ScanSettings()).scan(
        frozenset(str(root / each) for each in scenario.remembered)
    )
    judged = reading or scenario.reading
    return Look(
        snapshot=result.snapshot,
        reading=judged,
        findings=evaluate(result.snapshot, judged),
        issued=result.issued,
    )


def golden_look(scenario: Scenario, root: Path) -> Look:
    """Return `look_at` with */node* for *root*, and with one serial and one fingerprint for all certificates."""
    seen = look_at(scenario, root)
    issued = None if seen.issued is None else {moved(path, root): said for path, said in seen.issued.items()}
    return replace(seen, snapshot=moved(seen.snapshot, root), findings=moved(seen.findings, root), issued=issued)


def moved(value: T, root: Path) -> T:
    """Return *value*, a tree of dataclasses and tuples, with */node* in place of *root* in each text."""
    return cast("T", _moved(value, root))


def _moved(value: Any, root: Path) -> Any:  # noqa: ANN401 - any part of the tree
    if type(value) is str:
        # A signature's length varies by a byte or two, and so does a file's.
        return re.sub(r"\d+ bytes", "N bytes", value.replace(str(root), "/node"))
    if isinstance(value, tuple):
        return tuple(_moved(each, root) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: _moved(getattr(value, each.name), root) for each in fields(value)}
        if isinstance(value, Certificate):
            changed |= {"serial": "0A", "fingerprint_sha256": "0" * 64}
        return replace(value, **changed)
    return value
