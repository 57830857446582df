"""Whether a file could replace another is one answer, with words for a person and without them for a scrape."""

from hypothesis import given
from hypothesis import strategies as st

from kubepki.judgement.fallbacks import RepairTimes, fallback_objections, is_usable, usable_fallbacks
from kubepki.model import Candidate, Certificate, PathState, Period, Standing, Usage

NOW = 1_800_000_000.0
# Around each border: what a room's clocks differ by, the margins, and lives from minutes to years.
NEAR = st.sampled_from([0.0, 1.0, 119.0, 120.0, 121.0, 300.0, 301.0, 1_800.0, 86_400.0, 86_401.0, 1e7])
TIMES = st.builds(lambda sign, by: NOW + sign * by, st.sampled_from([-1, 1]), NEAR)
WHOSE = st.sampled_from(["the host's clock", "the API server's clock", "the given time"])


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    """Return a candidate with or without a certificate, and with or without objections."""
    path = f"/pki/{draw(st.integers(0, 99))}.pem"
    leaf = None
    if draw(st.integers(0, 9)):
        leaf = Certificate(
            entry="0",
            usage=Usage.CLIENT,
            subject="CN=a",
            issuer="CN=b",
            serial="01",
            fingerprint_sha256="00" * 32,
            not_before=draw(TIMES),
            not_after=draw(TIMES),
        )
    periods = st.builds(Period, not_before=TIMES, not_after=TIMES)
    return Candidate(
        path=path,
        leaf=leaf,
        objections=draw(st.sampled_from([(), (), (), ("its key is missing",)])),
        trusted=tuple(draw(st.lists(periods, max_size=2))),
    )


repairs = st.builds(
    RepairTimes,
    times=st.lists(st.tuples(WHOSE, TIMES), max_size=3).map(tuple),
    margin=st.sampled_from([300.0, 86_400.0]),
    kubelet=TIMES,
    given=st.booleans(),
    by_life=st.booleans(),
)


@given(st.lists(candidates(), max_size=5), repairs)
def test_the_short_answer_is_the_long_one(found: list[Candidate], repair: RepairTimes) -> None:
    """A candidate is usable exactly where no words stand against it."""
    for each in found:
        assert is_usable(each, repair) is not bool(fallback_objections(each, repair))
    state = PathState(path="/pki/link.pem", standing=Standing.CURRENT, candidates=tuple(found))
    assert sorted(each.path for each in usable_fallbacks(state, repair)) == sorted(
        each.path for each in found if not fallback_objections(each, repair)
    )
