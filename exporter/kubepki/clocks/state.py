"""Facts that outlive a restart: one small JSON file in the state directory.

It holds the last time at which the clock was synchronised, with the CLOCK_BOOTTIME of that moment, and for each link
that was seen its last target and what the kernel thought of its clock when that change happened. Only the service
writes it; another command that wants to keep something uses a file of its own beside it. Without a directory, or where
it cannot be written, everything works on in memory. Recording never touches the disk: `flush` does, on a thread that
may wait.
"""

import logging
import os
import threading
from collections.abc import Collection
from pathlib import Path

from kubepki.clocks import forgotten
from kubepki.clocks.state_file import MAX_LINKS, from_json, read, to_json, write_atomically
from kubepki.clocks.steps import ClockPair, step_between
from kubepki.model import Rotation

FILE_NAME = "state.json"
MAX_DAMAGED_FILES = 9
SYNCHRONIZED_WRITE_INTERVAL_SECONDS = 60.0

log = logging.getLogger(__name__)


class State:
    """The state directory's content, read once at construction. Safe to use from any thread."""

    def __init__(self, directory: str | None, *, writable: bool = True) -> None:
        """Read DIRECTORY/state.json; without *writable* nothing on the disk is ever changed."""
        self._path = None if directory is None else Path(directory) / FILE_NAME
        self._writable = writable
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._failed = False
        self._dirty = False
        self._last_synchronized: float | None = None
        self._boot_then: float | None = None
        self._rotations: dict[str, Rotation] = {}
        self._sources: frozenset[str] = frozenset()
        self._departed = False
        if self._path is not None:
            self._load(self._path)
            self.take_forgotten()
        self._written_synchronized: float | None = self._last_synchronized

    @property
    def last_synchronized(self) -> float | None:
        """Host time when the clock was last seen synchronised, None if never."""
        with self._lock:
            return self._last_synchronized

    def kept(self, pair: ClockPair) -> bool | None:
        """Return whether the clock has run on from the last synchronised time to *pair*, False where it was set.

        None where that is not known. At a boot CLOCK_BOOTTIME begins anew: one is told from a setting as long as the
        host is not up for as long as it was then.
        """
        with self._lock:
            last, boot = self._last_synchronized, self._boot_then
        if last is None or boot is None or pair.boot < boot:
            return None
        return step_between(ClockPair(host=last, boot=boot, width=0.0), pair) is None

    def rotations(self) -> tuple[Rotation, ...]:
        """Return what is remembered of each link, ordered by path."""
        with self._lock:
            return tuple(self._rotations[path] for path in sorted(self._rotations))

    def links(self) -> tuple[str, ...]:
        """Return the paths of all links that are remembered, ordered."""
        return tuple(rotation.path for rotation in self.rotations())

    def sources(self) -> frozenset[str]:
        """Return the optional files that were there once, and so are expected."""
        with self._lock:
            return self._sources

    def departed(self) -> bool:
        """Return whether the host has left its cluster, and nothing of one was seen since."""
        with self._lock:
            return self._departed

    def note_departed(self, *, departed: bool) -> None:
        """Remember whether the host has left its cluster."""
        with self._lock:
            self._dirty |= departed is not self._departed
            self._departed = departed

    def rotation(self, path: str) -> Rotation | None:
        """Return what is remembered of the link *path*."""
        with self._lock:
            return self._rotations.get(path)

    def record_change(self, path: str, target: str, *, synchronized: bool | None) -> None:
        """Remember that the link *path* now points at *target*, and what the kernel thought of its clock then.

        The oldest change gives way beyond 1,000 links, so that the file stays small.
        """
        with self._lock:
            self._rotations.pop(path, None)
            self._rotations[path] = Rotation(path=path, target=target, clock_synchronized=synchronized)
            while len(self._rotations) > MAX_LINKS:
                del self._rotations[next(iter(self._rotations))]
            self._dirty = True

    def note_sources(self, paths: Collection[str]) -> None:
        """Remember that the optional files *paths* were there; no more than 1,000 of them."""
        with self._lock:
            known = self._sources.union(paths)
            if known != self._sources and len(known) <= MAX_LINKS:
                self._sources = known
                self._dirty = True

    def take_forgotten(self) -> frozenset[str]:
        """Forget what an operator asked to forget; return those paths."""
        if self._path is None:
            return frozenset()
        directory = str(self._path.parent)
        paths = forgotten.asked(directory)
        if paths:
            with self._lock:
                self._sources -= paths
                self._rotations = {path: each for path, each in self._rotations.items() if path not in paths}
                self._dirty = True
            if self._writable and self.flush():
                forgotten.taken(directory)
        return paths

    def keep_only(self, paths: Collection[str]) -> None:
        """Forget every link that is not in *paths*: those that a reload no longer names or that are gone."""
        with self._lock:
            for path in [path for path in self._rotations if path not in paths]:
                del self._rotations[path]
                self._dirty = True
            if not self._sources <= frozenset(paths):
                self._sources &= frozenset(paths)
                self._dirty = True

    def note_synchronized(self, pair: ClockPair) -> None:
        """Remember that the clock is synchronised at *pair*; due on the disk once a minute."""
        host_time = pair.host
        with self._lock:
            self._last_synchronized, self._boot_then = host_time, pair.boot
            written = self._written_synchronized
            if written is None or abs(host_time - written) >= SYNCHRONIZED_WRITE_INTERVAL_SECONDS:
                self._dirty = True

    def note_unsynchronized(self) -> None:
        """Make the last synchronised time due on the disk: it will not be renewed."""
        with self._lock:
            if self._last_synchronized != self._written_synchronized:
                self._dirty = True

    def flush(self, *, everything: bool = False) -> bool:
        """Write what is due, or *everything* that differs; return whether the disk is up to date.

        The write is atomic and durable. A failure is logged once, and tried again at the next call.
        """
        if self._path is None or not self._writable:
            return False
        with self._write_lock:
            with self._lock:
                due = self._dirty or (everything and self._last_synchronized != self._written_synchronized)
                if not due:
                    return not self._failed
                last_synchronized = self._last_synchronized
                known = (last_synchronized, self._boot_then, self._rotations.values(), self._sources)
                text = to_json(*known, departed=self._departed)
                self._dirty = False
            try:
                write_atomically(self._path, text)
            except OSError as error:
                with self._lock:
                    self._dirty = True
                if not self._failed:
                    log.warning(
                        "the state directory cannot be written, so a restart will forget what was seen: %s", error
                    )
                self._failed = True
                return False
            if self._failed:
                log.info("the state directory can be written again")
            self._failed = False
            with self._lock:
                self._written_synchronized = last_synchronized
            return True

    def _load(self, path: Path) -> None:
        try:
            data = read(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            reason = error.strerror or error
            log.warning("the state file %s cannot be read and is left alone; going on in memory: %s", path, reason)
            self._writable = False
            return
        try:
            found = from_json(data)
        except (ValueError, RecursionError) as error:
            self._set_aside(path, str(error))
            return
        self._last_synchronized, self._boot_then, self._rotations, self._sources, self._departed = found

    def _set_aside(self, path: Path, why: str) -> None:
        if not self._writable:
            log.warning("the state file %s is damaged and ignored: %s", path, why)
            return
        number = 1
        while number < MAX_DAMAGED_FILES and os.path.lexists(f"{path}.damaged-{number}"):
            number += 1
        aside = f"{path}.damaged-{number}"
        try:
            path.rename(aside)
        except OSError as error:
            log.warning("the state file %s is damaged (%s) and cannot be set aside: %s", path, why, error)
            return
        log.warning("the state file %s is damaged (%s); it is now %s and the state starts empty", path, why, aside)
