"""All clocks together, moved by hand."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kubepki.clocks.adjtimex import Adjtimex
from kubepki.clocks.clocks import Clocks, judge_first_sight
from kubepki.clocks.state import State
from kubepki.clocks.steps import ClockPair, Step
from kubepki.model import Link, Rotation
from tests.support.clocks import BOOTED_AT, SYNCHRONIZED, UNSYNCHRONIZED, Hands, ScriptedClock
from tests.support.waiting import wait_until

LINK = "/var/lib/kubelet/pki/kubelet-client-current.pem"
AHEAD = 7_860.0


def link(target: str, mtime: float = BOOTED_AT + 50) -> Link:
    return Link(target=target, target_mtime=mtime, target_name_time=None)


@contextmanager
def running(clocks: Clocks) -> Iterator[Clocks]:
    clocks.start()
    try:
        yield clocks
    finally:
        clocks.stop()


@pytest.mark.parametrize("kernel", [SYNCHRONIZED, UNSYNCHRONIZED, None])
def test_the_kernel_is_read_each_time(kernel: Adjtimex | None) -> None:
    """The kernel's opinion is that of the moment, and unknown is None throughout."""
    hands = Hands(kernel=UNSYNCHRONIZED)
    clocks = Clocks(hands.host_clock(), State(None))
    assert clocks.read().synchronized is False
    hands.kernel = kernel
    reading = clocks.read()
    assert reading.host_time == hands.host
    assert reading.synchronized == (None if kernel is None else kernel.synchronized)
    assert reading.max_error == (None if kernel is None else kernel.max_error)
    assert reading.estimated_error == (None if kernel is None else kernel.estimated_error)


def test_last_synchronized_stays_and_survives(tmp_path: Path) -> None:
    """It is the host time of the last reading that was synchronised, in the next process too."""
    hands = Hands(kernel=UNSYNCHRONIZED)
    with running(Clocks(hands.host_clock(), State(str(tmp_path)))) as clocks:
        assert clocks.read().last_synchronized is None
        hands.kernel = SYNCHRONIZED
        assert clocks.read().last_synchronized == hands.host
        hands.advance(10)
        last = hands.host
        assert clocks.read().last_synchronized == last
        hands.kernel = UNSYNCHRONIZED
        hands.advance(1_000)
        assert clocks.read().last_synchronized == last
    again = Clocks(hands.host_clock(), State(str(tmp_path)))
    assert again.read().last_synchronized == last


def test_the_loss_of_synchronisation_is_written_without_a_stop(tmp_path: Path) -> None:
    """A power cut after the loss finds the last synchronised time on the disk."""
    hands = Hands()
    with running(Clocks(hands.host_clock(), State(str(tmp_path)))) as clocks:
        hands.advance(30)
        last = clocks.read().last_synchronized
        hands.kernel = UNSYNCHRONIZED
        hands.step(0)
        wait_until(lambda: State(str(tmp_path), writable=False).last_synchronized == last, describe="the write")


def test_a_step_is_reported_once_whoever_sees_it() -> None:
    """Waiting thread and scrape share one count, and the callback gets each step once."""
    hands = Hands()
    reported: list[Step] = []
    with running(Clocks(hands.host_clock(), State(None), on_step=reported.append)) as clocks:
        hands.step(-AHEAD)
        reading = clocks.read()
        assert (reading.steps, reading.last_step, reading.last_step_time) == (1, -AHEAD, hands.host)
        wait_until(lambda: len(reported) == 1, describe="the report of the first step")
        hands.step(AHEAD)
        wait_until(lambda: len(reported) == 2, describe="the report without any scrape")
        assert clocks.read().steps == 2
    assert [step.size for step in reported] == [-AHEAD, AHEAD]


def test_before_the_first_step_there_is_none() -> None:
    """The last two fields are absent before the first step."""
    reading = Clocks(Hands().host_clock(), State(None)).read()
    assert (reading.steps, reading.last_step, reading.last_step_time) == (0, None, None)


def test_a_callback_that_raises_does_not_end_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    """The next step is still reported."""
    calls: list[Step] = []

    def fail(step: Step) -> None:
        calls.append(step)
        raise ZeroDivisionError

    hands = Hands()
    with running(Clocks(hands.host_clock(), State(None), on_step=fail)):
        hands.step(AHEAD)
        wait_until(lambda: len(calls) == 1, describe="the first call")
        hands.step(AHEAD)
        wait_until(lambda: len(calls) == 2, describe="the second call")
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


def test_a_step_asks_the_other_clocks_again() -> None:
    """A step is a reason to poll at once, though the next poll is a minute away."""
    hands = Hands()
    remote = ScriptedClock(answer=lambda: BOOTED_AT + hands.boot)
    clocks = Clocks(hands.host_clock(), State(None))
    clocks.set_api_server(remote)
    with running(clocks):
        assert remote.asked.acquire(timeout=5)
        hands.step(AHEAD)
        assert remote.asked.acquire(timeout=5)


def test_offsets_are_carried_between_polls() -> None:
    """Between polls an offset follows the host: slewing moves it, suspend does not; a step asks anew."""
    hands = Hands(rtc=BOOTED_AT + 100.0 + 3.0)
    clocks = Clocks(hands.host_clock(), State(None), period=3_600)
    clocks.set_references([ScriptedClock(source="https/x", answer=lambda: BOOTED_AT + hands.boot - 5.0)])
    with running(clocks):
        assert clocks.settle(5)
        hands.advance(50)
        first = clocks.read()
        hands.rtc = BOOTED_AT + hands.boot + 3.0
        hands.host += AHEAD
        assert clocks.read().references == ()
        wait_until(lambda: clocks.read().references, describe="the answer after the step")
        second = clocks.read()
        hands.advance(100, ppm=500)
        third = clocks.read()
    for reading, moved in ((first, 0.0), (second, AHEAD), (third, AHEAD + 0.05)):
        assert reading.rtc_offset == pytest.approx(3.0 - moved)
        assert reading.references[0].offset == pytest.approx(-5.0 - moved)


def test_a_host_without_a_hardware_clock() -> None:
    """The offset is absent, and no line is logged for it."""
    with running(Clocks(Hands().host_clock(), State(None))) as clocks:
        assert clocks.settle(5)
        assert clocks.read().rtc_offset is None


def test_a_hanging_hardware_clock_delays_nothing() -> None:
    """A sysfs file that blocks keeps one thread, not a reading."""
    stuck = threading.Event()
    clock = Hands().host_clock()

    def block() -> float | None:
        stuck.wait(30)
        return None

    with running(Clocks(replace(clock, rtc=block), State(None))) as clocks:
        assert clocks.read().rtc_offset is None
        stuck.set()


@pytest.mark.parametrize("kernel", [SYNCHRONIZED, UNSYNCHRONIZED, None])
def test_the_latch(tmp_path: Path, kernel: Adjtimex | None) -> None:
    """A change under our eyes keeps what the kernel thought then, through later synchronisation and a restart."""
    hands = Hands(kernel=SYNCHRONIZED)
    with running(Clocks(hands.host_clock(), State(str(tmp_path)))) as clocks:
        assert clocks.see_links({LINK: link("/a")}) == ()
        assert clocks.read().rotations == (Rotation(path=LINK, target="/a", clock_synchronized=None),)
        hands.kernel = kernel
        assert clocks.see_links({LINK: link("/b")}) == (LINK,)
        hands.kernel = SYNCHRONIZED
        assert clocks.see_links({LINK: link("/b")}) == ()
        assert clocks.see_links({}) == ()
        assert clocks.see_links({LINK: link("/b")}) == ()
    expected = Rotation(path=LINK, target="/b", clock_synchronized=None if kernel is None else kernel.synchronized)
    hands.kernel = UNSYNCHRONIZED
    again = Clocks(hands.host_clock(), State(str(tmp_path)))
    assert again.see_links({LINK: link("/b")}) == ()
    assert again.read().rotations == (expected,)


def test_a_change_during_a_downtime_is_judged(tmp_path: Path) -> None:
    """Another target than the remembered one, written since the boot on an unsynchronised clock, is a 0."""
    hands = Hands()
    with running(Clocks(hands.host_clock(), State(str(tmp_path)))) as clocks:
        clocks.see_links({LINK: link("/a")})
        clocks.see_links({LINK: link("/b")})
        assert clocks.read().rotations[0].clock_synchronized is True
    hands.kernel = UNSYNCHRONIZED
    again = Clocks(hands.host_clock(), State(str(tmp_path)))
    assert again.see_links({LINK: link("/c")}) == ()
    assert again.read().rotations == (Rotation(path=LINK, target="/c", clock_synchronized=False),)


@pytest.mark.parametrize(
    ("kernel", "mtime", "expected"),
    [
        (UNSYNCHRONIZED, BOOTED_AT + 1, False),
        (UNSYNCHRONIZED, BOOTED_AT + AHEAD, False),
        (UNSYNCHRONIZED, BOOTED_AT, None),
        (UNSYNCHRONIZED, BOOTED_AT - 1, None),
        (SYNCHRONIZED, BOOTED_AT + 1, None),
        (None, BOOTED_AT + 1, None),
    ],
)
def test_first_sight(kernel: Adjtimex | None, mtime: float, expected: bool | None) -> None:  # noqa: FBT001
    """Only "unsynchronised now, and written since the boot" is known."""
    assert judge_first_sight(kernel, mtime, ClockPair(host=BOOTED_AT + 100, boot=100.0, width=0.0)) is expected


def test_a_change_is_written_without_a_stop(tmp_path: Path) -> None:
    """A power cut right after a rotation does not lose its fact."""
    hands = Hands(kernel=UNSYNCHRONIZED)
    expected = Rotation(path=LINK, target="/b", clock_synchronized=False)
    with running(Clocks(hands.host_clock(), State(str(tmp_path)))) as clocks:
        clocks.see_links({LINK: link("/a")})
        clocks.see_links({LINK: link("/b")})
        wait_until(lambda: State(str(tmp_path), writable=False).rotation(LINK) == expected, describe="the write")


def test_a_rotation_asks_the_other_clocks_again() -> None:
    """A change of a link is a reason to poll at once; the first sight of it is none."""
    hands = Hands()
    remote = ScriptedClock(answer=lambda: BOOTED_AT + hands.boot)
    clocks = Clocks(hands.host_clock(), State(None))
    clocks.set_api_server(remote)
    with running(clocks):
        assert remote.asked.acquire(timeout=5)
        clocks.see_links({LINK: link("/a")})
        assert not remote.asked.acquire(blocking=False)
        clocks.see_links({LINK: link("/b")})
        assert remote.asked.acquire(timeout=5)


def test_a_reload_forgets_links(tmp_path: Path) -> None:
    """A link that the configuration no longer names is gone from readings and from the disk."""
    hands = Hands()
    with running(Clocks(hands.host_clock(), State(str(tmp_path)))) as clocks:
        clocks.see_links({LINK: link("/a"), "/other-current.pem": link("/b")})
        clocks.keep_links({LINK})
        assert [item.path for item in clocks.read().rotations] == [LINK]
    assert State(str(tmp_path)).links() == (LINK,)
