"""Where two snapshots differ, at the cost of what differs. Pure."""

from kubepki.model import PathState

_AT_A_TIME = 256

States = tuple[PathState, ...]


def differing(before: States, after: States) -> tuple[States, States]:
    """Return the states of both that lie between their common beginning and their common end."""
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and before[start : start + _AT_A_TIME] == after[start : start + _AT_A_TIME]:
        start += _AT_A_TIME
    start = min(start, shorter)
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[len(before) - end - 1] == after[len(after) - end - 1]:
        step = min(_AT_A_TIME, shorter - start - end)
        ours, theirs = len(before) - end, len(after) - end
        whole = before[ours - step : ours] == after[theirs - step : theirs]
        end += step if whole else 1
    return before[start : len(before) - end], after[start : len(after) - end]
