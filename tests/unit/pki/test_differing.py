"""Where two snapshots differ: never less than what differs, and little more."""

from hypothesis import given
from hypothesis import strategies as st

from kubepki.model import PathState, Standing
from kubepki.pki.differing import differing

POOL = tuple(PathState(path=f"/{number:04}", standing=Standing.CURRENT) for number in range(1_200))
OTHER = tuple(PathState(path=state.path, standing=Standing.SUPERSEDED) for state in POOL)


@given(st.integers(0, 1_200), st.sets(st.integers(0, 1_199), max_size=3), st.sets(st.integers(0, 1_199), max_size=3))
def test_all_that_differs_is_among_it(length: int, gone: set[int], other: set[int]) -> None:
    """Whatever is left out, added or changed, and however long the snapshots are."""
    before = POOL[:length]
    after = tuple(OTHER[at] if at in other else POOL[at] for at in range(1_200) if at not in gone)
    for old, new in ((before, after), (after, before), (POOL, after), (after, POOL)):
        ours, theirs = differing(old, new)
        assert set(old) ^ set(new) == set(ours) ^ set(theirs)
        assert len(old) - len(ours) == len(new) - len(theirs)


def test_what_is_the_same_is_left_out() -> None:
    """One change among many gives one state of each."""
    after = (*POOL[:700], OTHER[700], *POOL[701:])
    assert differing(POOL, after) == ((POOL[700],), (OTHER[700],))
    assert differing(POOL, POOL) == ((), ())
    assert differing(POOL, (*POOL[:700], *POOL[701:])) == ((POOL[700],), ())
