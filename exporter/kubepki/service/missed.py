"""Counts the changes that no event announced: what only the periodic look found."""

from kubepki.model import Snapshot
from kubepki.pki.differing import differing

_PATIENCE_SECONDS = 0.5


class MissedChanges:
    """Compares each scan with the one before; an event may be on its way when its change is seen."""

    def __init__(self) -> None:
        self._before: Snapshot | None = None
        self._events = 0
        self._unexplained = 0
        self._patient_until = 0.0

    def count(self, snapshot: Snapshot, events: int, now: float, *, forgiving: bool) -> int:
        """Return how many changes are known by now to have had no event.

        *events* is how many there were so far; with *forgiving*, what differs is no change of the disk.
        """
        missed = 0
        if events != self._events:
            self._unexplained = 0
        else:
            if self._unexplained and now >= self._patient_until:
                missed, self._unexplained = self._unexplained, 0
            found = 0 if forgiving or self._before is None else _differences(self._before, snapshot)
            if found:
                self._unexplained += found
                self._patient_until = now + _PATIENCE_SECONDS
        self._before = snapshot
        return missed

    def note_events(self, events: int) -> None:
        """Note how many events there were before the scan that has ended."""
        self._events = events

    @property
    def due_at(self) -> float | None:
        """When it will be known whether there was an event; None where nothing is unexplained."""
        return self._patient_until if self._unexplained else None


def _differences(before: Snapshot, after: Snapshot) -> int:
    old_states, new_states = differing(before.paths, after.paths)
    old = {state.path: state for state in old_states}
    new = {state.path: state for state in new_states}
    return sum(1 for path in old.keys() | new.keys() if old.get(path) != new.get(path))
