"""Run the mutants of all rules: `python -m tests.rules.mutation [--only TEXT] [--every N]`; 1 where one survives.

Prints each survivor that tests/rules/mutation/survivors.yaml does not justify, and what that list says too much.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT, find_program, why_missing
from tests.rules.mutation.groups import Group, groups_of
from tests.rules.mutation.mutants import Mutant, mutants
from tests.rules.mutation.reach import differing, loadable
from tests.rules.mutation.suite import Suite, fails

HERE = Path(__file__).resolve().parent
RULES = ROOT / "rules"
_PROCESSES = 2


def shipped() -> dict[str, Any]:
    """Return the rule file that is shipped."""
    document = yaml.load((RULES / "kubepki.rules.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    assert isinstance(document, dict)
    return document


def suite() -> Suite:
    """Return the tests that are shipped with the rules."""
    return Suite(shipped(), tuple(groups_of(RULES.glob("tests/*.test.yml"))))


def justified() -> dict[str, str]:
    """Return the sentence for each mutant that may survive."""
    document = yaml.safe_load((HERE / "survivors.yaml").read_text(encoding="utf-8")) or {}
    return {name: sentence for sentence, names in document.items() for name in names}


def survivors(promtool: Path, tests: Suite, some: Sequence[Mutant]) -> list[Mutant]:
    """Return those of *some* that no test notices; one that Prometheus does not load is noticed."""
    document = shipped()
    alive = loadable(promtool, document, [each for each in some if each.expr])
    with ThreadPoolExecutor(_PROCESSES) as pool:
        others = [each for each in some if not each.expr]
        unnoticed = list(pool.map(lambda each: _survives(promtool, tests, each), others))
        parts = sorted(tests.groups, key=lambda group: group.cost)
        for part in parts:
            asked = [each for each in alive if tests.cut(part, each.rule)]
            differ = differing(promtool, document, part, asked)
            shown = [each for each in asked if each.name in differ]
            noticed = pool.map(lambda each, part=part: _fails_in(promtool, tests, part, each), shown)
            dead = {each.name for each, fell in zip(shown, noticed, strict=True) if fell}
            alive = [each for each in alive if each.name not in dead]
    names = {each.name for each in alive} | {
        each.name for each, survived in zip(others, unnoticed, strict=True) if survived
    }
    return [each for each in some if each.name in names]


def _survives(promtool: Path, tests: Suite, mutant: Mutant) -> bool:
    with tempfile.TemporaryDirectory() as directory:
        return not tests.notices(promtool, mutant, Path(directory))


def _fails_in(promtool: Path, tests: Suite, part: Group, mutant: Mutant) -> bool:
    cut = tests.cut(part, mutant.rule)
    with tempfile.TemporaryDirectory() as directory:
        return cut is not None and bool(fails(promtool, mutant, [cut], Path(directory)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants and say which survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules.mutation", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutants whose name contains TEXT")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth mutant")
    chosen = parser.parse_args(arguments)
    promtool = find_program("promtool")
    if promtool is None:
        sys.stderr.write(f"promtool is not there: {why_missing('promtool')}\n")
        return 2
    every = list(mutants(shipped()))
    some = [mutant for mutant in every if chosen.only in mutant.name][:: chosen.every]
    allowed, tests, began = justified(), suite(), time.monotonic()
    found = [mutant.name for mutant in survivors(promtool, tests, some)]
    for name in found:
        if name not in allowed:
            sys.stdout.write(f"survived: {name}\n")
    stale = sorted({*allowed} - {mutant.name for mutant in every})
    killed_though_listed = sorted(
        {*allowed} & {mutant.name for mutant in some} - {*found},
    )
    for name in stale:
        sys.stdout.write(f"listed, but there is no such mutant: {name}\n")
    for name in killed_though_listed:
        sys.stdout.write(f"listed, but a test notices it: {name}\n")
    unjustified = [name for name in found if name not in allowed]
    sys.stdout.write(
        f"{len(some):,} mutants: {len(some) - len(found):,} killed, {len(found):,} survived, of which "
        f"{len(unjustified):,} are not justified; {time.monotonic() - began:.0f} s\n"
    )
    return 1 if unjustified or stale or killed_though_listed else 0


if __name__ == "__main__":
    sys.exit(main())
