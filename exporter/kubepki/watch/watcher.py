"""Directories to watch -> "something changed".

Events are hints: the kernel's queue overflows, watchdog dies in silence, remote file systems say nothing. The periodic
rescan is the guarantee. So nothing here raises, and what cannot be watched is polled and said to be.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from watchdog.events import FileSystemEvent

from kubepki.disk.disk import Disk
from kubepki.disk.tree import Facts, Place, Trace
from kubepki.watch.observers import CHANGE_KINDS, ENTRY_KINDS, MAX_DIRECTORIES, Observers
from kubepki.watch.probe import Probe
from kubepki.watch.schedule import POLLING_INTERVAL_SECONDS
from kubepki.watch.set import WatchSet, explain

_MANY_CHANGES = 1_000


class Watcher:
    """Watches directories and calls *mark* for each change that can matter.

    *mark* is called from watchdog's thread, and from the thread that calls `update` or `supervise` when a directory
    has just been watched, for what happened before was not announced. It must be quick and take no lock that those
    callers hold. *hurry* is called, beside *mark*, for changes of what `hurry_for` names. `update`, `supervise` and
    `stop` are for one thread at a time; `up`, `degraded`, `events` and `alive` are for any. What is remote is polled,
    unless it is the file system of the root directory. *probe*
    raises the `OSError` with which a directory cannot be watched.
    """

    def __init__(  # noqa: PLR0913 - each is a seam for what a test cannot make the kernel do
        self,
        mark: Callable[[], None],
        *,
        log: logging.Logger,
        hurry: Callable[[], None] = lambda: None,
        probe: Callable[[str], None] | None = None,
        now: Callable[[], float] = time.monotonic,
        max_directories: int = MAX_DIRECTORIES,
        disk: Disk | None = None,
    ) -> None:
        self._mark = mark
        self._hurry = hurry
        self._hurried: frozenset[str] = frozenset()
        self._log = log
        self._max_directories = max_directories
        self._disk = disk or Disk()
        self._probe = Probe()
        self._set = WatchSet(Observers(self._on_event, probe=probe or self._probe), now=now)
        self._facts: Mapping[str, Facts | None] = {}
        self._wanted: tuple[str, ...] = ()
        self._first: frozenset[str] = frozenset()
        self._turned_away: Mapping[str, str] = {}
        self._lock = threading.Lock()
        self._events = 0
        self._changed: set[str] | None = None
        # Replaced as a whole, so that other threads read them without a lock.
        self._interests: Mapping[str, frozenset[str] | None] = {}
        self._reasons: Mapping[str, str | None] = {}

    def update(self, wanted: Iterable[str], *, first: Iterable[str] = ()) -> None:
        """Set the directories whose content matters, by any path; absent ones and links are fine.

        Parents, links on the way and the nearest ancestor of an absent one are found here and need not be given.
        Those in *first* are served first when not all can be watched.
        """
        self._first = frozenset(first)
        self._wanted = tuple(sorted({*wanted, *self._first}, key=lambda path: (path not in self._first, path)))
        self.supervise()

    def hurry_for(self, paths: frozenset[str]) -> None:
        """Call *hurry* for changes of *paths*, named by their real directories, from now on."""
        self._hurried = paths

    def supervise(self) -> None:
        """Make what is watched agree with the disk: call it before each scan and at each interval.

        Where changes may have passed unseen meanwhile it calls *mark* itself.
        """
        traces = self._disk.traces(self._wanted)
        interests = _interests(traces, self._first)
        self._facts = self._disk.facts(interests)
        # To ask for the events of a file system that does not answer hangs for ever.
        local = {path: names for path, names in interests.items() if not _may_hang(self._facts[path])}
        chosen = dict(tuple(local.items())[: self._max_directories])
        if not self._set.intact():
            self._log.warning("the thread that delivers file events died: another one is started")
        renewed = chosen != self._interests
        self._interests = chosen
        identities = {path: _identity(self._facts[path]) for path in chosen}
        if self._set.sync({path: names is None for path, names in chosen.items()}, identities) or renewed:
            with self._lock:
                self._changed = None
            self._mark()
        reasons = {path: self._reason(path, found) for path, found in traces.items()}
        self._tell(reasons)
        self._reasons = reasons

    def take_changed(self) -> frozenset[str] | None:
        """Return the paths, by their real directories, that events have named since the last call.

        None where there may be others: when what is watched has changed, or where there are too many.
        """
        with self._lock:
            changed, self._changed = self._changed, set()
        return None if changed is None else frozenset(changed)

    def up(self, directory: str) -> bool:
        """Whether events flow for *directory*, for an absent one: on its nearest ancestor; False is polling only."""
        return self._reasons.get(directory, "not wanted") is None

    def degraded(self) -> bool:
        """Whether some wanted directory is only polled, so that the scans should come more often."""
        return any(reason is not None for reason in self._reasons.values())

    def interval(self, wanted: float) -> float:
        """Return how many seconds after a look the next one is due, where *wanted* are enough while events flow."""
        return min(wanted, POLLING_INTERVAL_SECONDS) if self.degraded() else wanted

    def events(self) -> int:
        """Return how many file system events asked for a scan."""
        return self._events

    def alive(self) -> bool:
        """Whether the thread that delivers events is alive, or none is needed; `supervise` starts another."""
        return self._set.intact()

    def stop(self) -> None:
        """Stop all watching and wait for its threads."""
        self._set.stop()
        self._probe.close()
        self._reasons = dict.fromkeys(self._reasons, "stopped")

    def _on_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in CHANGE_KINDS:
            return
        paths = [os.fsdecode(path) for path in (event.src_path, getattr(event, "dest_path", "")) if path]
        if any(self._concerns(path, event.event_type) for path in paths):
            with self._lock:
                self._events += 1
                if self._changed is not None:
                    self._changed.update(paths)
                    if len(self._changed) > _MANY_CHANGES:
                        self._changed = None
            self._mark()
            if not self._hurried.isdisjoint(paths):
                self._hurry()

    def _concerns(self, path: str, kind: str) -> bool:
        interests = self._interests
        parent, _, name = path.rpartition("/")
        names = interests.get(parent or "/", frozenset())
        if names is None or name in names:
            return True
        # The directory itself: watchdog calls it modified whenever an entry comes or goes.
        return path in interests and (interests[path] is None or kind in ENTRY_KINDS)

    def _reason(self, path: str, found: Trace) -> str | None:
        """Return why events do not suffice for this path, None where they do."""
        directory = found.main.directory
        if found.refusal is not None:
            return explain(found.refusal)
        facts = self._facts.get(directory)
        if facts is not None and facts.remote is not None:
            return f"{facts.remote} announces no changes made elsewhere: this is normal there"
        if directory not in self._interests:
            return f"{self._max_directories} directories are watched already: name fewer"
        if not self._set.watches(directory):
            # Neither watched nor refused: it vanished meanwhile, and the next call finds its ancestor.
            return self._set.refusals().get(directory, self._reasons.get(path))
        return None

    def _tell(self, reasons: Mapping[str, str | None]) -> None:
        for path, reason in reasons.items():
            before = self._reasons.get(path)
            if reason is not None and reason != before:
                self._log.warning("%s is polled, for its events are not reliable: %s", path, reason)
            elif reason is None and before is not None:
                self._log.info("%s is watched again: its events flow", path)
        refusals = self._set.refusals()
        for directory in refusals.keys() - self._turned_away.keys():
            self._log.info("the directory %s cannot be watched: %s", directory, refusals[directory])
        self._turned_away = refusals


def _may_hang(facts: Facts | None) -> bool:
    return facts is not None and facts.remote is not None and not facts.own


def _identity(facts: Facts | None) -> tuple[int, int] | None:
    return None if facts is None else (facts.device, facts.inode)


def _interests(traces: Mapping[str, Trace], first: frozenset[str]) -> Mapping[str, frozenset[str] | None]:
    """Return for each real directory the entries of interest (None: all), the most important directories first."""
    places: list[Place] = []
    for group in (first, traces.keys() - first):
        found = [traces[path] for path in traces if path in group]
        places += [one.main for one in found]
        places += [turn for one in found for turn in one.turns]
    interests: dict[str, frozenset[str] | None] = {}
    for place in places:
        before = interests.get(place.directory, frozenset())
        interests[place.directory] = None if place.name is None or before is None else before | {place.name}
    return interests
