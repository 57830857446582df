"""What the scan loop publishes: one immutable value, replaced by one assignment; a scrape reads it once."""

import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from kubepki.clocks.clocks import Clocks
from kubepki.model import Health, Link, Snapshot
from kubepki.pki.layout import current_prefix
from kubepki.pki.publish import Publication, publish

_MANY_LINKS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the scan loop has published: the latest snapshot, None before the first scan, and what the service knows."""

    snapshot: Snapshot | None = None
    health: Health


class Publisher:
    """Publishes snapshots, bad news held back for a moment, and counts the moves of links. For one thread."""

    def __init__(self, clocks: Clocks, health: Health) -> None:
        self._clocks = clocks
        self._publication: Publication | None = None
        self._moves: Counter[str] = Counter()
        # The one cell that other threads read: replaced by assignment, never changed.
        self.published = Published(health=health)

    def know(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of Health
        """Publish what the service knows of itself now."""
        self.published = replace(self.published, health=replace(self.published.health, **changes))

    def note_failure(self) -> None:
        """Count a scan that failed: it must not end the service, and the last snapshot stands."""
        self.know(scan_failures=self.published.health.scan_failures + 1)

    def begin_anew(self) -> None:
        """Hold nothing of the next snapshot back: it is of other settings."""
        self._publication = None

    def hold_back(self, raw: Snapshot) -> Snapshot:
        """Return what is to be published after the disk said *raw*."""
        self._publication = publish(self._publication, raw, time.monotonic())
        return self._publication.snapshot

    @property
    def due_at(self) -> float | None:
        """When the disk should be asked once more about what is held back (monotonic); None where nothing is."""
        return self._publication.due_at if self._publication is not None else None

    def see_links(self, snapshot: Snapshot, remembered: Collection[str]) -> dict[str, Link]:
        """Count the links of *snapshot* that have moved; return those that the state keeps.

        A `-current.pem` link that is not *remembered* is one of too many.
        """
        links = dict(_kept(snapshot, remembered))
        for path in self._clocks.see_links(links):
            self._moves[path] += 1
        if len(self._moves) > _MANY_LINKS:
            self._moves = Counter({path: count for path, count in self._moves.items() if path in links})
        return links

    def publish(self, snapshot: Snapshot, watch_up: tuple[tuple[str, bool], ...], events: int) -> None:
        """Publish *snapshot* with the state of the watch."""
        health = replace(
            self.published.health,
            watch_up=watch_up,
            watch_events=events,
            symlink_changes=self._changes(snapshot),
            # Only a scan that succeeded counts: an old time is what tells that the scans are stale.
            last_scan_time=self._clocks.read().host_time,
        )
        self.published = Published(snapshot=snapshot, health=health)

    def publish_first(self, snapshot: Snapshot) -> None:
        """Publish *snapshot*, which is no scan: only the links that components present now were looked at."""
        health = replace(self.published.health, symlink_changes=self._changes(snapshot))
        self.published = Published(snapshot=snapshot, health=health)

    def _changes(self, snapshot: Snapshot) -> tuple[tuple[str, int], ...]:
        return tuple((each.path, self._moves[each.path]) for each in snapshot.paths if each.link)


def watching(snapshot: Snapshot) -> str:
    """Return in one line what is watched: how many certificates, in how many files, of which distributions."""
    current = [state for state in snapshot.paths if state.judged]
    certificates = sum(len(state.judged) for state in current)
    of = f" of {', '.join(snapshot.distributions)}" if snapshot.distributions else ""
    return f"watching {certificates} certificates in {len(current)} files{of}"


def _kept(snapshot: Snapshot, remembered: Collection[str]) -> Iterator[tuple[str, Link]]:
    for state in snapshot.paths:
        if state.link is None:
            continue
        if current_prefix(state.path.rpartition("/")[2]) is None or state.path in remembered:
            yield state.path, state.link
