"""When a scan is due, at chosen times."""

import pytest

from kubepki.watch.schedule import MAX_CREDIT_SECONDS, MAX_REST_FROM_TIME_SECONDS, Schedule


def scanned(schedule: Schedule, start: float, end: float) -> Schedule:
    schedule.started(start)
    schedule.finished(end)
    return schedule


def test_the_first_scan_is_due_at_once() -> None:
    """A new schedule asks for a scan at any time."""
    assert Schedule().due(0.0)


def test_a_quiet_system_is_scanned_at_each_interval() -> None:
    """Without events the next scan is one interval after the start of the last one."""
    schedule = scanned(Schedule(interval=30.0), 100.0, 100.5)
    assert schedule.due_at() == 130.0
    assert not schedule.due(129.999)
    assert schedule.due(130.0)


def test_a_single_event_is_scanned_when_it_has_been_quiet() -> None:
    """One event long after the last scan waits for the quiet time only."""
    schedule = scanned(Schedule(quiet=0.004), 100.0, 100.002)
    schedule.mark(110.0)
    assert schedule.due_at() == pytest.approx(110.004)


def test_each_event_prolongs_the_wait_up_to_the_maximum() -> None:
    """Events that never pause are scanned max_delay after the first of them."""
    schedule = scanned(Schedule(quiet=0.004, max_delay=0.08), 100.0, 100.002)
    for number in range(200):
        schedule.mark(110.0 + number * 0.003)
    assert schedule.due_at() == pytest.approx(110.08)


def test_a_scan_serves_the_events_before_its_start_and_no_later_one() -> None:
    """An event while a scan runs asks for another scan."""
    schedule = Schedule()
    schedule.mark(100.0)
    scanned(schedule, 100.01, 100.012)
    assert schedule.due_at() == pytest.approx(130.01)
    schedule.started(130.01)
    schedule.mark(130.011)
    schedule.finished(130.012)
    assert schedule.due_at() < 130.02


def test_after_a_slow_scan_a_storm_leaves_as_long_a_rest() -> None:
    """A scan of two seconds is followed by two seconds without one, however many events come."""
    schedule = Schedule(breather=1.0)
    schedule.mark(99.9)
    scanned(schedule, 100.0, 102.0)
    for number in range(100):
        schedule.mark(101.0 + number * 0.05)
    assert schedule.due_at() == 104.0 - MAX_CREDIT_SECONDS


def test_a_slow_scan_that_no_event_asked_for_needs_little_rest() -> None:
    """A rotation right after the first scan, or after a look at everything, is seen soon."""
    schedule = scanned(Schedule(quiet=0.004, breather=1.0), 100.0, 102.0)
    schedule.mark(102.1)
    assert schedule.due_at() == 102.0 + MAX_REST_FROM_TIME_SECONDS - MAX_CREDIT_SECONDS


def test_idleness_before_is_rest_for_the_scans_of_one_rotation() -> None:
    """Two scans of 50 ms follow each other at once, and a storm of them rests as long as it scans."""
    schedule = scanned(Schedule(breather=1.0, quiet=0.0), 100.0, 100.05)
    schedule.mark(100.05)
    assert schedule.due_at() == 100.05
    at, scans = 100.05, 0
    while at < 110.0:
        schedule.mark(at)
        at = max(at, schedule.due_at())
        scanned(schedule, at, at + 0.05)
        at, scans = at + 0.05, scans + 1
    assert scans * 0.05 <= (110.0 - 100.05) / 2 + MAX_CREDIT_SECONDS


def test_a_slow_scan_long_ago_delays_nothing() -> None:
    """An event after the rest is scanned within milliseconds."""
    schedule = scanned(Schedule(quiet=0.004, breather=1.0), 100.0, 102.0)
    schedule.mark(104.5)
    assert schedule.due_at() == pytest.approx(104.504)


def test_a_deadline_is_kept_during_the_rest_and_served_once() -> None:
    """The end of a grace is due exactly then; the scan that starts after it has served it."""
    schedule = scanned(Schedule(interval=30.0), 100.0, 102.0)
    schedule.wake_at(102.5)
    schedule.wake_at(103.0)
    assert schedule.due_at() == 102.5
    scanned(schedule, 102.5, 102.6)
    assert schedule.due_at() == 103.0
    scanned(schedule, 103.1, 103.2)
    assert schedule.due_at() == 133.1


def test_another_interval_counts_from_the_last_scan() -> None:
    """While something is polled the interval is shorter, at once."""
    schedule = scanned(Schedule(interval=30.0), 100.0, 100.1)
    schedule.set_interval(5.0)
    assert schedule.due_at() == 105.0
