"""Raw snapshots -> the published one: the one second of grace. Pure.

A rotation has a moment without `current` and a moment with an empty file (client-go's certificate_store.go). So bad
news about a path is held back for `GRACE_SECONDS`, its previous state standing meanwhile: a new fault, its
disappearance, or that it is `current` again because what superseded it is gone. Good news is published at once. The
first snapshot is never held back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter

from kubepki.model import PathState, Snapshot, Standing
from kubepki.pki.differing import differing

GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is published, and since when (monotonic seconds) bad news about which path is held back."""

    snapshot: Snapshot
    held: Mapping[str, float] = field(default_factory=dict)

    @property
    def due_at(self) -> float | None:
        """When the next held news becomes due and the disk should be asked once more; None while nothing is held."""
        return min(self.held.values()) + GRACE_SECONDS if self.held else None


def publish(previous: Publication | None, raw: Snapshot, now: float) -> Publication:
    """Return what to publish at *now*, a monotonic time, after the disk said *raw*."""
    if previous is None:
        return Publication(snapshot=raw)
    old_states, new_states = differing(previous.snapshot.paths, raw.paths)
    before = {state.path: state for state in old_states}
    after = {state.path: state for state in new_states}
    taken = {state.link.target for state in raw.paths if state.link is not None}
    instead: dict[str, PathState | None] = {}
    held: dict[str, float] = {}
    for path in before.keys() | after.keys():
        old, new = before.get(path), after.get(path)
        # A file that a link now points at has not disappeared: it is reported under the link's name.
        is_bad = _is_bad_news(old, new) if new is not None else path not in taken
        since = previous.held.get(path, now)
        if is_bad and now - since < GRACE_SECONDS:
            held[path] = since
            instead[path] = old
    snapshot = _with(raw, instead) if instead else raw
    return Publication(snapshot=previous.snapshot if snapshot == previous.snapshot else snapshot, held=held)


def _with(raw: Snapshot, instead: Mapping[str, PathState | None]) -> Snapshot:
    """Return *raw* with other states of some paths; None is none.

    A held link's old target is kept out under its own name, or one file would be told twice.
    """
    held = [state for state in instead.values() if state is not None]
    targets = {state.link.target for state in held if state.link is not None}
    out = targets | instead.keys()
    paths = [state for state in raw.paths if state.path not in out]
    paths += [state for state in held if state.path not in targets]
    return replace(raw, paths=tuple(sorted(paths, key=attrgetter("path"))))


def _is_bad_news(old: PathState | None, new: PathState) -> bool:
    if old is not None and old.standing is Standing.SUPERSEDED and new.standing is Standing.CURRENT:
        return True
    known = {fault.reason for fault in old.faults} if old is not None else set()
    return not known.issuperset(fault.reason for fault in new.faults)
