"""Imports point downwards only, and pure modules stay pure: read from the syntax trees."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import kubepki

PACKAGE = Path(kubepki.__file__).parent
TREES = {path.stem: ast.parse(path.read_text()) for path in sorted(PACKAGE.glob("*.py"))}
IMPURE = {"os", "time", "logging", "threading", "watchdog"}


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names of all that a module imports, also within functions and for types only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(tree: ast.Module) -> set[str]:
    """Return the modules of ours that a module imports."""
    parts = [name.split(".") for name in imported(tree)]
    return {name[1] for name in parts if name[0] == "kubepki" and len(name) > 1 and name[1] in TREES}


def is_pure(tree: ast.Module) -> bool:
    """Return whether the module's docstring says that it is pure, without a but."""
    return re.search(r"\bpure\b(?! but)", ast.get_docstring(tree) or "", re.IGNORECASE) is not None


OWN = {name: own(tree) for name, tree in TREES.items()}
TOPS = {name: {each.split(".")[0] for each in imported(tree)} for name, tree in TREES.items()}
PURE = sorted(name for name, tree in TREES.items() if is_pure(tree))


def reachable_pure() -> set[str]:
    """Return the modules that import nothing impure, directly or through others."""
    clean = {name for name in TREES if TOPS[name].isdisjoint(IMPURE)}
    while (still := {name for name in clean if OWN[name] <= clean}) != clean:
        clean = still
    return clean


CLEAN = reachable_pure()


def test_no_cycle() -> None:
    """The imports, those within functions included, can be put into one order from the bottom up."""
    try:
        tuple(TopologicalSorter(OWN).static_order())
    except CycleError as error:
        pytest.fail(f"the imports go in a circle: {error.args[1]}")


def test_the_top_is_imported_by_nobody() -> None:
    """The command line and the service are the ends of all arrows."""
    importers = {top: {name for name, names in OWN.items() if top in names} for top in ("cli", "service")}
    assert importers == {"cli": {"__main__"}, "service": {"cli"}}


def test_there_are_pure_modules() -> None:
    """The test below looks at something."""
    assert {"evaluate", "collector", "families", "parse", "publish", "snapshots", "states"} <= set(PURE)


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_touches_nothing(name: str) -> None:
    """It imports neither the machine nor a module of ours that does."""
    assert TOPS[name] & IMPURE == set()
    assert OWN[name] - CLEAN == set()
