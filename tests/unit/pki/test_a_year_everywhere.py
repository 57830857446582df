"""A year on a healthy host of each distribution, with the whole layout of its preset: nobody is paged or warned."""

import io
import json
from pathlib import Path

import pytest

from kubepki.commands.check import check
from kubepki.config.commands import Command
from kubepki.config.flags import Invocation
from kubepki.judgement.evaluate import evaluate
from kubepki.model import Reading, Severity
from kubepki.pki.scan import Scanner
from kubepki.settings import ClockSettings, ScanSettings, Settings, StateSettings
from tests.support.pki import DAY
from tests.support.scenarios import NOW
from tests.support.year import HABITS, YearlyHost
from tests.unit.config.test_preset_layouts import LAYOUTS

DAYS = 365
# `check` is asked that often; each day is judged.
EVERY = 182


def is_own_pair(path: str | None) -> bool:
    """Return whether it is the kubelet's own pair, which nobody renews."""
    return (path or "").endswith("/kubelet/pki/kubelet.crt")


def checked(host: YearlyHost, root: Path, moment: float) -> list[tuple[str, str]]:
    """Return what `check --at` finds, but for the kubelet's own pair."""
    settings = Settings(
        pki=host.settings,
        clock=ClockSettings(apiserver=False),
        state=StateSettings(directory=str(root / "state")),
    )
    out = io.StringIO()
    check(Invocation(command=Command.CHECK, settings=settings, json=True, at=moment), out=out)
    said = json.loads(out.getvalue())
    assert said["paths"]
    found = [each for each in said["findings"] if each["severity"] != "info" and not is_own_pair(each["path"])]
    return [(each["code"], each["path"]) for each in found]


@pytest.mark.parametrize("name", HABITS)
def test_a_year_without_a_page(name: str, tmp_path: Path) -> None:
    """Each day by the judgement that rules and service share, and three times through `check --at`."""
    root = tmp_path / "host"
    host = YearlyHost(name, LAYOUTS[name], root)
    scanner = Scanner(host.settings, ScanSettings())
    snapshot = scanner.scan().snapshot
    assert len([state for state in snapshot.paths if state.certificates]) >= len(LAYOUTS[name]) - 1
    for number in range(DAYS):
        now = NOW + number * DAY
        if host.day(number):
            snapshot = scanner.scan().snapshot
        found = evaluate(snapshot, Reading(host_time=now + 1, synchronized=True))
        loud = [each for each in found if each.severity is not Severity.INFO]
        assert not [each for each in loud if not is_own_pair(each.path) or each.severity is Severity.CRITICAL], number
        if number % EVERY == 0:
            assert checked(host, tmp_path, now + 1) == [], number


def test_every_preset_has_its_year() -> None:
    """A new one comes with what renews it."""
    assert set(HABITS) == set(LAYOUTS)
