"""What is far from both of its ends is not judged at length: it would be nothing."""

from hypothesis import given
from hypothesis import strategies as st

from kubepki.judgement.belief import believe
from kubepki.judgement.validity import is_unquestioned, span, validity
from kubepki.model import Certificate, PathState, Reading, ReferenceReading, Snapshot, Standing, Usage

NOW, DAY = 1_800_000_000.0, 86_400.0
offsets = st.one_of(st.none(), st.floats(-400 * DAY, 400 * DAY))
certificates = st.builds(
    lambda usage, begin, life: Certificate(
        entry="0",
        usage=usage,
        subject="CN=a",
        issuer="CN=b",
        serial="01",
        fingerprint_sha256="0" * 64,
        not_before=NOW + begin,
        not_after=NOW + begin + life,
    ),
    st.sampled_from(Usage),
    st.floats(-800 * DAY, 30 * DAY),
    st.floats(0, 4_000 * DAY),
)


@given(
    st.lists(certificates, min_size=1, max_size=3),
    st.booleans() | st.none(),
    offsets,
    offsets,
    offsets,
    st.booleans(),
)
def test_what_is_unquestioned_has_no_finding(  # noqa: PLR0913, PLR0917 - what clocks may say
    held: list[Certificate],
    synchronized: bool | None,  # noqa: FBT001 - hypothesis gives it
    judge: float | None,
    other: float | None,
    rtc: float | None,
    given_time: bool,  # noqa: FBT001 - as above
) -> None:
    """Whatever the clocks say and however they contradict each other."""
    state = PathState(path="/a.pem", standing=Standing.CURRENT, certificates=tuple(held))
    reading = Reading(
        host_time=NOW,
        given=given_time,
        synchronized=synchronized,
        rtc_offset=rtc,
        references=tuple(
            ReferenceReading(clock=clock, up=True, offset=offset)
            for clock, offset in (("apiserver", judge), ("ntp/a", other))
        ),
    )
    belief = believe(Snapshot(paths=(state,)), reading)
    times = span(reading, belief)
    for each in held:
        if is_unquestioned(each, times):
            assert not list(validity(state, each, reading, belief))
