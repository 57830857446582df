"""The rooms of the package: imports point from a room to rooms below it only, and pure rooms stay pure."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import kubepki

PACKAGE = Path(kubepki.__file__).parent
IMPURE = {"os", "time", "logging", "threading", "watchdog"}
GROUND = {"model", "texts", "settings", "logs"}

# Who may import whom, the top floor first. A name is a room, a module of the ground, or one module of a room.
MAY_IMPORT: dict[str, set[str]] = {
    "__main__": {"cli"},
    "cli": {"commands", "service", "config", *GROUND},
    "commands": {
        "disk",
        "rules",
        "service",
        "clocks",
        "web",
        "pki",
        "metrics",
        "config",
        "judgement",
        "formats",
        "watch",
        *GROUND,
    },
    "service": {"disk", "clocks", "web", "pki", "metrics", "config", "judgement", "formats", "watch", *GROUND},
    "clocks": {"pki.apiserver", "disk.own", "config", *GROUND},
    "web": {"metrics", "disk.own", "config", *GROUND},
    "pki": {"disk", "formats", "config", *GROUND},
    "metrics": {"judgement", "model", "texts"},
    "rules": {"config", "settings", "model", "texts"},
    "config": {"disk.own", "settings", "model", "texts"},
    "judgement": {"model", "texts"},
    "formats": {"model", "texts"},
    "watch": {"disk", "logs"},
    "disk": {"model", "texts", "settings", "logs"},
    "logs": {"model", "texts", "settings"},
    "settings": {"model", "texts"},
    "model": set(),
    "texts": set(),
    "__init__": set(),
}
PURE_ROOMS = ("formats", "judgement", "metrics", "rules")
PURE_REPORTS = (
    "diagnosis",
    "evidence",
    "hands",
    "outcome",
    "prospect",
    "verdict",
    "report",
    "report_json",
    "rollback_report",
    "plan",
)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One import: from a module, of a dotted name, in a line."""

    module: str
    name: str
    line: int


def module_name(path: Path) -> str:
    """Return `room.module` of a file of the package, `room` of its `__init__`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


TREES = {module_name(path): ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}


def arrows(module: str) -> Iterator[Arrow]:
    """Yield all that a module imports, also within functions and for types only."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (Arrow(module, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (Arrow(module, f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def target(arrow: Arrow) -> str | None:
    """Return the module of ours that an arrow points at, None for one of others or for a name of the package."""
    parts = arrow.name.split(".")
    if parts[0] != "kubepki":
        return None
    names = (".".join(parts[1 : 1 + depth]) for depth in (2, 1))
    return next((name for name in names if name in TREES), None)


def room(module: str) -> str:
    """Return the room of a module, or the module itself where it stands at the top."""
    return module.split(".", maxsplit=1)[0]


def complaint(arrow: Arrow, pointed: str) -> str | None:
    """Return what is wrong with an arrow, with both names and the line."""
    if room(arrow.module) == room(pointed):
        return None
    allowed = MAY_IMPORT[room(arrow.module)]
    if room(pointed) in allowed or pointed in allowed:
        return None
    return f"{arrow.module} line {arrow.line} imports {pointed}: {room(arrow.module)} may not import {room(pointed)}"


OWN = {name: {pointed for arrow in arrows(name) if (pointed := target(arrow))} for name in TREES}


def reaches(module: str) -> set[str]:
    """Return the modules of ours that importing *module* brings along, itself included."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(OWN[name])
    return seen


def test_every_module_stands_in_a_room() -> None:
    """The table knows every folder and every module at the top."""
    assert {room(name) for name in TREES} == set(MAY_IMPORT)


def test_each_room_says_what_lives_in_it() -> None:
    """A room opens with its law and holds nothing else: it re-exports nothing."""
    for name in {room(name) for name in TREES if "." in name}:
        assert ast.get_docstring(TREES[name]), name
        assert len(TREES[name].body) == 1, f"kubepki.{name} holds more than its docstring"


def test_arrows_point_to_rooms_below() -> None:
    """No room imports one that the table does not give it."""
    wrong = [
        text
        for name in TREES
        for arrow in arrows(name)
        if (pointed := target(arrow)) and (text := complaint(arrow, pointed))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_cycle() -> None:
    """The imports, those within functions included, can be put into one order from the bottom up."""
    try:
        tuple(TopologicalSorter(OWN).static_order())
    except CycleError as error:
        pytest.fail(f"the imports go in a circle: {error.args[1]}")


@pytest.mark.parametrize(
    "name",
    sorted(name for name in TREES if room(name) in PURE_ROOMS) + [f"commands.{name}" for name in PURE_REPORTS],
)
def test_a_pure_module_touches_nothing(name: str) -> None:
    """It imports neither the machine nor a module of ours that does."""
    impure = [
        f"{arrow.module} line {arrow.line} imports {arrow.name}"
        for module in reaches(name)
        for arrow in arrows(module)
        if arrow.name.split(".")[0] in IMPURE
    ]
    assert not impure, "\n".join(impure)
