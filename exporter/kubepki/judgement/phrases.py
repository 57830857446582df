"""Durations and moments in words that a sleepy person reads. Pure."""

import math
from datetime import UTC, datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
# The mean year of the calendar. A year or less is best told in days, as the lives of certificates are.
_YEAR_SECONDS = 31_556_952
_LEAST_YEARS = 2


def duration(seconds: float) -> str:
    """Return the size of *seconds* in its largest unit and the next one: `2 h 11 min`, `3 d`, `45 s`.

    From two years on it is told in years and days: `57 years 14 d`.
    """
    if not math.isfinite(seconds):
        return f"{abs(seconds)} s"
    rest = round(abs(seconds))
    if rest >= _LEAST_YEARS * _YEAR_SECONDS:
        years, rest = divmod(rest, _YEAR_SECONDS)
        days = rest // _UNITS[0][0]
        return f"{years} years {days} d" if days else f"{years} years"
    for position, (size, unit) in enumerate(_UNITS):
        if rest >= size:
            count, rest = divmod(rest, size)
            smaller_size, smaller_unit = _UNITS[min(position + 1, len(_UNITS) - 1)]
            smaller = rest // smaller_size
            return f"{count} {unit} {smaller} {smaller_unit}" if smaller else f"{count} {unit}"
    return "0 s"


def moment(timestamp: float) -> str:
    """Return a Unix time as `2021-09-01 05:11:39 UTC`; a time that the calendar does not hold as its number."""
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"@{timestamp:.0f}"


def label_name(path: str) -> str:
    """Return the last component of *path* for a person."""
    return path.rpartition("/")[2]
