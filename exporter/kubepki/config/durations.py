"""Durations and sizes as an operator writes them.

Rules of this module: pure functions of text. An error says what was expected and never repeats the text.
"""

import re

_MILLISECONDS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]+){unit})?" for unit in _MILLISECONDS))
# Go counts a duration in 64 bits of nanoseconds, and so Prometheus does.
_LONGEST_MILLISECONDS = (2**63 - 1) // 1_000_000
_EXACT_UNITS = ("y", "w")

_BYTES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SIZE = re.compile(r"([0-9]+) ?(|B|KiB|MiB|GiB)")
_LARGEST_BYTES = 2**63 - 1
# CPython refuses to read numbers of more than 4,300 digits; nobody means one of more than these.
_LONGEST_TEXT = 64


def parse_duration(text: str) -> float:
    """Return the seconds of a duration as Prometheus writes it: `500ms`, `30s`, `1h30m`, and a bare `0`.

    Raises ValueError for anything else (`ParseDuration` of prometheus/common, model/time.go).
    """
    if text == "0":
        return 0.0
    match = _DURATION.fullmatch(text) if 0 < len(text) <= _LONGEST_TEXT else None
    if match is None:
        msg = "expected a duration such as 500ms, 30s, 1m or 1h30m"
        raise ValueError(msg)
    milliseconds = sum(int(number) * _MILLISECONDS[unit] for unit, number in match.groupdict(default="0").items())
    if milliseconds > _LONGEST_MILLISECONDS:
        msg = "expected a duration of at most 292 years"
        raise ValueError(msg)
    return milliseconds / 1000


def format_duration(seconds: float) -> str:
    """Return *seconds*, which is not negative, as Prometheus writes it, to the millisecond; 0 is `0s`.

    Years and weeks are used only when they are the whole of it, as `Duration.String` does: 90d, not 12w6d.
    """
    rest = round(seconds * 1000)
    if rest == 0:
        return "0s"
    text = ""
    for unit, size in _MILLISECONDS.items():
        if unit in _EXACT_UNITS and rest % size:
            continue
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text


def parse_size(text: str) -> int:
    """Return the bytes of a size: `1MiB`, `512KiB`, `1GiB`, or a plain number of bytes. Raises ValueError otherwise."""
    match = _SIZE.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        msg = "expected a size such as 1MiB, 512KiB or a number of bytes"
        raise ValueError(msg)
    size = int(match[1]) * _BYTES[match[2]]
    if size > _LARGEST_BYTES:
        msg = "expected a size of less than 8 EiB"
        raise ValueError(msg)
    return size


def format_size(size: int) -> str:
    """Return *size* in bytes in the largest unit that divides it: `1MiB`, `1536B`."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}"
    return f"{size}B"
