"""A given time that cannot be: by a build, by this host's own past, by signatures, by a clock that is vouched for."""

from dataclasses import replace

import pytest

from kubepki.judgement.given import objection_to
from kubepki.judgement.signed import Signed
from kubepki.model import Reading

NOW = 1_800_000_000.0
HOUR, DAY = 3_600.0, 86_400.0
NOTHING = Signed()
LOOSE = Reading(host_time=NOW, synchronized=False)
VOUCHED = Reading(host_time=NOW, synchronized=True)
KEPT = Reading(host_time=NOW, synchronized=False, kept=True, last_synchronized=NOW - HOUR)


@pytest.mark.parametrize("off", [-365 * DAY, -2 * HOUR, 0.0, 2 * HOUR, 365 * DAY])
def test_a_clock_that_nothing_vouches_for_objects_to_nothing(off: float) -> None:
    """It is why a person gives a time."""
    assert objection_to(NOW + off, NOTHING, LOOSE) is None


@pytest.mark.parametrize("own", [VOUCHED, KEPT])
@pytest.mark.parametrize(
    ("off", "objects"), [(-DAY + 60, False), (DAY - 60, False), (-DAY - 60, True), (DAY + 60, True)]
)
def test_a_day_against_a_clock_that_is_vouched_for(own: Reading, *, off: float, objects: bool) -> None:
    """A room is wrong by hours with its own server; a day is a slip of the pen, in either direction."""
    why = objection_to(NOW + off, NOTHING, own)
    assert (why is not None) is objects
    if why is not None:
        assert ("before this host's clock" if off < 0 else "ahead of this host's clock") in why


@pytest.mark.parametrize("synchronized", [True, False, None])
def test_a_build_is_a_bound_whatever_the_clocks_say(*, synchronized: bool | None) -> None:
    """Nobody gives a time before this program was there; two minutes are no matter."""
    own = Reading(host_time=NOW, synchronized=synchronized, earliest=NOW - 2 * HOUR)
    assert objection_to(NOW - 2 * HOUR - 60, NOTHING, own) is None
    why = objection_to(NOW - 3 * HOUR, NOTHING, own)
    assert why is not None
    assert why.startswith("this program was built at ")


def test_what_a_clock_was_synchronised_to_is_its_own_word() -> None:
    """Hours before it are the truth of a corrected room, days are not; who has set it since, has taken it back."""
    own = replace(LOOSE, last_synchronized=NOW)
    assert objection_to(NOW - 3 * HOUR, NOTHING, own) is None
    assert "it was synchronized at" in (objection_to(NOW - 2 * DAY, NOTHING, own) or "")
    assert objection_to(NOW - 2 * DAY, NOTHING, replace(own, kept=False)) is None
    wrote = replace(LOOSE, synchronized_then=(NOW, "chronyd was synchronized"))
    assert "chronyd was synchronized at" in (objection_to(NOW - 2 * DAY, NOTHING, wrote) or "")


def test_a_host_in_1970_does_not_object_to_the_right_time() -> None:
    """Its kernel may vouch for it all the same: a build refutes that."""
    asleep = Reading(host_time=0.0, synchronized=True, earliest=NOW - 30 * DAY)
    assert objection_to(NOW, NOTHING, asleep) is None


def test_the_year_before() -> None:
    """A slip in the year is before every CA of the host."""
    found = Signed(authority=NOW - 30 * DAY, begins=(NOW - 30 * DAY, NOW), presented=(NOW,))
    assert objection_to(NOW, found, LOOSE) is None
    assert "every CA here was signed later" in (objection_to(NOW - 365 * DAY, found, LOOSE) or "")


def test_the_last_bound_is_told() -> None:
    """Of several that speak against it the latest says most."""
    own = replace(LOOSE, earliest=NOW - 100 * DAY, last_synchronized=NOW - DAY)
    assert "it was synchronized at" in (objection_to(NOW - 200 * DAY, NOTHING, own) or "")
