"""The journal tells each change once."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kubepki.clocks.steps import Step
from kubepki.judgement.belief import believe
from kubepki.metrics.collector import link_families
from kubepki.model import Snapshot
from kubepki.pki.scan import Scanner
from kubepki.service.journal import MAX_LINES_A_MINUTE, Journal
from kubepki.settings import PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, LEAD, NEW, NOW, OLD, install, looking_at, node, reading, write

Lines = Callable[[], list[str]]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Return a function that returns and forgets the lines so far: level, message and fields."""
    monkeypatch.setattr(logging.getLogger("kubepki"), "propagate", True)
    caplog.set_level(logging.DEBUG, logger="kubepki")

    def take() -> list[str]:
        found = []
        for record in caplog.records:
            fields = " ".join(f"{key}={value}" for key, value in getattr(record, "fields", {}).items())
            found.append(f"{record.levelname} {record.getMessage()} {fields}".strip())
        caplog.clear()
        return found

    return take


def look(settings: PkiSettings) -> Snapshot:
    return Scanner(settings, ScanSettings()).scan().snapshot


def test_a_healthy_node_is_silent(tmp_path: Path, lines: Lines) -> None:
    """Nothing to tell at the start, and nothing later."""
    directory = tmp_path / "pki"
    node(directory, OLD, NEW)
    journal = Journal()
    for _ in range(2):
        journal.tell_changes(look(looking_at(directory)), reading())
    assert lines() == []


def test_a_fault_is_told_when_it_appears_and_when_it_clears(tmp_path: Path, lines: Lines) -> None:
    """Once each, with path, reason and what to do."""
    directory = tmp_path / "pki"
    node(directory, OLD, NEW)
    target = (directory / CLIENT).resolve()
    data = target.read_bytes()
    journal = Journal()
    write(target, b"", NEW)
    for _ in range(3):
        journal.tell_changes(look(looking_at(directory)), reading())
    (line,) = lines()
    assert line.startswith(f"ERROR fault appeared path={directory / CLIENT} reason=empty")
    assert "action=" in line
    write(target, data, NEW)
    journal.tell_changes(look(looking_at(directory)), reading())
    assert f"INFO fault cleared path={directory / CLIENT} reason=empty" in lines()


def test_a_superseded_fault_is_no_alarm(tmp_path: Path, lines: Lines) -> None:
    """What a power cut left of an old file is told for information, without an action."""
    directory = tmp_path / "pki"
    node(directory, OLD, NEW)
    (directory / "kubelet-client-2020-01-01-00-00-00.pem").write_bytes(b"")
    Journal().tell_changes(look(looking_at(directory)), reading())
    (line,) = lines()
    assert line.startswith("INFO fault appeared")
    assert "action=" not in line


def test_a_rotation_into_the_future_names_the_fallback(tmp_path: Path, lines: Lines) -> None:
    """One line for the link, one for the finding; the finding clears when true time has reached NotBefore."""
    directory = tmp_path / "pki"
    ca = node(directory, OLD)
    old = (directory / CLIENT).resolve()
    journal = Journal()
    journal.tell_changes(look(looking_at(directory)), reading())
    install(directory, pki.client(ca, not_before=NOW + LEAD), NOW - 1)
    snapshot = look(looking_at(directory))
    for _ in range(2):
        journal.tell_changes(snapshot, reading())
    moved, found = lines()
    assert moved.startswith(f"INFO link moved path={directory / CLIENT}")
    assert f"previous={old}" in moved
    assert found.startswith("ERROR not valid for another 2 h 11 min")
    assert f"fallback={old}" in found
    journal.tell_changes(snapshot, reading(now=NOW + LEAD + 1, last_synchronized=NOW))
    assert lines() == [f"INFO finding cleared finding=certificate_not_yet_valid path={directory / CLIENT}"]


def test_a_step_back_tells_what_it_means(tmp_path: Path, lines: Lines) -> None:
    """One line: how far, how long the certificate is in the future, what the API server does, and the fallback."""
    directory = tmp_path / "pki"
    node(directory, OLD, NOW + LEAD + 300)
    stepped = replace(reading(), steps=1, last_step=-LEAD, last_step_time=NOW)
    Journal().tell_step(Step(size=-LEAD, host_time=NOW), look(looking_at(directory)), stepped)
    (line,) = lines()
    assert line.startswith("WARNING the wall clock was stepped back by 2 h 11 min: the current certificate")
    assert "which begins at 2026-04-11 02:11:00 UTC, is not valid for another 2 h 11 min by this host's clock" in line
    assert "the API server rejects it now; the fallback is /" in line


def test_a_step_says_nothing_of_an_api_server_that_was_not_read(tmp_path: Path, lines: Lines) -> None:
    """Neither that it answers 401, nor, of a host that is back in 1970, that the certificate is from the future."""
    directory = tmp_path / "pki"
    node(directory, OLD, NOW + LEAD + 300)
    snapshot = look(looking_at(directory))
    for now, words in (
        (reading(apiserver=None), "is not valid for another 2 h 11 min by this host's clock; the fallback is /"),
        (reading(apiserver=LEAD + 60), "; the API server accepts it only until its own clock, which is ahead, is corr"),
        (
            replace(reading(apiserver=None), host_time=8.0, synchronized=False, earliest=NOW),
            "alone: the host is behind",
        ),
    ):
        Journal().tell_step(Step(size=-LEAD, host_time=now.host_time), snapshot, now)
        (line,) = lines()
        assert words in line
        assert "401" not in line
        assert "rejects" not in line


@pytest.mark.parametrize("life", [4 * pki.HOUR, pki.YEAR])
def test_the_fallback_is_that_of_the_metrics(tmp_path: Path, lines: Lines, life: float) -> None:
    """Also of certificates that live for hours, where nothing confirms the time."""
    directory = tmp_path / "pki"
    node(directory, NOW - 0.6 * life, NOW + LEAD + 300, lifetime=life)
    snapshot = look(looking_at(directory))
    unsure = reading(synchronized=False, last_synchronized=None)
    Journal().tell_changes(snapshot, unsure)
    told = {line.partition("fallback=")[2].split(" ")[0] for line in lines() if "fallback=" in line}
    shown = {
        sample.labels["fallback"]
        for family in link_families(snapshot, unsure, believe(snapshot, unsure))
        for sample in family.library().samples
        if sample.name == "kubepki_fallback_info"
    }
    assert told == shown
    assert len(shown) == 1


def test_a_step_that_hurts_nothing_says_so(tmp_path: Path, lines: Lines) -> None:
    """A step forward on a healthy node is one line too."""
    directory = tmp_path / "pki"
    node(directory, OLD, NEW)
    Journal().tell_step(Step(size=90.0, host_time=NOW), look(looking_at(directory)), reading())
    (line,) = lines()
    assert "stepped forward by 1 min 30 s: all current certificates have begun to be valid" in line


def test_many_changes_at_once_are_told_within_a_bound(tmp_path: Path, lines: Lines) -> None:
    """The worst first, the rest in one line a minute later; and what the limits leave out, once."""
    directory = tmp_path / "pki"
    node(directory, OLD, NEW)
    for number in range(3 * MAX_LINES_A_MINUTE):
        (directory / f"{number}.crt").symlink_to("absent")
    moment = [0.0]
    journal = Journal(now=lambda: moment[0])
    snapshot = look(looking_at(directory))
    journal.tell_changes(snapshot, reading())
    told = lines()
    assert len(told) == MAX_LINES_A_MINUTE
    moment[0] = 61.0
    journal.tell_changes(snapshot, reading())
    (line,) = lines()
    assert line.startswith("WARNING ")
    assert f"more than {MAX_LINES_A_MINUTE} changes in a minute" in line
    paths = tuple(replace(state, omitted=7) if state.link else state for state in snapshot.paths)
    for _ in range(2):
        journal.tell_changes(replace(snapshot, paths=paths), reading())
    (line,) = lines()
    assert "not told of" in line
    journal.tell_changes(snapshot, reading())
    assert lines() == ["INFO all certificates are told of again"]
