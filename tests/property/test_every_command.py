"""Advice is executed: each command that a page, a runbook or our own output names.

All are parsed, and those of `check` and `rollback` are typed in the state that they stand for. One that is refused
where its text promises a repair fails.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubepki.config.flags import load
from kubepki.config.parser import parse_arguments
from tests.conftest import ROOT
from tests.support.scenarios import CLIENT, LEAD, NOW, SCENARIOS, Scenario
from tests.support.typed import flags_of, own_words, printed, typed

GOLDEN = sorted((ROOT / "tests" / "golden").rglob("*.txt"))
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *RUNBOOKS])
RULES = "rules/kubepki.rules.yml"
TEMPLATE = "rules/templates/kubepki.tmpl"
# In sentences a command ends with its quotes; in a block of its own with its line.
_QUOTED = re.compile(r'[`"(](?:sudo )?(kubepki-exporter [a-z][^`"\n()]*)')
_FENCED = re.compile(r"^```(?:sh|console|bash|text)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = "/var/lib/kubelet/pki/kubelet-client-current.pem"
_TIME = "2026-04-11T00:00:00Z"
# A page writes its own time, and its path as one word of the shell.
_TIME_OF_A_PAGE, _PATH_OF_A_PAGE = r"\{\{ ?\$now ?\}\}", r"\{\{ ?\$word ?\}\}"
_STOOD_FOR = {
    _TIME_OF_A_PAGE: _TIME,
    _PATH_OF_A_PAGE: _LINK,
    r"\bTIME\b": _TIME,
    r"\bPATH\b": _LINK,
    r"\bFILE\b": "/var/lib/file",
    r"\bDIRECTORY\b": "/var/lib/kubelet/pki",
    r"\bHOST:PORT\b": "127.0.0.1:1",
}
# What a word of a sentence may follow a command's name with.
_PROSE = re.compile(r"^(check|rollback|forget)( (?!-|/|PATH|TIME)[a-z].*)?$")
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
AHEAD = NOW + LEAD + 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state in which a text is read: the scenario on the disk, and what the host's clock says."""

    scenario: str
    now: float = NOW


# The state in which each text that promises a repair is read.
STATES = {
    "KubePKICertificateFutureDated": (State(scenario="incident_all_clocks_ahead", now=AHEAD),),
    "KubePKICertificateNotYetValid": (
        State(scenario="incident_all_corrected"),
        State(scenario="incident_without_reference"),
    ),
    "KubePKICertificateExpired": (State(scenario="expired_with_fallback"),),
    "KubePKIPathBroken": tuple(
        State(scenario=name) for name in ("dangling", "empty", "no_certificate", "no_private_key", "key_mismatch")
    ),
}
CASES = [(name, state) for name, states in STATES.items() for state in states]


def stood_for(line: str) -> str:
    """Return *line* with something real for each word that stands for it."""
    for word, real in _STOOD_FOR.items():
        line = re.sub(word, real, line)
    return line


def commands_of(text: str) -> Iterator[str]:
    """Yield the commands of ours in *text*: in quotes, or on a line of a block; a synopsis is none."""
    blocks = [line.split("#")[0].strip() for block in _FENCED.findall(text) for line in block.splitlines()]
    lines = [line for line in blocks if line.removeprefix("sudo ").startswith("kubepki-exporter ")]
    for line in (*lines, *_QUOTED.findall(_FENCED.sub("", text))):
        if "[" not in line and "…" not in line and "..." not in line:
            yield re.split(r" [|>;&]", line)[0].strip().rstrip(".,:")


def annotations() -> dict[str, str]:
    """Return the description of each alert, the last of its name."""
    document: Any = yaml.safe_load((ROOT / RULES).read_text(encoding="utf-8"))
    rules = [rule for group in document["groups"] for rule in group["rules"] if "alert" in rule]
    return {rule["alert"]: rule["annotations"]["description"] for rule in rules}


def texts() -> Iterator[tuple[str, str]]:
    """Yield each page and each rule with the commands that it names."""
    for page in PAGES:
        yield from ((page.relative_to(ROOT).as_posix(), line) for line in commands_of(page.read_text(encoding="utf-8")))
    yield from ((TEMPLATE, line) for line in commands_of((ROOT / TEMPLATE).read_text(encoding="utf-8")))
    yield from ((f"{RULES} {name}", line) for name, text in annotations().items() for line in commands_of(text))
    for golden in GOLDEN:
        for words in printed(golden.read_text(encoding="utf-8")):
            yield golden.relative_to(ROOT).as_posix(), " ".join(["kubepki-exporter", *words])
    for line in (ROOT / "tests" / "golden" / "advice.txt").read_text(encoding="utf-8").splitlines():
        yield from (("tests/golden/advice.txt", found) for found in commands_of(line))


EVERY = sorted(set(texts()))


def test_enough_is_found() -> None:
    """The crawler reads what is there."""
    places = {place.split("/")[0] for place, _ in EVERY}
    assert {"docs", "rules", "tests", "README.md"} <= places
    assert len(EVERY) > 60


@pytest.mark.parametrize(("place", "line"), EVERY)
def test_our_own_parser_takes_it(place: str, line: str) -> None:
    """Each command that is named anywhere is one."""
    words = own_words(stood_for(line))
    assert words is not None
    if place.startswith("docs") and _PROSE.match(" ".join(words)) and len(words) > 1:
        words = words[:1]
    parse_arguments(words)
    if place.startswith(("docs/runbooks", "rules", "tests")):
        load(words, {}, "/")


def rollbacks(text: str) -> list[list[str]]:
    """Return the words of each `rollback` that *text* tells to type, in its order."""
    found = (own_words(line) for line in commands_of(text))
    return [words for words in found if words and words[0] == "rollback"]


def type_in_order(commands: list[list[str]], state: State, root: Path) -> None:
    """Type *commands* in *state*: none is refused, and the last that applies leaves another file behind the link."""
    scenario = BY_NAME[state.scenario]
    flags = flags_of(scenario.build(root))
    link = root / "pki" / CLIENT
    before = link.readlink()
    assert commands
    for words in commands:
        line = re.sub(_PATH_OF_A_PAGE, str(link), re.sub(_TIME_OF_A_PAGE, _TIME, " ".join(words)))
        real = [re.sub(r"\bTIME\b", _TIME, str(link) if word == "PATH" else word) for word in line.split()]
        # After the first repair nothing is left to be repaired.
        if link.readlink() == before:
            status, said = typed("rollback", *flags, *real[1:], now=state.now)
            assert status == 0, f"{' '.join(real)}\n{said}"
            assert ("--apply" in real) == (link.readlink() != before)


@pytest.mark.parametrize(("name", "state"), CASES)
def test_the_runbook_repairs(name: str, state: State, tmp_path: Path) -> None:
    """The commands of a runbook, typed in its own state and order."""
    type_in_order(rollbacks((ROOT / "docs" / "runbooks" / f"{name}.md").read_text(encoding="utf-8")), state, tmp_path)


@pytest.mark.parametrize(("name", "state"), CASES)
def test_the_page_repairs(name: str, state: State, tmp_path: Path) -> None:
    """The command of the page, typed in the state that pages."""
    type_in_order(rollbacks(annotations()[name]), state, tmp_path)


def test_each_text_that_promises_a_repair_has_its_state() -> None:
    """A new runbook or page with a `rollback` in it is typed, too."""
    pages = {name for name, text in annotations().items() if rollbacks(text)}
    books = {book.stem for book in RUNBOOKS if rollbacks(book.read_text(encoding="utf-8"))}
    assert pages | books == set(STATES)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_check_and_rollback_print_is_no_dead_end(scenario: Scenario, tmp_path: Path) -> None:
    """Each further look that they ask for is given, and a refusal is told before and not after."""
    flags = flags_of(scenario.build(tmp_path))
    now = scenario.reading.host_time
    _, report = typed("check", *flags, now=now)
    texts_of = [report]
    shown = [words for words in printed(report) if words[0] == "rollback" and "--apply" not in words]
    texts_of += [typed(*words, now=now)[1] for words in shown]
    for text in texts_of:
        for words in printed(text):
            real = [re.sub(r"\bTIME\b", _TIME, word) for word in words]
            if "--apply" in real:
                # Typed in test_one_plan, which puts the link back.
                continue
            status, said = typed(*real, now=now)
            if real[0] == "check":
                assert status in {0, 1, 2}, said
            else:
                promised = "There is no rollback" not in text and "Nothing was changed" not in text
                assert status == 0 or (status == 1 and not promised), said


def test_the_whole_room_ahead_is_led_to_the_repair(tmp_path: Path) -> None:
    """Who types only what is printed, from `check` on, ends with another file behind the link: every clock is ahead."""
    scenario = BY_NAME["incident_all_clocks_ahead"]
    flags = flags_of(scenario.build(tmp_path))
    link = tmp_path / "pki" / CLIENT
    before = link.readlink()
    _, text = typed("rollback", *flags, str(link), now=AHEAD)
    (asked,) = [words for words in printed(text) if "--at=TIME" in words]
    _, plan = typed(*(word.replace("TIME", _TIME) for word in asked), now=AHEAD)
    (apply,) = [words for words in printed(plan) if "--apply" in words]
    assert typed(*apply, now=AHEAD)[0] == 0
    assert link.readlink() != before
