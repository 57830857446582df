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


def _long(schedule: Schedule) -> Schedule:
    """Let events ask for a scan that takes from 100 to 105."""
    schedule.mark(99.0)
    return scanned(schedule, 100.0, 105.0)


def test_what_is_hurried_does_not_wait_for_the_rest() -> None:
    """After a scan of five seconds a scan rests for as long; a look at what is first is due at once."""
    schedule = _long(Schedule(quiet=0.004))
    schedule.mark(105.1)
    schedule.hurry(105.1)
    assert not schedule.first_due(105.103)
    assert schedule.first_due(105.105)
    assert schedule.due_at() == pytest.approx(105.104)
    assert not schedule.due(105.105, first=False)
    schedule.first_started(105.105)
    schedule.first_finished(105.125)
    assert not schedule.first_due(106.0)
    assert schedule.due_at() > 106.0


def test_looks_at_what_is_first_rest_for_as_long_as_they_took() -> None:
    """However often it changes, they take half of one CPU at most."""
    schedule = _long(Schedule(quiet=0.004, breather=1.0))
    schedule.hurry(105.1)
    schedule.first_started(105.2)
    schedule.first_finished(105.5)
    schedule.hurry(105.5)
    assert not schedule.first_due(105.79)
    assert schedule.first_due(105.8)


def test_where_scans_are_short_nothing_is_looked_at_twice() -> None:
    """A small tree is scanned, and that tells of what is hurried too."""
    schedule = scanned(Schedule(), 100.0, 100.02)
    schedule.mark(110.0)
    schedule.hurry(110.0)
    assert schedule.due(110.01, first=False)
    assert not schedule.first_due(110.01)
    scanned(schedule, 110.01, 110.03)
    assert not schedule.first_due(111.0)
    assert schedule.due_at() > 111.0


def test_a_long_scan_is_left_and_begins_anew_at_once() -> None:
    """A scan that has run for a while is overtaken; what it was for is due again, without a rest, after the look."""
    schedule = scanned(Schedule(quiet=0.004), 50.0, 50.01)
    schedule.mark(100.0)
    schedule.started(100.0)
    schedule.hurry(100.05)
    assert not schedule.overtakes(100.1)
    assert schedule.overtakes(100.3)
    schedule.left(100.3)
    assert not schedule.overtakes(100.31)
    assert schedule.first_due(100.31)
    schedule.first_started(100.31)
    schedule.first_finished(100.33)
    assert schedule.due(100.33, first=False)
    assert schedule.whole_due(100.33)
    schedule.started(100.33)
    assert not schedule.overtakes(101.0)


def test_scans_have_an_end_however_often_they_are_overtaken() -> None:
    """After ten seconds without the end of a scan one is not left any more; after its end one may be again."""
    schedule = scanned(Schedule(quiet=0.004), 50.0, 50.01)
    now, left = 100.0, 0
    schedule.mark(now)
    while True:
        schedule.started(now)
        schedule.hurry(now)
        now += 0.5
        if not schedule.overtakes(now):
            break
        schedule.left(now)
        left += 1
        schedule.first_started(now)
        schedule.first_finished(now)
    assert 10.0 <= now - 100.0 < 12.0
    assert left > 10
    schedule.finished(now)
    schedule.started(now + 60.0)
    schedule.hurry(now + 60.0)
    assert schedule.overtakes(now + 61.0)
