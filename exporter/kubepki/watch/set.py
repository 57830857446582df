"""Keeps the set of watched directories in step with the disk and with what the kernel allows."""

import errno
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kubepki.watch.observers import Observers

RETRY_SECONDS = 5.0
MAX_STARTS = 10  # of one directory in RETRY_SECONDS: enough for a person at work, too few for a loop

ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
_AGAIN = "it is tried again"
_ADVICE = {
    errno.EMFILE: "raise sysctl fs.inotify.max_user_instances, or the limit of open files",
    errno.ENFILE: "raise sysctl fs.file-max",
    errno.ENOSPC: "raise sysctl fs.inotify.max_user_watches",
    errno.EACCES: "give the exporter read permission, or CAP_DAC_READ_SEARCH",
    errno.EPERM: "allow the inotify system calls",
    errno.ENOSYS: "allow the inotify system calls",
    errno.EAGAIN: "raise the limit of threads (TasksMax)",
}


def explain(error: OSError) -> str:
    """Return in one line why events are refused and what to do about it."""
    number = error.errno or 0
    return f"{error.strerror or error}: {_ADVICE.get(number, _AGAIN)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    whole: bool
    identity: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    reason: str
    retry_at: float


class WatchSet:
    """The real directories that are watched now, and why others are not. For one thread at a time.

    *whole* of a directory says whether all changes in it matter, or only which entries come and go.
    """

    def __init__(self, observers: Observers, *, now: Callable[[], float] = time.monotonic) -> None:
        self._observers = observers
        self._now = now
        self._watched: dict[str, _Watched] = {}
        self._refused: dict[str, _Refused] = {}
        self._starts: dict[str, tuple[float, ...]] = {}

    def sync(self, whole: Mapping[str, bool], identities: Mapping[str, tuple[int, int] | None]) -> bool:
        """Watch the directories of *whole* and no other; return whether changes may have passed unseen meanwhile.

        *identities* are the device and inode of each of them now, None of one that is not there.

        Replaces a watch whose emitter has died or whose path leads to another inode by now (recreated, renamed,
        mounted over), and tries again what was refused RETRY_SECONDS ago.
        """
        if not self._observers.intact():
            self._observers.stop()
            self._watched.clear()
        dead = self._observers.dead()
        for directory, watched in tuple(self._watched.items()):
            kept = directory not in dead and identities.get(directory) == watched.identity
            if not kept or whole.get(directory) is not watched.whole:
                self._observers.remove(directory)
                del self._watched[directory]
        self._refused = {key: value for key, value in self._refused.items() if key in whole}
        self._starts = {key: value for key, value in self._starts.items() if key in whole}
        unseen = False
        for directory, all_changes in whole.items():
            if directory not in self._watched:
                unseen |= self._start(directory, identities.get(directory), whole=all_changes)
        return unseen

    def watches(self, directory: str) -> bool:
        """Whether events of *directory* arrive."""
        return directory in self._watched

    def refusals(self) -> Mapping[str, str]:
        """Return for each refused directory the reason and what to do, in one line."""
        return {directory: refused.reason for directory, refused in self._refused.items()}

    def intact(self) -> bool:
        """Whether the thread that delivers events is alive, or none is needed."""
        return self._observers.intact()

    def stop(self) -> None:
        """Stop all watching and wait for its threads."""
        self._observers.stop()
        self._watched.clear()

    def _start(self, directory: str, identity: tuple[int, int] | None, *, whole: bool) -> bool:
        """Watch *directory* unless it was refused lately; return whether the disk may have changed unseen."""
        now = self._now()
        refused = self._refused.get(directory)
        if refused is not None and now < refused.retry_at:
            return False
        starts = tuple(then for then in self._starts.get(directory, ()) if then > now - RETRY_SECONDS)
        if len(starts) >= MAX_STARTS:
            self._refuse(directory, f"its watch ended {MAX_STARTS} times in {RETRY_SECONDS:g} s: {_AGAIN}", now)
            return False
        self._starts[directory] = (*starts, now)
        try:
            self._observers.add(directory, whole=whole)
        except OSError as error:
            if error.errno in ABSENT:
                return True
            self._refuse(directory, explain(error), now)
            return False
        # A directory replaced since *identity* was read differs at the next call, and is watched anew.
        self._watched[directory] = _Watched(whole=whole, identity=identity)
        self._refused.pop(directory, None)
        return True

    def _refuse(self, directory: str, reason: str, now: float) -> None:
        self._refused[directory] = _Refused(reason=reason, retry_at=now + RETRY_SECONDS)
