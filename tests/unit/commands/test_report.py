"""The text of `check`, compared with golden files and held to its rules."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from kubepki.commands.hands import Hands
from kubepki.commands.report import report
from kubepki.commands.terminal import Style, clean
from kubepki.commands.verdict import sentence, status, unread
from kubepki.model import ReferenceReading, Severity
from tests.support.looks import golden_look, look_at
from tests.support.scenarios import CLIENT, SCENARIOS, Scenario, reading

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "check"
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
SCREEN = 50


def compare(name: str, text: str) -> None:
    """Compare *text* with a golden file; with UPDATE_GOLDEN=1 write it."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} differs; UPDATE_GOLDEN=1 writes it"


@each_scenario
def test_golden(scenario: Scenario, tmp_path: Path) -> None:
    """Each scenario reads as it did."""
    compare(f"{scenario.name}.txt", report(golden_look(scenario, tmp_path), Style(), Hands()))


def test_no_golden_file_is_left_over() -> None:
    """Each golden file belongs to a scenario."""
    names = {scenario.name for scenario in SCENARIOS}
    assert {path.stem for path in GOLDEN.iterdir()} == names


@each_scenario
def test_rules_of_the_text(scenario: Scenario, tmp_path: Path) -> None:
    """The verdict comes first, lines fit where they can, ASCII is ASCII, colours add nothing but colour."""
    seen = golden_look(scenario, tmp_path)
    plain = report(seen, Style(), Hands())
    assert plain.split(":")[0] == status(seen).name.replace("_", " ")
    assert len(plain.splitlines()) <= SCREEN
    assert "\x1b" not in plain
    assert report(seen, Style(unicode=False), Hands()).isascii()
    coloured = report(seen, Style(colour=True), Hands())
    assert coloured != plain
    assert ANSI.sub("", coloured) == plain
    for line in report(seen, Style(width=60), Hands()).splitlines():
        assert len(line) <= 60 or line.startswith("    ") or max(map(len, line.split())) > 40


@each_scenario
def test_status_follows_the_findings(scenario: Scenario, tmp_path: Path) -> None:
    """The exit status is that of the worst finding."""
    seen = look_at(scenario, tmp_path)
    severities = {finding.severity for finding in seen.findings}
    expected = 2 if Severity.CRITICAL in severities else 1 if Severity.WARNING in severities else 0
    assert status(seen) == expected


def test_each_finding_is_told(tmp_path: Path) -> None:
    """What is not in the verdict is below it."""
    seen = golden_look(BY_NAME["strange_files"], tmp_path)
    text = report(seen, Style(), Hands())
    for finding in seen.findings:
        assert (finding.path or "").rpartition("/")[2].encode("utf-8", "surrogateescape").decode(
            "utf-8", "backslashreplace"
        ) in text


def test_commands_as_an_ordinary_user(tmp_path: Path) -> None:
    """Commands that need root begin with sudo for who is not, carry the flags, and are never wrapped."""
    seen = golden_look(BY_NAME["incident_all_corrected"], tmp_path)
    text = report(seen, Style(width=40), Hands(root=False, flags=("--config.file=/etc/a b.yml",)))
    command = (
        f"sudo kubepki-exporter rollback '--config.file=/etc/a b.yml' --apply --restart-kubelet /node/pki/{CLIENT}"
    )
    assert f"    {command}\n" in text


def test_the_api_server_speaks(tmp_path: Path) -> None:
    """'Rejected now' is said where the API server's clock agrees, and only there."""
    scenario = BY_NAME["incident_all_corrected"]
    assert "the API server rejects it now" in " ".join(report(look_at(scenario, tmp_path), Style(), Hands()).split())
    other = tmp_path / "other"
    other.mkdir()
    alone = look_at(scenario, other, reading(apiserver=None))
    assert "rejects it now" not in report(alone, Style(), Hands())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("\x1b[31mred\n", "\\x1b[31mred\\x0a"), ("caf\udce9", "caf\\xe9"), ("a → b", "a -> b"), ("ß", "\\xdf")],
)
def test_file_names_cannot_move_the_cursor(text: str, expected: str) -> None:
    """What is not printable is written out."""
    assert clean(text, Style(unicode=False)) == expected


def test_nothing_is_unread_without_a_fault(tmp_path: Path) -> None:
    """A host whose files can all be read has nothing to say about that."""
    assert unread(look_at(BY_NAME["healthy"], tmp_path)) == ()


@pytest.mark.parametrize(
    ("clocks", "words"),
    [
        pytest.param({}, "", id="synchronized"),
        pytest.param(
            {"synchronized": False, "last_synchronized": None, "apiserver": None},
            "by this host's clock alone",
            id="alone",
        ),
        pytest.param({"synchronized": None, "apiserver": None}, "by this host's clock alone", id="nobody-knows"),
        pytest.param(
            {"synchronized": False, "last_synchronized": None},
            "by clocks that nothing from outside confirms",
            id="ahead-together-perhaps",
        ),
        pytest.param({"synchronized": False, "last_synchronized": None, "outside": 0.0}, "", id="outside-confirms"),
    ],
)
def test_healthy_says_by_whose_clock(clocks: dict[str, float | None], words: str, tmp_path: Path) -> None:
    """All is well by the clocks that were read: where none of them vouches for itself, the verdict says so."""
    outside = clocks.pop("outside", None)
    said = reading(**{"synchronized": True, **clocks})  # type: ignore[arg-type]
    if outside is not None:
        said = replace(said, references=(*said.references, ReferenceReading(clock="ntp/time", up=True, offset=outside)))
    seen = look_at(BY_NAME["healthy"], tmp_path, said)
    assert status(seen).name == "HEALTHY"
    left, _, whose = sentence(seen).partition(" d 23 h")
    assert "1 certificate is as it should be" in left
    assert whose == (f", {words}" if words else "")
