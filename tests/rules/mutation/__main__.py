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
from tests.rules.mutation.mutants import Mutant, mutants
from tests.rules.mutation.suite import Suite, groups_of

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


def survives(promtool: Path, tests: Suite, mutant: Mutant) -> bool:
    """Return whether no test notices the mutant; one that Prometheus does not load is noticed."""
    with tempfile.TemporaryDirectory() as directory:
        return not tests.notices(promtool, mutant, Path(directory))


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
    survivors: list[str] = []
    with ThreadPoolExecutor(_PROCESSES) as pool:
        for mutant, alive in zip(some, pool.map(lambda each: survives(promtool, tests, each), some), strict=True):
            if alive:
                survivors.append(mutant.name)
                if mutant.name not in allowed:
                    sys.stdout.write(f"survived: {mutant.name}\n")
                    sys.stdout.flush()
    stale = sorted({*allowed} - {mutant.name for mutant in every})
    killed_though_listed = sorted(
        {*allowed} & {mutant.name for mutant in some} - {*survivors},
    )
    for name in stale:
        sys.stdout.write(f"listed, but there is no such mutant: {name}\n")
    for name in killed_though_listed:
        sys.stdout.write(f"listed, but a test notices it: {name}\n")
    unjustified = [name for name in survivors if name not in allowed]
    sys.stdout.write(
        f"{len(some):,} mutants: {len(some) - len(survivors):,} killed, {len(survivors):,} survived, of which "
        f"{len(unjustified):,} are not justified; {time.monotonic() - began:.0f} s\n"
    )
    return 1 if unjustified or stale or killed_though_listed else 0


if __name__ == "__main__":
    sys.exit(main())
