"""The choice of link and file, without any disk but the scenarios'."""

import subprocess
from pathlib import Path

import pytest

from kubepki.commands.hands import Hands
from kubepki.commands.outcome import settle_the_time, todos
from kubepki.commands.plan import Plan, Refusal, choose_link, make_plan
from kubepki.commands.report import report
from kubepki.commands.rollback_report import refusal_text
from kubepki.commands.terminal import Style
from kubepki.judgement.evaluate import Code
from kubepki.model import Reading
from tests.support.looks import look_at
from tests.support.scenarios import CLIENT, NOW, SCENARIOS, Scenario, reading

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
REPAIRED = {Code.CERTIFICATE_FUTURE_DATED, Code.CERTIFICATE_NOT_YET_VALID, Code.CERTIFICATE_EXPIRED, Code.PATH_BROKEN}
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each_scenario
def test_the_report_offers_what_would_be_done(scenario: Scenario, tmp_path: Path) -> None:
    """The diagnosis proposes `rollback --apply` exactly where a plan for the worst finding's link exists."""
    seen = look_at(scenario, tmp_path)
    offered = "rollback --apply" in report(seen, Style(), Hands())
    worst = seen.findings[0].path if seen.findings else None
    plan = make_plan(seen, worst) if worst else None
    assert offered == isinstance(plan, Plan)


@each_scenario
def test_a_plan_has_a_complaint(scenario: Scenario, tmp_path: Path) -> None:
    """No link is repaired without a finding that another file repairs."""
    seen = look_at(scenario, tmp_path)
    chosen = choose_link(seen, None)
    plan = chosen if isinstance(chosen, Refusal) else make_plan(seen, chosen)
    if isinstance(plan, Plan):
        assert {finding.code for finding in plan.findings} <= REPAIRED
        assert plan.findings
        assert plan.target != plan.old_target


def test_a_host_that_is_alone_repairs_nothing(tmp_path: Path) -> None:
    """One clock that nothing confirms is no ground for a repair; what was asked is told."""
    seen = look_at(BY_NAME["incident_all_corrected"], tmp_path, reading(synchronized=False, apiserver=None))
    refused = make_plan(seen, str(tmp_path / "pki" / CLIENT))
    assert isinstance(refused, Refusal)
    assert refused.needs_a_time
    assert "only this host's clock could be read, and nothing confirms it" in refused.why


def test_each_clock_must_agree(tmp_path: Path) -> None:
    """A fallback that the API server's clock finds expired is passed over, and the reason says whose clock."""
    seen = look_at(BY_NAME["incident_all_corrected"], tmp_path, reading(apiserver=100 * 86_400.0, host=0.0))
    assert isinstance(make_plan(seen, str(tmp_path / "pki" / CLIENT)), Refusal)
    other = tmp_path / "other"
    other.mkdir()
    seen = look_at(BY_NAME["incident_all_corrected"], other, reading(apiserver=-400 * 86_400.0))
    refusal = make_plan(seen, str(other / "pki" / CLIENT))
    assert isinstance(refusal, Refusal)
    assert "by the API server's clock" in refusal.passed_over[0][1][0]


def test_several_links(tmp_path: Path) -> None:
    """Of several links the ailing one is chosen, else the client's."""
    seen = look_at(BY_NAME["healthy_server_current"], tmp_path)
    assert choose_link(seen, None) == str(tmp_path / "pki" / CLIENT)
    assert isinstance(choose_link(seen, "/elsewhere"), Refusal)


def test_no_rollback_during_a_rotation(tmp_path: Path) -> None:
    """The diagnosis does not propose what would be refused."""
    seen = look_at(BY_NAME["interrupted_rotation"], tmp_path)
    texts = [todo.text for todo in todos(seen.findings[0], seen, Hands())]
    assert any("a rotation was interrupted" in text for text in texts)


@pytest.mark.parametrize("word", ["/a b/c.pem", "it's", "caf\udce9.pem", "ß\n", "\\x"])
def test_commands_are_exact(word: str) -> None:
    """A shell reads back the very bytes of a file name."""
    line = Hands(root=True).command("printf", "%s", word)
    assert line.isascii()
    done = subprocess.run(["bash", "-c", line], check=True, capture_output=True)
    assert done.stdout == word.encode("utf-8", "surrogateescape")


def test_without_a_time_nothing_is_planned(tmp_path: Path) -> None:
    """Two weak clocks contradict each other: refused, with what they said; a given time settles it."""
    scenario = next(each for each in SCENARIOS if each.name == "incident_node_ahead_api_server_right")
    seen = look_at(scenario, tmp_path)
    link = str(tmp_path / "pki" / CLIENT)
    refused = make_plan(seen, link)
    assert isinstance(refused, Refusal)
    text = refusal_text(refused, seen, Style(), Hands())
    assert "not synchronized" in text
    assert "2 h 12 min behind the host" in text
    assert f"rollback --at=TIME {link}" in text
    assert "2 h 12 min ahead of the API server's clock" in refused.why
    assert refused.needs_a_time
    (tmp_path / "again").mkdir()
    given = look_at(scenario, tmp_path / "again", Reading(host_time=NOW, given=True))
    assert isinstance(make_plan(given, str(tmp_path / "again" / "pki" / CLIENT)), Plan)


def test_a_question_about_paths_is_asked_again_about_them(tmp_path: Path) -> None:
    """The printed line carries the operands of the command that printed it, quoted."""
    scenario = next(each for each in SCENARIOS if each.name == "incident_node_ahead_api_server_right")
    link = str(tmp_path / "pki" / CLIENT)
    asked = settle_the_time(look_at(scenario, tmp_path), Hands(paths=(link, "/a b")))
    assert asked.commands == (f"kubepki-exporter check --at=TIME {link} '/a b'",)
