"""A sample of `make simulate`: three hours of a small fleet are silent; with one fault on each host they are not."""

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.rules.simulation.__main__ import FAULTS, fired
from tests.rules.simulation.fleet import Host
from tests.rules.simulation.series import Value, notation

Find = Callable[[str], Path]
HOSTS = 10
MINUTES = 180


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


def test_a_healthy_fleet_is_silent(program: Find) -> None:
    """Rotations, reboots, lost scrapes and missed polls make no alert of any severity."""
    hosts = [Host(name=f"node{number}", minutes=MINUTES, random=Random(number)) for number in range(HOSTS)]
    assert sum(host.events["rotation"] for host in hosts) > HOSTS
    assert fired(program("promtool"), hosts, MINUTES) == ""


def test_each_fault_is_told(program: Find) -> None:
    """The simulation can be heard: each fault fires its alert, on its host."""
    hosts = [
        Host(name=fault.replace(" ", "-"), minutes=MINUTES, random=_with_hourly(number), fault=fault)
        for number, fault in enumerate(FAULTS)
    ]
    told = fired(program("promtool"), hosts, MINUTES)
    seen = set(re.findall(r'alertname="(\w+)"(?:, instance="([\w-]+)")?', told))
    for fault, alert in FAULTS.items():
        assert {(alert, fault.replace(" ", "-")), (alert, "")} & seen, (fault, told)


def _with_hourly(number: int) -> Random:
    """Return random numbers that begin with a certificate of one hour."""
    return next(Random(seed) for seed in range(number * 100, number * 100 + 100) if Random(seed).random() < 0.5)
