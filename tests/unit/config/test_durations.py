"""Durations and sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubepki.config.durations import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0s", 0.0),
        ("1ms", 0.001),
        ("500ms", 0.5),
        ("30s", 30.0),
        ("90s", 90.0),
        ("1m", 60.0),
        ("1h30m", 5400.0),
        ("1d", 86_400.0),
        ("2w", 1_209_600.0),
        ("1y", 31_536_000.0),
        ("1y2w3d4h5m6s7ms", 33_019_506.007),
    ],
)
def test_durations_are_read_as_prometheus_writes_them(text: str, seconds: float) -> None:
    """Each unit and their combination in order."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "30", "1.5h", "-1s", "1s ", "1m1h", "1s1s", "1H", "s", "1us", "٣s", "1:30", "1" * 5000 + "s", "1s\n"],
)
def test_what_is_no_duration_is_refused_without_repeating_it(text: str) -> None:
    """A bare number, a fraction, another order and digits of other scripts are errors."""
    with pytest.raises(ValueError, match=r"^expected a duration such as 500ms, 30s, 1m or 1h30m$"):
        parse_duration(text)


def test_a_duration_that_go_cannot_hold_is_refused() -> None:
    """292 years is the bound of 64 bits of nanoseconds."""
    assert parse_duration("292y") == 292 * 31_536_000
    with pytest.raises(ValueError, match="292 years"):
        parse_duration("293y")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.5, "500ms"), (30, "30s"), (600, "10m"), (7860, "2h11m"), (7_776_000, "90d"), (31_536_000, "1y")],
)
def test_durations_are_written_as_prometheus_does(seconds: float, text: str) -> None:
    """Weeks and years only where nothing is left over."""
    assert format_duration(seconds) == text


@given(st.integers(min_value=0, max_value=2**63 // 1_000_000 - 1))
def test_a_written_duration_is_read_back(milliseconds: int) -> None:
    """Formatting and parsing are inverse to the millisecond, as far as a float can tell milliseconds apart."""
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=0.001)


@given(st.text(max_size=80))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    """Nothing else is raised, and nothing negative comes out."""
    try:
        assert parse_duration(text) >= 0
    except ValueError as error:
        assert "expected" in str(error)  # noqa: PT017 - not raising is good, too


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1000", 1000),
        ("1B", 1),
        ("512KiB", 524_288),
        ("1MiB", 1_048_576),
        ("2 MiB", 2_097_152),
        ("1GiB", 1 << 30),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    """Bytes, and the units of 1,024."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MiB", "1MB", "1mib", "-1", "1.5MiB", "0x10", "1_000", "9" * 70])
def test_what_is_no_size_is_refused(text: str) -> None:
    """Units of 1,000 are not guessed at."""
    with pytest.raises(ValueError, match="expected a size"):
        parse_size(text)


def test_a_size_beyond_64_bits_is_refused() -> None:
    """The kernel counts in 64 bits."""
    with pytest.raises(ValueError, match="8 EiB"):
        parse_size("9" * 20)


@given(st.integers(min_value=0, max_value=2**62))
def test_a_written_size_is_read_back(size: int) -> None:
    """Formatting and parsing are inverse."""
    assert parse_size(format_size(size)) == size
