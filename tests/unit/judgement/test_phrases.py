"""Durations and moments read as a person would say them."""

import pytest

from kubepki.judgement.phrases import duration, moment


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (0.6, "1 s"),
        (45, "45 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3_599.6, "1 h"),
        (7_860, "2 h 11 min"),
        (-7_860, "2 h 11 min"),
        (3_605, "1 h"),
        (86_400, "1 d"),
        (86_400 * 300 + 3_600 * 5 + 59, "300 d 5 h"),
        (63_113_903, "730 d 11 h"),
        (63_113_904, "2 years"),
        (-1_800_000_000, "57 years 14 d"),
        (10 * 31_556_952 + 86_400, "10 years 1 d"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    """The largest unit and the next one, without a sign; what is smaller is left out."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [(0, "1970-01-01 00:00:00 UTC"), (1_630_473_099, "2021-09-01 05:11:39 UTC"), (1e18, f"@{10**18}")],
)
def test_moment(timestamp: float, text: str) -> None:
    """A moment is in UTC; one that the calendar does not hold is its number."""
    assert moment(timestamp) == text
