"""The schedule under any sequence of events and any duration of scans."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kubepki.watch.schedule import MAX_CREDIT_SECONDS, Schedule

QUIET, MAX_DELAY, INTERVAL, BREATHER = 0.004, 0.08, 30.0, 1.0
TOLERANCE = 1e-6

gaps = st.lists(st.floats(min_value=0.0, max_value=2.0) | st.floats(min_value=0.0, max_value=0.005), max_size=60)
durations = st.lists(st.floats(min_value=0.0, max_value=3.0), min_size=1, max_size=10)


def simulate(
    events: list[float], lengths: list[float], deadlines: list[float], until: float
) -> list[tuple[float, float]]:
    """Run a loop that scans exactly when due; return (start, end) of each scan."""
    schedule = Schedule(quiet=QUIET, max_delay=MAX_DELAY, interval=INTERVAL, breather=BREATHER)
    for deadline in deadlines:
        schedule.wake_at(deadline)
    waiting = list(events)
    scans: list[tuple[float, float]] = []
    now = 0.0
    while now < until:
        while waiting and waiting[0] <= now:
            schedule.mark(waiting.pop(0))
        due = schedule.due_at()
        if due > now:
            now = min(due, waiting[0] if waiting else due)
            continue
        end = now + lengths[len(scans) % len(lengths)]
        schedule.started(now)
        while waiting and now < waiting[0] <= end:
            schedule.mark(waiting.pop(0))
        schedule.finished(end)
        scans.append((now, end))
        now = end + TOLERANCE
    return scans


def times(steps: list[float]) -> list[float]:
    now = 1.0
    result = []
    for step in steps:
        now += step
        result.append(now)
    return result


@given(gaps, durations)
def test_no_event_waits_longer_than_the_bound(steps: list[float], lengths: list[float]) -> None:
    """Each event has a scan that starts after it, at most max_delay or one rest after it or after the running scan."""
    events = times(steps)
    scans = simulate(events, lengths, [], until=(events[-1] if events else 1.0) + 40.0)
    for event in events:
        start = next(start for start, _ in scans if start >= event)
        before = [(begun, ended) for begun, ended in scans if begun < event]
        free = max(event, before[-1][1])
        rest = BREATHER * (before[-1][1] - before[-1][0])
        assert start - free <= max(MAX_DELAY, rest) + TOLERANCE * 10


@given(gaps, durations)
def test_events_alone_leave_breathing_space(steps: list[float], lengths: list[float]) -> None:
    """Scans for events rest as long as they take, but for the credit of idleness: a storm takes half of the time."""
    events = times(steps)
    scans = simulate(events, lengths, [], until=20.0)
    owed = 0.0
    before = -1.0
    for (start, end), (following, _) in pairwise(scans):
        asked_for = any(before < event <= start for event in events)
        owed = max(0.0, owed + (BREATHER * (end - start) if asked_for else 0.0) - (following - end))
        before = start
        assert owed <= MAX_CREDIT_SECONDS + TOLERANCE * 100


@given(durations)
def test_a_quiet_system_is_scanned_once_an_interval(lengths: list[float]) -> None:
    """Without events scans start exactly one interval apart."""
    scans = simulate([], lengths, [], until=200.0)
    assert len(scans) == 7
    for (start, _), (following, _) in pairwise(scans):
        assert abs(following - start - INTERVAL) < TOLERANCE


@given(gaps, durations, st.lists(st.floats(min_value=1.0, max_value=50.0), max_size=8))
def test_each_deadline_has_its_scan(steps: list[float], lengths: list[float], deadlines: list[float]) -> None:
    """A scan starts at each deadline, or at the end of the scan that runs then."""
    scans = simulate(times(steps), lengths, deadlines, until=60.0)
    for deadline in deadlines:
        start = next(start for start, _ in scans if start >= deadline)
        running = [end for begun, end in scans if begun < deadline <= end + TOLERANCE]
        assert start - max([deadline, *running]) <= TOLERANCE * 10
