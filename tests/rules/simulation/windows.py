"""The parts of a day in which something happens, and its two ends.

Between them a healthy host changes by the time alone, and what the time alone brings on (an end that comes nearer) is
still there in the next part. So a day is judged in a tenth of its minutes.
Rules of this module: pure.
"""

from collections.abc import Collection, Iterator

BEFORE = 12
"""Minutes before a moment: what the rules remember of it, 10, and a little."""
AFTER = 27
"""Minutes behind it: the longest `for`, 15, after what the rules remember."""


def windows(moments: Collection[int], minutes: int) -> Iterator[tuple[int, int]]:
    """Yield begin and length of the parts of a day of *minutes* around *moments*, in order; none overlaps another."""
    begin, end = 0, min(AFTER, minutes)
    for moment in (*sorted(moments), minutes):
        if moment - BEFORE > end:
            yield begin, end - begin
            begin = moment - BEFORE
        end = min(moment + AFTER, minutes)
    yield begin, end - begin
