"""Directories to watch -> "something changed".

Events are hints: the kernel's queue overflows, watchdog dies in silence, remote file systems say nothing. The periodic
rescan is the guarantee. So nothing here raises, and what cannot be watched is polled and said to be.
"""

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watchdog.events import FileSystemEvent

from kubepki.observers import CHANGE_KINDS, ENTRY_KINDS, MAX_DIRECTORIES, Observers, remote_file_system
from kubepki.watch_tree import Place, Trace, trace

RETRY_SECONDS = 5.0
RESTARTS = 5

_ADVICE = {
    errno.EMFILE: "raise sysctl fs.inotify.max_user_instances or the limit of open files",
    errno.ENFILE: "raise sysctl fs.file-max",
    errno.ENOSPC: "raise sysctl fs.inotify.max_user_watches",
    errno.EACCES: "give the exporter read permission on the directory, or CAP_DAC_READ_SEARCH",
    errno.EPERM: "allow the inotify system calls",
    errno.ENOSYS: "allow the inotify system calls",
    errno.EAGAIN: "raise the limit of threads (TasksMax)",
}

_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    whole: bool
    identity: _Identity


@dataclass(slots=True, kw_only=True)
class _Refused:
    reason: str
    retry_at: float
    restarts: int = 0


class Watcher:
    """Watches directories and calls *mark* for each change that can matter.

    *mark* is called from watchdog's thread, and from the thread that calls `update` or `supervise` when a directory
    has just been watched (what changed before that was not announced); it must be quick and hold no lock that those
    callers hold. `update`, `supervise` and `stop` are for one thread at a time; `up`, `degraded`, `events` and `alive`
    are for any.
    """

    def __init__(
        self,
        mark: Callable[[], None],
        *,
        log: logging.Logger,
        observers: Callable[[Callable[[FileSystemEvent], None]], Observers] = Observers,
        now: Callable[[], float] = time.monotonic,
        max_directories: int = MAX_DIRECTORIES,
    ) -> None:
        self._mark = mark
        self._log = log
        self._now = now
        self._max_directories = max_directories
        self._observers = observers(self._on_event)
        self._wanted: tuple[str, ...] = ()
        self._first: frozenset[str] = frozenset()
        self._watched: dict[str, _Watched] = {}
        self._refused: dict[str, _Refused] = {}
        self._starts: dict[str, list[float]] = {}
        self._unwatched = 0
        self._lock = threading.Lock()
        self._events = 0
        # Replaced as a whole, so that other threads read them without a lock.
        self._interests: dict[str, frozenset[str] | None] = {}
        self._up: dict[str, bool] = {}

    def update(self, wanted: Iterable[str], *, first: Iterable[str] = ()) -> None:
        """Set the directories whose content matters, by any path; absent ones and links are fine.

        Parents, links on the way and the nearest ancestor of an absent one are found here and need not be given.
        Those in *first* are served first when not all can be watched.
        """
        self._first = frozenset(first)
        self._wanted = tuple(sorted({*wanted, *self._first}, key=lambda path: (path not in self._first, path)))
        self.supervise()

    def supervise(self) -> None:
        """Make what is watched agree with the disk: call it before each scan and at each interval."""
        traces = {path: trace(path) for path in self._wanted}
        interests = _interests(traces, self._first)
        if not self._observers.intact():
            self._log.warning("the observer of file events died: a new one is started")
            self._observers.stop()
            self._watched.clear()
        chosen = dict(list(interests.items())[: self._max_directories])
        dead = self._observers.dead()
        for directory in list(self._watched):
            watched = self._watched[directory]
            wanted = directory in chosen and watched.whole == (chosen[directory] is None)
            if not wanted or directory in dead or _identity(directory) != watched.identity:
                self._observers.remove(directory)
                del self._watched[directory]
        self._interests = chosen
        started = [self._start(directory, whole=names is None) for directory, names in chosen.items()]
        for directory in self._refused.keys() - chosen.keys():
            del self._refused[directory]
        for directory in self._starts.keys() - chosen.keys():
            del self._starts[directory]
        self._publish(traces, len(interests) - len(chosen))
        if any(started):
            self._mark()

    def up(self, directory: str) -> bool:
        """Whether events flow for *directory*, for an absent one: on its nearest ancestor; False is polling only."""
        return self._up.get(directory, False)

    def degraded(self) -> bool:
        """Whether some wanted directory is only polled, so that the scans should come more often."""
        return not all(self._up.values())

    def events(self) -> int:
        """Return how many file system events asked for a scan."""
        return self._events

    def alive(self) -> bool:
        """Whether the thread that delivers events is alive, or none is needed."""
        return self._observers.intact()

    def stop(self) -> None:
        """Stop all watching and wait for its threads."""
        self._observers.stop()
        self._watched.clear()
        self._up = dict.fromkeys(self._up, False)

    def _on_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in CHANGE_KINDS:
            return
        paths = (event.src_path, getattr(event, "dest_path", ""))
        if not any(self._concerns(os.fsdecode(path), event.event_type) for path in paths if path):
            return
        with self._lock:
            self._events += 1
        self._mark()

    def _concerns(self, path: str, kind: str) -> bool:
        interests = self._interests
        parent, _, name = path.rpartition("/")
        parent = parent or "/"
        if parent in interests:
            names = interests[parent]
            if names is None or name in names:
                return True
        # The directory itself: what changes it also touches an entry, but its removal and its mode do not.
        return path in interests and (interests[path] is None or kind in ENTRY_KINDS)

    def _start(self, directory: str, *, whole: bool) -> bool:
        """Watch *directory* unless it is watched or was refused lately; return whether it was started."""
        if directory in self._watched:
            return False
        now = self._now()
        refused = self._refused.get(directory)
        if refused is not None and now < refused.retry_at:
            return False
        recent = [then for then in self._starts.get(directory, []) if then > now - RETRY_SECONDS]
        if len(recent) >= RESTARTS:
            self._refuse(
                directory, f"its watch ended {RESTARTS} times in {RETRY_SECONDS:g} s", "it is tried again", now
            )
            return False
        identity = _identity(directory)
        try:
            self._observers.add(directory, whole=whole)
        except OSError as error:
            # ENOENT: it went away since the trace, and the next call finds its ancestor.
            advice = _ADVICE.get(error.errno or 0, "it is tried again")
            self._refuse(directory, error.strerror or str(error), advice, now)
            return False
        if identity is None or identity != _identity(directory):
            self._observers.remove(directory)
            self._mark()
            return False
        self._starts[directory] = [*recent, now]
        self._watched[directory] = _Watched(whole=whole, identity=identity)
        if self._refused.pop(directory, None) is not None:
            self._log.info("events flow again from %s", directory)
        return True

    def _refuse(self, directory: str, reason: str, advice: str, now: float) -> None:
        refused = self._refused.get(directory)
        if refused is None or refused.reason != reason:
            self._log.warning("no events from %s: %s; it is polled instead; %s", directory, reason, advice)
        self._refused[directory] = _Refused(reason=reason, retry_at=now + RETRY_SECONDS)

    def _publish(self, traces: dict[str, Trace], unwatched: int) -> None:
        if unwatched != self._unwatched and unwatched:
            self._log.warning(
                "%d directories are polled: no more than %d are watched; name fewer directories",
                unwatched,
                self._max_directories,
            )
        self._unwatched = unwatched
        up = {}
        for path, found in traces.items():
            remote = remote_file_system(found.main.directory)
            up[path] = found.refusal is None and remote is None and found.main.directory in self._watched
            before = self._up.get(path, True)
            if before and found.refusal is not None:
                advice = _ADVICE.get(found.refusal.errno or 0, "it is tried again")
                self._log.warning("no events from %s: %s; it is polled instead; %s", path, found.refusal, advice)
            elif before and remote is not None:
                self._log.warning(
                    "%s is on %s, which does not announce changes made elsewhere: it is polled as well", path, remote
                )
        self._up = up


def _identity(directory: str) -> _Identity | None:
    try:
        status = os.stat(directory)  # noqa: PTH116 - paths are str throughout
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _interests(traces: dict[str, Trace], first: frozenset[str]) -> dict[str, frozenset[str] | None]:
    """Return for each real directory the entries of interest (None: all), the most important directories first."""
    places: list[Place] = []
    for group in (first, traces.keys() - first):
        found = [traces[path] for path in traces if path in group]
        places += [one.main for one in found]
        places += [turn for one in found for turn in one.turns]
    interests: dict[str, frozenset[str] | None] = {}
    for place in places:
        before = interests.get(place.directory, frozenset())
        names = None if place.name is None or before is None else before | {place.name}
        interests[place.directory] = names
    return interests
