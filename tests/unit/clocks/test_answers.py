"""What is kept of the polls of another clock."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubepki.clocks.answers import KEPT_SECONDS, Answers
from kubepki.clocks.sighting import Sighting
from kubepki.clocks.steps import ClockPair
from kubepki.model import ReferenceReading

LEAD = 7_860.0
TRUE_AT_BOOT = 1_000_000.0


def sighting(boot: float, off: float = 0.0) -> Sighting:
    """Return what a clock that is *off* seconds off the true time says at *boot*."""
    return Sighting(time=TRUE_AT_BOOT + boot + off, boot=boot, error=0.5, certificate=(1.0, 2.0))


def at(boot: float, host_off: float = 0.0) -> ClockPair:
    return ClockPair(host=TRUE_AT_BOOT + boot + host_off, boot=boot, width=0.0)


def read(answers: Answers, boot: float, epoch: int = 0) -> ReferenceReading:
    reading = answers.reading("apiserver", at(boot), epoch)
    assert reading is not None
    return reading


def test_a_lost_poll_takes_nothing_away_for_five_minutes() -> None:
    """`up` is 0 at once; the offset goes five minutes after the first of the failures, and comes back at once."""
    answers = Answers(epoch=0).with_sighting(sighting(100, LEAD), 0)
    for failed in range(160, 460, 60):
        answers = answers.with_failure(failed, 0)
        assert (read(answers, failed).up, read(answers, failed).offset) == (False, LEAD)
        assert read(answers, failed).certificate == (1.0, 2.0)
    assert read(answers, 160 + KEPT_SECONDS).offset == LEAD
    assert read(answers, 160 + KEPT_SECONDS + 1).offset is None
    assert read(answers, 160 + KEPT_SECONDS + 1).certificate is None
    back = answers.with_sighting(sighting(480, LEAD), 0)
    assert (read(back, 480).up, read(back, 480).offset) == (True, LEAD)


def test_a_step_forgets() -> None:
    """Nothing is known until a poll that was begun after the step has ended; a failed one brings nothing back."""
    answers = Answers(epoch=0, most=5).with_sighting(sighting(100, LEAD), 0)
    assert answers.reading("apiserver", at(101), 1) is None
    failed = answers.with_failure(102, 1)
    assert (read(failed, 102, 1).up, read(failed, 102, 1).offset) == (False, None)
    asked = answers.with_sighting(sighting(102), 1)
    assert read(asked, 103, 1).offset == 0
    # A poll that was begun before the step, and ended after it, is of before.
    assert answers.with_sighting(sighting(102), 0).reading("apiserver", at(103), 1) is None


def test_the_earliest_of_five_counts() -> None:
    """One of several servers that is behind rejects first, whichever was asked last."""
    answers = Answers(epoch=0, most=5)
    for number, off in enumerate([-LEAD, 0, 0, 0, 0]):
        answers = answers.with_sighting(sighting(number, off), 0)
        assert read(answers, number).offset == -LEAD
    assert read(answers, 5).spread == LEAD
    answers = answers.with_sighting(sighting(5), 0)
    assert (read(answers, 5).offset, read(answers, 5).spread) == (0, 0)


@pytest.mark.parametrize(("most", "counts"), [(1, 0.0), (5, -LEAD)])
def test_only_where_several_answer(most: int, counts: float) -> None:
    """Other clocks are one clock: the newest answer counts."""
    answers = Answers(epoch=0, most=most).with_sighting(sighting(0, -LEAD), 0).with_sighting(sighting(1), 0)
    assert read(answers, 1).offset == counts
    assert answers.is_news() is (most == 5)


def test_old_answers_do_not_count() -> None:
    """Of a server that is asked seldom, only what it said in the last five minutes."""
    answers = Answers(epoch=0, most=5).with_sighting(sighting(0, -LEAD), 0).with_sighting(sighting(KEPT_SECONDS + 1), 0)
    assert read(answers, KEPT_SECONDS + 1).offset == 0


def test_a_server_that_counts_polls_as_failed_logins_is_asked_less() -> None:
    """Every ten minutes while it answers so; a failed poll is repeated as soon as any other's."""
    answers = Answers(epoch=0).with_sighting(replace(sighting(0), unauthorized=True), 0)
    assert answers.pause(60) == 600
    assert answers.with_failure(600, 0).pause(60) == 60
    assert answers.with_sighting(sighting(600), 0).pause(60) == 60
    # It is carried over the longer pause.
    waiting = replace(answers, due=660.0)
    assert read(waiting, 660 + KEPT_SECONDS).offset == 0
    assert read(waiting, 660 + KEPT_SECONDS + 1).offset is None


@given(
    st.lists(st.tuples(st.floats(0.1, 100), st.sampled_from([-LEAD, 0.0, LEAD, None])), min_size=1, max_size=30),
    st.integers(1, 5),
)
def test_the_offset_is_one_that_was_seen(polls: list[tuple[float, float | None]], most: int) -> None:
    """Whatever answers and fails, an offset is the earliest of what answered lately, and `up` is the latest poll."""
    answers, boot = Answers(epoch=0, most=most), 0.0
    seen: list[float] = []
    for wait, off in polls:
        boot += wait
        if off is None:
            answers = answers.with_failure(boot, 0)
        else:
            answers = answers.with_sighting(sighting(boot, off), 0)
            seen = [off, *seen][:most]
        reading = read(answers, boot)
        assert reading.up is (off is not None)
        if reading.offset is not None:
            assert min(seen) - 0.001 <= reading.offset <= max(seen) + 0.001
