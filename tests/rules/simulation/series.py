"""Values by the minute in promtool's short notation.

Rules of this module: pure.
"""

from collections.abc import Sequence

Value = float | None
"""None is no sample: the first one after a sample is Prometheus' stale marker."""


def notation(values: Sequence[Value]) -> str:
    """Return *values* with steady runs written once: `5x3`, `0+60x9`, `_x4`."""
    found, start = [], 0
    while start < len(values):
        end, step = _run(values, start)
        found.append(_text(values, start, end - start - 1, step))
        start = end
    return " ".join(found)


def _run(values: Sequence[Value], start: int) -> tuple[int, float]:
    """Return where a run of one step that begins at *start* ends, and its step."""
    first, end, step = values[start], start + 1, 0.0
    if first is None:
        # The first gap after a sample is the marker, which stands alone.
        while end < len(values) and values[end] is None and (start == 0 or values[start - 1] is None):
            end += 1
        return end, 0.0
    if end < len(values) and (second := values[end]) is not None:
        step = second - first
    while end < len(values) and (value := values[end]) is not None and value == first + step * (end - start):
        end += 1
    return end, step


def _text(values: Sequence[Value], start: int, more: int, step: float) -> str:
    first = values[start]
    if first is None:
        return "stale" if start and values[start - 1] is not None else f"_x{more + 1}"
    if not more:
        return f"{first:.0f}"
    return f"{first:.0f}x{more}" if step == 0 else f"{first:.0f}{step:+.0f}x{more}"
