"""The belief: which time is believed, how surely, and which clock is wrong, over a whole table of clocks."""

from dataclasses import replace
from itertools import product

import pytest

from kubepki.judgement.belief import Belief, Sureness, believe
from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.fallbacks import repair_times
from kubepki.judgement.witnesses import HARDWARE, HOST, Trust
from kubepki.model import Certificate, PathState, Reading, ReferenceReading, Snapshot, Standing, Usage

TRUE = 1_800_000_000.0
LEAD = 7_860.0
DAY = 86_400.0
OFFS = (0.0, LEAD, -LEAD)
EMPTY = Snapshot()


def reading(
    host: float, *, synchronized: bool | None, earliest: float | None = None, **references: float | None
) -> Reading:
    """Return clocks that are off true time by the given seconds; None is one that does not answer."""
    return Reading(
        host_time=TRUE + host,
        synchronized=synchronized,
        earliest=earliest,
        references=tuple(
            ReferenceReading(
                clock=name.replace("_", "/"), up=off is not None, offset=None if off is None else off - host
            )
            for name, off in references.items()
        ),
    )


def repairs(belief: Belief) -> dict[str, float]:
    """Return the times at which a candidate has to be valid, none of which is refused."""
    repair = repair_times(belief, Reading(host_time=TRUE))
    assert repair.refusal is None
    return dict(repair.times)


def test_a_time_that_is_given_is_believed() -> None:
    """A person's time is the strongest evidence, and no clock is accused by it."""
    belief = believe(EMPTY, Reading(host_time=TRUE, given=True))
    assert (belief.sureness, belief.now, belief.earliest, belief.latest) == (Sureness.SURE, TRUE, TRUE, TRUE)
    assert repairs(belief) == {"the given time": TRUE}


@pytest.mark.parametrize(("host", "synchronized", "judge"), [*product(OFFS, (True, False, None), (*OFFS, None))])
def test_an_outside_clock_is_believed_and_accuses_what_is_wrong(
    *, host: float, synchronized: bool | None, judge: float | None
) -> None:
    """With a right clock outside, exactly the wrong clocks are accused, each by its own error."""
    belief = believe(EMPTY, reading(host, synchronized=synchronized, apiserver=judge, ntp_a=0.0))
    assert belief.sureness is Sureness.SURE
    assert belief.now == pytest.approx(TRUE)
    assert belief.wrong(HOST) == (pytest.approx(host) if host else None)
    assert belief.wrong(JUDGE) == (pytest.approx(judge) if judge else None)
    assert belief.silent == (() if judge is not None else (JUDGE,))


@pytest.mark.parametrize("judge", [LEAD, -LEAD])
def test_a_host_that_was_just_corrected_is_never_accused(judge: float) -> None:
    """A synchronised host is believed beside an API server that is still wrong."""
    belief = believe(EMPTY, reading(0.0, synchronized=True, apiserver=judge))
    assert (belief.sureness, belief.now) == (Sureness.SURE, TRUE)
    assert belief.wrong(HOST) is None
    assert belief.wrong(JUDGE) == pytest.approx(judge)
    assert repairs(belief) == {"this host's clock": TRUE, "the API server's clock": pytest.approx(TRUE + judge)}


@pytest.mark.parametrize(("host", "synchronized", "judge"), [*product(OFFS, (False, None), OFFS)])
def test_without_a_strong_clock_nobody_is_accused(*, host: float, synchronized: bool | None, judge: float) -> None:
    """Two weak clocks are believed where they agree, though not surely; else nobody can tell, and no repair is made."""
    belief = believe(EMPTY, reading(host, synchronized=synchronized, apiserver=judge))
    assert belief.wrong(HOST) is None
    assert belief.wrong(JUDGE) is None
    if host == judge:
        assert (belief.sureness, belief.now) == (Sureness.LIKELY, TRUE + host)
    else:
        assert (belief.sureness, belief.now) == (Sureness.CANNOT_TELL, None)
        assert set(belief.contradictions) == {HOST, JUDGE}
        assert belief.needs_a_time


@pytest.mark.parametrize("judge", [None, 0.0])
def test_a_host_in_1970(judge: float | None) -> None:
    """A lower bound refutes it: the API server alone is believed, and without one nobody can tell the time."""
    belief = believe(EMPTY, reading(-TRUE, synchronized=False, earliest=TRUE - DAY, apiserver=judge))
    assert belief.clocks[-1].trust is Trust.REFUTED
    if judge is None:
        assert (belief.sureness, belief.now, belief.earliest) == (Sureness.CANNOT_TELL, None, TRUE - DAY)
        assert belief.wrong(HOST) == pytest.approx(DAY - TRUE)
        assert belief.needs_a_time
    else:
        assert belief.sureness is Sureness.LIKELY
        assert belief.now == pytest.approx(TRUE)
        assert belief.wrong(HOST) == pytest.approx(-TRUE)


def _with_authority(not_before: float) -> Snapshot:
    authority = Certificate(
        entry="0",
        usage=Usage.CA,
        subject="CN=ca",
        issuer="CN=ca",
        serial="01",
        fingerprint_sha256="0" * 64,
        not_before=not_before,
        not_after=not_before + 3650 * DAY,
    )
    return Snapshot(paths=(PathState(path="/ca.crt", standing=Standing.CURRENT, certificates=(authority,)),))


@pytest.mark.parametrize(
    ("not_before", "refuted"), [(TRUE - DAY, False), (TRUE + LEAD, False), (TRUE + DAY, False), (TRUE + DAY + 1, True)]
)
def test_a_host_that_is_before_all_its_authorities(*, not_before: float, refuted: bool) -> None:
    """More than a day before the first CA is before any lead of a signer: the host is refuted."""
    belief = believe(_with_authority(not_before), reading(0.0, synchronized=False))
    assert (belief.sureness is Sureness.CANNOT_TELL) is refuted


def test_the_last_synchronised_time_is_a_lower_bound() -> None:
    """A clock that went back behind the time at which it was right is wrong."""
    now = Reading(host_time=TRUE, synchronized=False, last_synchronized=TRUE + DAY)
    assert believe(EMPTY, now).wrong(HOST) == -DAY


@pytest.mark.parametrize("synchronized", [False, None])
def test_a_host_that_is_alone(*, synchronized: bool | None) -> None:
    """Its time is believed for want of another, but nothing is repaired by it."""
    belief = believe(EMPTY, reading(0.0, synchronized=synchronized, apiserver=None))
    assert (belief.sureness, belief.now) == (Sureness.ALONE, TRUE)
    assert belief.needs_a_time


def _outside(*offs: float, synchronized: bool | None = None) -> Belief:
    return believe(
        EMPTY, reading(0.0, synchronized=synchronized, **{f"ntp_{index}": off for index, off in enumerate(offs)})
    )


def test_strong_clocks_that_contradict_each_other() -> None:
    """Most votes win, a synchronised host votes, a tie is not decided; who disagrees is named."""
    assert _outside(0.0, LEAD).sureness is Sureness.CANNOT_TELL
    assert _outside(0.0, LEAD, synchronized=True).now == TRUE
    assert _outside(0.0, LEAD, synchronized=True).contradictions == ("ntp/1",)
    assert _outside(0.0, LEAD, 1.0).contradictions == ("ntp/1",)
    # One clock outside is stronger than the kernel's opinion, which a wrong server of the room may have given.
    assert _outside(LEAD, synchronized=True).now == TRUE + LEAD
    assert _outside(LEAD, synchronized=True).contradictions == (HOST,)


@pytest.mark.parametrize("apiserver", [LEAD, 0.0, None])
@pytest.mark.parametrize("outside", [{}, {"ntp_a": 0.0}])
def test_what_a_daemon_wrote_that_followed_a_wrong_server(
    *, apiserver: float | None, outside: dict[str, float]
) -> None:
    """The room's server was ahead, and chronyd wrote so; it is corrected, and who follows it now is right at once."""
    corrected = reading(0.0, synchronized=True, earliest=TRUE - 60 * DAY, apiserver=apiserver, **outside)
    belief = believe(EMPTY, replace(corrected, synchronized_then=(TRUE + LEAD - 600, "chronyd was synchronized")))
    assert (belief.sureness, belief.now) == (Sureness.SURE, TRUE)
    assert belief.wrong(JUDGE) == (LEAD if apiserver else None)


@pytest.mark.parametrize(("kept", "refuted"), [(None, True), (False, False)])
def test_what_a_daemon_wrote_refutes_a_clock_that_nobody_vouches_for(*, kept: bool | None, refuted: bool) -> None:
    """It shows that a clock is days behind; who sets a clock back says that what it wrote before was wrong."""
    behind = reading(-3 * DAY, synchronized=False, earliest=TRUE - 60 * DAY)
    then = (TRUE - 3_600, "systemd-timesyncd was synchronized")
    belief = believe(EMPTY, replace(behind, kept=kept, synchronized_then=then))
    assert (belief.sureness is Sureness.CANNOT_TELL) is refuted


@pytest.mark.parametrize(("behind", "refuted"), [(LEAD, False), (2 * DAY, True)])
def test_what_a_daemon_wrote_accuses_no_api_server_of_hours(*, behind: float, refuted: bool) -> None:
    """In 1970 again, after a night in which the room's server was ahead: the API server is corrected, and is right."""
    woken = reading(-TRUE, synchronized=False, earliest=TRUE - 60 * DAY, apiserver=0.0)
    belief = believe(EMPTY, replace(woken, synchronized_then=(TRUE + behind, "chronyd was synchronized")))
    assert (belief.sureness is Sureness.CANNOT_TELL) is refuted
    assert (belief.wrong(JUDGE) is None) is not refuted


def test_a_bound_that_a_disputed_clock_gave_accuses_nobody() -> None:
    """Ahead and lately synchronised to that, beside two outside of which one is right: its own word bounds nothing."""
    kept = reading(LEAD, synchronized=False, ntp_right=0.0, ntp_behind=-LEAD)
    belief = believe(EMPTY, replace(kept, kept=True, last_synchronized=TRUE + LEAD - 3_600))
    assert belief.sureness is Sureness.CANNOT_TELL
    assert belief.earliest is not None
    assert belief.earliest <= TRUE - LEAD
    assert [belief.wrong(each) for each in (HOST, "ntp/right", "ntp/behind")] == [None, None, None]


@pytest.mark.parametrize(("off", "wrong"), [(120.0, False), (120.001, True), (-120.0, False), (-120.001, True)])
def test_two_minutes_are_no_error(*, off: float, wrong: bool) -> None:
    """The limit itself is right still."""
    belief = believe(EMPTY, reading(off, synchronized=False, ntp_a=0.0))
    assert (belief.wrong(HOST) is not None) is wrong


def test_the_hardware_clock_is_accused_but_decides_nothing() -> None:
    """After a repair it is told, for the next boot begins with it; it never votes."""
    now = Reading(host_time=TRUE, synchronized=True, rtc_offset=LEAD)
    assert believe(EMPTY, now).wrong(HARDWARE) == LEAD
    alone = Reading(host_time=TRUE, synchronized=False, rtc_offset=LEAD)
    assert (believe(EMPTY, alone).now, believe(EMPTY, alone).sureness) == (TRUE, Sureness.ALONE)
