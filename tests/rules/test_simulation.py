"""A sample of `make simulate`: a small fleet's day is silent, but for a fault on a host or a rule that is wrong."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.rules.simulation.__main__ import FAULTS, RULES, fired, fleets
from tests.rules.simulation.fleet import DAY, HOUR, MINUTE, YEAR, Host
from tests.rules.simulation.series import Value, notation
from tests.rules.simulation.windows import windows

Find = Callable[[str], Path]
HOSTS, FIRST = 10, 52
KINDS = 5
MINUTES = 180


@pytest.fixture(scope="module")
def healthy() -> list[Host]:
    """Return the day of a fleet in which everything befalls some host that may befall a healthy one."""
    hosts = [
        Host(name=f"node{number}", minutes=DAY // MINUTE, random=Random(number))
        for number in range(FIRST, FIRST + HOSTS)
    ]
    befell = sum((host.events for host in hosts), Counter[str]())
    assert len(befell) == KINDS, befell
    return hosts


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1, 1, 1], "1x2"),
        ([0, 60, 120, 7], "0+60x2 7"),
        ([5, 3, 1, None, None, None, 4], "5-2x2 stale _x2 4"),
        ([None, None, 2], "_x2 2"),
        ([2, None], "2 stale"),
    ],
)
def test_notation(values: list[Value], text: str) -> None:
    """Steady runs are written once, and the end of a series is marked."""
    assert notation(values) == text


def test_parts_of_a_day() -> None:
    """Both ends of the day and what is about a moment; moments that are near make one part."""
    assert list(windows({100, 110, 600}, 1_440)) == [(0, 27), (88, 49), (588, 39), (1_428, 12)]
    assert list(windows({5}, 20)) == [(0, 20)]


def test_nothing_happens_between_the_parts(healthy: list[Host]) -> None:
    """What a host exports outside of the parts is what it was before, or grows by the time alone."""
    for host in healthy:
        inside = {
            minute for begin, length in windows(host.moments(), host.minutes) for minute in range(begin, begin + length)
        }
        for series in host.series():
            minute = 0
            for run in series["values"].split():
                assert minute in inside or minute >= host.minutes, (host.name, series["series"], minute)
                minute += int(run.rpartition("x")[2]) + ("_" not in run) if "x" in run else 1


def test_a_healthy_fleet_is_silent(program: Find, healthy: list[Host]) -> None:
    """Rotations, reboots, lost scrapes and missed polls make no alert of any severity."""
    assert [fired(program("promtool"), *fleet) for fleet in fleets(healthy)] == [""]


@pytest.mark.parametrize(
    ("change", "told", "life"),
    [
        (("for: 5m", "for: 0s"), "KubePKIExporterDown", YEAR),
        (("last > 120", "last > 10"), "KubePKIHostClockSkewed", YEAR),
        (("remaining:ratio < 0.1)", "remaining:ratio < 0.31)"), "KubePKICertificateExpiring", HOUR),
        (("> time()", "> time() - 600"), "KubePKICertificateFutureDated", YEAR),
    ],
)
def test_a_rule_that_is_wrong_is_heard(  # noqa: PLR0913, PLR0917 - a mutant, and where it is heard
    program: Find, healthy: list[Host], tmp_path: Path, change: tuple[str, str], told: str, life: int
) -> None:
    """A healthy fleet is not silent by itself: one wait or one threshold that is wrong fires there."""
    right, wrong = change
    text = RULES.read_text(encoding="utf-8")
    assert right in text
    rules = tmp_path / "wrong.yml"
    rules.write_text(text.replace(right, wrong), encoding="utf-8")
    some = [host for host in healthy if host.life == life]
    assert f'alertname="{told}"' in "".join(fired(program("promtool"), *fleet, rules) for fleet in fleets(some))


def test_each_fault_is_told(program: Find) -> None:
    """The simulation can be heard: each fault fires its alert, on its host."""
    hosts = [
        Host(name=fault.replace(" ", "-"), minutes=MINUTES, random=Random(number), fault=fault)
        for number, fault in enumerate(FAULTS)
    ]
    told = "".join(fired(program("promtool"), *fleet) for fleet in fleets(hosts))
    seen = set(re.findall(r'alertname="(\w+)"(?:, instance="([a-z-]+)-\d+")?', told))
    for fault, alert in FAULTS.items():
        assert {(alert, fault.replace(" ", "-")), (alert, "")} & seen, (fault, told)
