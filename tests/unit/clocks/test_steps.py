"""Steps of the wall clock: each once, with its size, and nothing else is one."""

import os
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubepki.clocks.step_watch import PollingWatch, StepWatch, TimerWatch, cancellable_timer_by_ctypes
from kubepki.clocks.steps import ClockPair, StepDetector, step_between, take_pair
from tests.support.clocks import Hands

# What happens between two looks: seconds awake, seconds asleep, and how fast the wall clock is slewed.
CALM = st.tuples(st.floats(0, 86_400), st.floats(0, 30 * 86_400), st.floats(-1_000, 1_000))
STEP = st.floats(0.5, 1e9).flatmap(lambda size: st.sampled_from((size, -size)))


def pair(host: float, boot: float) -> ClockPair:
    return ClockPair(host=host, boot=boot, width=0.0)


@pytest.mark.parametrize(
    ("elapsed", "moved", "size"),
    [
        (0.0, 0.0, None),
        (0.0, 0.199, None),
        (0.0, 0.201, 0.201),
        (0.0, -0.201, -0.201),
        (60.0, 60.259, None),
        (60.0, 60.261, 0.261),
        (60.0, 59.739, -0.261),
        (3_600.0, 3_603.7, None),
        (3_600.0, 3_603.9, 3.9),
        (5.0, -7_855.0, -7_860.0),
        (8 * 3_600.0, 8 * 3_600.0, None),
    ],
)
def test_threshold(elapsed: float, moved: float, size: float | None) -> None:
    """A step is more than 0.2 s beyond 1,000 ppm of the interval."""
    step = step_between(pair(1_000_000.0, 50.0), pair(1_000_000.0 + moved, 50.0 + elapsed))
    if size is None:
        assert step is None
    else:
        assert step is not None
        assert step.size == pytest.approx(size, abs=1e-6)
        assert step.host_time == 1_000_000.0 + moved


def detector(hands: Hands) -> StepDetector:
    return StepDetector(lambda: hands.host, lambda: hands.boot)


def calmly(hands: Hands, stretch: tuple[float, float, float]) -> None:
    awake, asleep, ppm = stretch
    hands.advance(awake, ppm=ppm)
    hands.advance(asleep)


@given(st.lists(CALM, max_size=20))
def test_slewing_and_suspend_are_no_steps(stretches: list[tuple[float, float, float]]) -> None:
    """Whatever the sequence of slews and suspends, nothing is counted."""
    hands = Hands()
    steps = detector(hands)
    for stretch in stretches:
        calmly(hands, stretch)
        look = steps.look()
    assert steps.look().steps == 0
    assert not stretches or look.last is None


@given(st.lists(CALM, max_size=10), st.floats(0, 100), st.lists(CALM, max_size=10), STEP)
def test_a_step_is_one_step(
    before: list[tuple[float, float, float]],
    elapsed: float,
    after: list[tuple[float, float, float]],
    size: float,
) -> None:
    """A step amid slews and suspends is counted exactly once, with its signed size."""
    hands = Hands()
    steps = detector(hands)
    for stretch in before:
        calmly(hands, stretch)
        steps.look()
    hands.advance(elapsed)
    hands.step(size)
    at = hands.host
    assert steps.look().is_new
    for stretch in after:
        calmly(hands, stretch)
        assert not steps.look().is_new
    last = steps.look().last
    assert steps.look().steps == 1
    assert last is not None
    assert last.size == pytest.approx(size, abs=1e-3)
    assert last.host_time == at


def test_many_readers_count_a_step_once() -> None:
    """Threads that look at the same time share one count."""
    offset = [0.0]
    steps = StepDetector(lambda: time.time() + offset[0], lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
    halt = threading.Event()

    def look() -> None:
        while not halt.is_set():
            steps.look()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 21):
        offset[0] = number * 7_860.0 * (-1) ** number
        while steps.look().steps < number:
            pass
    halt.set()
    for thread in threads:
        thread.join()
    assert steps.look().steps == 20


def test_a_pair_is_the_narrowest_of_a_few() -> None:
    """A pause between the two reads does not spoil the pair."""
    boots = iter([10.0, 10.5, 11.0, 11.0002])
    hosts = iter([1_000.0, 1_001.0])
    best = take_pair(lambda: next(hosts), lambda: next(boots))
    assert best.host == 1_001.0
    assert (best.boot, best.width) == pytest.approx((11.0001, 0.0002))


def test_a_wide_pair_is_no_step() -> None:
    """Where every pair was torn apart, the width is not taken for a step."""
    torn = ClockPair(host=1_000.6, boot=10.0, width=1.0)
    assert step_between(pair(990.0, 0.0), torn) is None


@pytest.fixture(params=[TimerWatch, PollingWatch])
def watch(request: pytest.FixtureRequest) -> Iterator[StepWatch]:
    made: StepWatch = request.param()
    yield made
    made.close()


def test_a_watch_times_out(watch: StepWatch) -> None:
    """Without a step, a wait ends at its timeout and says so."""
    assert watch.wait(0.001) is False


def test_a_watch_can_be_woken(watch: StepWatch) -> None:
    """A wake ends the wait of another thread, or the next one, and is no step."""
    started = time.monotonic()
    watch.wake()
    assert watch.wait(30) is False
    waiter = threading.Thread(target=watch.wait, args=(30,))
    waiter.start()
    watch.wake()
    waiter.join(10)
    assert time.monotonic() - started < 10
    assert watch.wait(0.001) is False


def test_the_timer_is_made_by_ctypes() -> None:
    """Python before 3.13 gets a timerfd on CLOCK_REALTIME that is armed, far in the future and cancelled by a step."""
    timer = cancellable_timer_by_ctypes()
    try:
        with open(f"/proc/self/fdinfo/{timer}", encoding="ascii") as file:  # noqa: PTH123 -- no real path
            info = dict(line.strip().split(": ", 1) for line in file if ": " in line)
        assert (info["clockid"], info["settime flags"]) == ("0", "03")
        assert int(info["it_value"].strip("()").split(",")[0]) > 10**9
        with pytest.raises(BlockingIOError):
            os.read(timer, 8)
    finally:
        os.close(timer)
