"""The one second of grace."""

from kubepki.model import Fault, Link, PathState, Reason, Snapshot, Standing
from kubepki.pki.publish import GRACE_SECONDS, publish

LINK = "/pki/kubelet-client-current.pem"
OLD = "/pki/kubelet-client-2026-01-01-00-00-00.pem"
NEW = "/pki/kubelet-client-2026-02-01-00-00-00.pem"


def state(path: str, *reasons: Reason, target: str | None = None) -> PathState:
    link = Link(target=target, target_mtime=1.0, target_name_time=None) if target else None
    faults = tuple(Fault(reason=reason) for reason in reasons)
    return PathState(path=path, standing=Standing.CURRENT, faults=faults, link=link)


def snapshot(*states: PathState) -> Snapshot:
    return Snapshot(paths=tuple(sorted(states, key=lambda each: each.path)))


GOOD = snapshot(state(LINK, target=OLD))
GONE = snapshot(state(LINK, Reason.MISSING))


def test_the_first_snapshot_is_published_as_it_is() -> None:
    """Nothing is held back at the start."""
    publication = publish(None, GONE, 5.0)
    assert publication.snapshot == GONE
    assert publication.due_at is None


def test_a_new_fault_is_held_back_for_a_second() -> None:
    """The former state stands until the second has passed, and not longer."""
    held = publish(publish(None, GOOD, 0.0), GONE, 10.0)
    assert held.snapshot == GOOD
    assert held.due_at == 10.0 + GRACE_SECONDS
    still = publish(held, GONE, 10.0 + GRACE_SECONDS - 0.001)
    assert still.snapshot == GOOD
    assert publish(still, GONE, 10.0 + GRACE_SECONDS).snapshot == GONE


def test_good_news_ends_the_grace_at_once() -> None:
    """A link that is back with a new target is published at once, and a later fault has a second of its own."""
    held = publish(publish(None, GOOD, 0.0), GONE, 10.0)
    moved = snapshot(state(LINK, target=NEW))
    publication = publish(held, moved, 10.2)
    assert publication.snapshot == moved
    assert publication.due_at is None
    assert publish(publication, GONE, 10.9).due_at == 10.9 + GRACE_SECONDS


def test_changing_bad_news_does_not_prolong_the_grace() -> None:
    """Missing, then empty: the second counts from the first of them."""
    held = publish(publish(None, GOOD, 0.0), GONE, 10.0)
    empty = snapshot(state(LINK, Reason.EMPTY))
    assert publish(held, empty, 10.5).snapshot == GOOD
    assert publish(publish(held, empty, 10.5), empty, 11.0).snapshot == empty


def test_a_disappearance_is_held_back() -> None:
    """A file that is gone stays for a second; then it is gone."""
    first = publish(None, snapshot(state(LINK, target=OLD), state("/pki/ca.crt")), 0.0)
    held = publish(first, GOOD, 1.0)
    assert len(held.snapshot.paths) == 2
    assert publish(held, GOOD, 2.0).snapshot == GOOD


def test_the_target_of_a_link_is_never_told_twice() -> None:
    """The new dated file goes under the link's name at once; a held link keeps its old target for itself."""
    written = publish(publish(None, GOOD, 0.0), snapshot(state(LINK, target=OLD), state(NEW)), 1.0)
    moved = publish(written, snapshot(state(LINK, target=NEW), state(OLD)), 1.1)
    assert [each.path for each in moved.snapshot.paths] == [OLD, LINK]
    held = publish(publish(None, GOOD, 0.0), snapshot(state(LINK, Reason.EMPTY, target=NEW), state(OLD)), 1.0)
    assert [each.path for each in held.snapshot.paths] == [LINK]


def test_a_fault_that_clears_is_published_at_once() -> None:
    """Also where another fault remains."""
    both = snapshot(state(LINK, Reason.EMPTY, Reason.OUTSIDE_DIRECTORY, target=OLD))
    one = snapshot(state(LINK, Reason.OUTSIDE_DIRECTORY, target=OLD))
    assert publish(publish(None, both, 0.0), one, 1.0).snapshot == one


def test_an_unchanged_snapshot_is_the_same_object() -> None:
    """Families that were built for it can be used again."""
    first = publish(None, GOOD, 0.0)
    assert publish(first, snapshot(state(LINK, target=OLD)), 1.0).snapshot is first.snapshot


def test_what_is_told_of_the_host_is_told_again() -> None:
    """The second scan tells what was left out and which distributions are there, as the first did."""
    first = publish(None, Snapshot(ignored=2, distributions=("k3s",), directories=("/d",)), 0.0)
    raw = Snapshot(paths=(state("/a"),), ignored=3, distributions=("k3s",), directories=("/d",))
    second = publish(first, raw, 5.0)
    assert (second.snapshot.ignored, second.snapshot.distributions) == (3, ("k3s",))
    assert second.snapshot.directories == ("/d",)
