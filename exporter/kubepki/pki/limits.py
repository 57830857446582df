"""How much of a host is told, whatever lies on it: what components present now is never left out first. Pure."""

from dataclasses import replace
from operator import attrgetter

from kubepki.model import PathState, Snapshot, Standing
from kubepki.pki import layout

# A host has one link for each kind of certificate of its kubelet.
MAX_REMEMBERED_LINKS = 64
_CERTIFICATES = attrgetter("certificates")
# Certificates beyond one for each file: chains and bundles.
_FURTHER = 5_000


def most_certificates(max_files: int) -> int:
    """Return how many certificates are told of at most, where *max_files* files are looked at."""
    return max_files + _FURTHER


def within(snapshot: Snapshot, most: int) -> Snapshot:
    """Return *snapshot* with at most *most* certificates; those that are left out are counted where they were.

    The last to go is what a `-current.pem` holds, then the first certificate of each other current file, then the rest
    of them; superseded ones go first.
    """
    if sum(map(len, map(_CERTIFICATES, snapshot.paths))) <= most:
        return snapshot
    ranked = sorted(
        (_rank(state, position), index, position)
        for index, state in enumerate(snapshot.paths)
        for position in range(len(state.certificates))
    )
    kept: dict[int, int] = {}
    for _, index, _ in ranked[:most]:
        kept[index] = kept.get(index, 0) + 1
    paths = tuple(_cut(state, kept.get(index, 0)) for index, state in enumerate(snapshot.paths))
    return replace(snapshot, paths=paths)


def remember(known: frozenset[str], seen: frozenset[str]) -> frozenset[str]:
    """Return *known* with those of *seen* that there is room for; what is known first stays."""
    room = max(0, MAX_REMEMBERED_LINKS - len(layout.remembered_links(tuple(known))))
    links = layout.remembered_links(tuple(seen - known))
    return known | (seen - links) | frozenset(sorted(links)[:room])


def _rank(state: PathState, position: int) -> int:
    if layout.current_prefix(state.path.rpartition("/")[2]) is not None:
        return 0
    if state.standing is Standing.CURRENT:
        return 1 if position == 0 else 2
    return 3


def _cut(state: PathState, kept: int) -> PathState:
    left_out = len(state.certificates) - kept
    if not left_out:
        return state
    return replace(state, certificates=state.certificates[:kept], omitted=state.omitted + left_out)
