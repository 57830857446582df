"""What the rules remember over a lost scrape, and what they do not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rules.sick_hosts import EXPECTED, sick_hosts
from tests.rules.test_consistency import RULES
from tests.rules.timelines import Timeline, Values, judge

Find = Callable[[str], Path]
INTERVALS = [(5, 15), (15, 15), (15, 30), (30, 30), (60, 60), (120, 60)]
CERTIFICATE = {"entry": "0", "standing": "current", "usage": "client"}
HEAL = 20 * 60
"""Long enough for the slowest `for` of what is looked at here."""


def until(second: int, before: float | None, after: float | None) -> Values:
    """Return a value that changes once."""
    return lambda now: before if now < second else after


def sick_until(line: Timeline, heal: int) -> list[dict[str, str]]:
    """Return a host on which everything is wrong until a second, and nothing from then on."""
    future = 90_000
    return [
        *line.host(),
        line.series(
            "kubepki_certificate_not_after_timestamp_seconds",
            {"path": "/expired", **CERTIFICATE},
            until(heal, -60, 90_000_000),
        ),
        line.series(
            "kubepki_certificate_not_before_timestamp_seconds",
            {"path": "/future", **CERTIFICATE},
            until(heal, future, -future),
        ),
        line.series(
            "kubepki_certificate_not_before_offset_seconds",
            {"path": "/future", **CERTIFICATE},
            lambda now: (future if now < heal else -future) - now,
        ),
        line.series("kubepki_reference_clock_offset_seconds", {"clock": "apiserver"}, lambda _: 0),
        line.series(
            "kubepki_fault", {"path": "/empty", "standing": "current", "reason": "empty"}, until(heal, 1, None)
        ),
        line.series("kubepki_symlink_target_age_seconds", {"path": "/link"}, until(heal, -9000, 9000)),
        line.series("kubepki_watch_up", {"path": "/pki"}, until(heal, 0, 1)),
    ]


SICK = {
    "KubePKICertificateExpired": 1,
    "KubePKICertificateNotYetValid": 1,
    "KubePKIPathBroken": 1,
    "KubePKISymlinkTargetFutureDated": 1,
    "KubePKIWatchDegraded": 1,
}
ANY = 'ALERTS{alertname!="KubePKIExporterDown"}'
FIRING = 'ALERTS{alertname!="KubePKIExporterDown", alertstate="firing"}'


@pytest.mark.parametrize(("scrape", "evaluate"), INTERVALS)
def test_what_has_healed_stays_healed(program: Find, tmp_path: Path, scrape: int, evaluate: int) -> None:
    """A scrape that is lost after the repair brings no alert back, at any interval."""
    step = max(scrape, evaluate)
    lost = HEAL // scrape + max(2, 60 // scrape)
    line = Timeline(scrape=scrape, evaluate=evaluate, end=HEAL + 900, lost=frozenset({lost}))
    after = range(HEAL + step, HEAL + 600, evaluate)
    expected = {(FIRING, HEAL - step): SICK} | {(ANY, second): {} for second in after if second % evaluate == 0}
    judge(program("promtool"), RULES / "kubepki.rules.yml", line.test(sick_until(line, HEAL), expected), tmp_path)


@pytest.mark.parametrize(("scrape", "evaluate"), INTERVALS)
def test_a_lost_scrape_does_not_resolve(program: Find, tmp_path: Path, scrape: int, evaluate: int) -> None:
    """While scrapes are lost, for up to five minutes, all that was wrong stays; the repair ends it at once."""
    step = max(scrape, evaluate)
    first, last = (HEAL - 480) // scrape, (HEAL - 180) // scrape
    line = Timeline(scrape=scrape, evaluate=evaluate, end=HEAL + 300, lost=frozenset(range(first, last)))
    gap = range(HEAL - 480, HEAL, evaluate)
    # Before, `for` has to be over everywhere: the watch has the slowest with 15 minutes.
    firing = SICK | {"KubePKIWatchDegraded": 1}
    fast = {name: count for name, count in firing.items() if name != "KubePKIWatchDegraded"}
    selector = 'ALERTS{alertname!~"KubePKIExporterDown|KubePKIWatchDegraded", alertstate="firing"}'
    expected = {(selector, second): fast for second in gap} | {(ANY, HEAL + step): {}}
    judge(program("promtool"), RULES / "kubepki.rules.yml", line.test(sick_until(line, HEAL), expected), tmp_path)


# Each evaluation interval with scrapes that are much faster, as fast and much slower.
MATRIX = [(scrape, evaluate) for evaluate in (15, 30, 60) for scrape in (5, 30, 120)]


@pytest.mark.parametrize(("scrape", "evaluate"), MATRIX)
def test_each_kind_fires_once(program: Find, tmp_path: Path, scrape: int, evaluate: int) -> None:
    """Five minutes of lost scrapes neither resolve an alert nor restart its wait; one lost later revives none."""
    step = max(scrape, evaluate)
    first, last = (HEAL - 600) // scrape, (HEAL - 300) // scrape
    lost = {*range(first, last), HEAL // scrape + max(2, 60 // scrape)}
    line = Timeline(scrape=scrape, evaluate=evaluate, end=HEAL + 600, lost=frozenset(lost))
    told = 'ALERTS{alertname!="KubePKIExporterDown"}'
    while_lost = {(told, second): EXPECTED for second in range(HEAL - 600, HEAL - step, evaluate)}
    after: dict[tuple[str, int], dict[str, int]] = {
        (told, second): {} for second in range(HEAL + step, HEAL + 600, evaluate) if second % evaluate == 0
    }
    expected = while_lost | {(FIRING, HEAL - step): EXPECTED} | after
    judge(program("promtool"), RULES / "kubepki.rules.yml", line.test(sick_hosts(line, HEAL), expected), tmp_path)
