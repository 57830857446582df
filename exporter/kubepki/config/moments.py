"""A moment as an operator writes it on the command line.

Rules of this module: pure; no clock is asked.
"""

import re
from datetime import UTC, datetime

_UNIX = re.compile(r"-?[0-9]{1,11}(?:\.[0-9]{1,9})?")


def spell_moment(moment: float) -> str:
    """Return Unix seconds as `parse_moment` reads them: an RFC 3339 time in UTC where the calendar holds it."""
    try:
        return datetime.fromtimestamp(round(moment), UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{moment:.0f}"


def parse_moment(text: str) -> float:
    """Return the Unix seconds of an RFC 3339 time with its zone (`2021-09-01T13:21:24Z`) or of a Unix time.

    Raises ValueError with what was expected.
    """
    if _UNIX.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        msg = "expected a time with its zone such as 2021-09-01T13:21:24Z, or Unix seconds"
        raise ValueError(msg)
    return moment.timestamp()
