"""The hardware clock in a sysfs tree."""

from pathlib import Path

import pytest

from kubepki.clocks.net import Abort, UnreadableClockError
from kubepki.clocks.rtc import RtcClock, rtc_reader


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("1630500000\n", 1_630_500_000.5),
        ("0\n", 0.5),
        ("-3600\n", -3_599.5),
        ("", None),
        ("soon\n", None),
        ("1630500000\x00", None),
        ("9" * 10_000, None),
        (None, None),
    ],
)
def test_since_epoch(tmp_path: Path, content: str | None, expected: float | None) -> None:
    """Whole seconds are read as their middle, and what is no number, or not there, as no clock."""
    if content is not None:
        (tmp_path / "since_epoch").write_text(content)
    assert rtc_reader(tmp_path)() == expected


def test_a_directory_is_no_clock(tmp_path: Path) -> None:
    """Anything that cannot be read is no clock."""
    (tmp_path / "since_epoch").mkdir()
    assert rtc_reader(tmp_path)() is None


def test_it_is_polled_like_any_other_clock() -> None:
    """The time belongs to the middle of the read, which can take a second."""
    boots = iter([10.0, 11.0])
    sighting = RtcClock(now=lambda: 1_000.5).read(lambda: next(boots), Abort())
    assert (sighting.time, sighting.boot, sighting.error) == (1_000.5, 10.5, 1.0)


def test_none_is_unreadable() -> None:
    """A host without the clock gives no reading."""
    with pytest.raises(UnreadableClockError):
        RtcClock(now=lambda: None).read(lambda: 0.0, Abort())
