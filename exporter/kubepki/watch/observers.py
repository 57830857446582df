"""watchdog, made dependable: one observer, whose failures can be seen and whose events come at once.

watchdog 2.2 to 6 starts two threads and one inotify instance for each directory, 7 one thread and no instance of its
own; MAX_DIRECTORIES follows from that.
"""

import errno
import importlib
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from watchdog import events
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import inotify, inotify_c

if TYPE_CHECKING:
    from watchdog.observers.api import ObservedWatch

SHARES_INSTANCE = hasattr(inotify_c, "InotifyFD")
MAX_DIRECTORIES = 64 if SHARES_INSTANCE else 32

ENTRY_KINDS = ("created", "deleted", "moved")
CHANGE_KINDS = frozenset({*ENTRY_KINDS, "modified", "closed", "attrib"})

_FILTERS = "event_filter" in inspect.signature(inotify.InotifyObserver.schedule).parameters

# Where watchdog up to 6, and since 7, waits for the second half of a rename.
_PAIRING = (("inotify_buffer", "InotifyBuffer"), ("inotify_move_event_grouper", "InotifyMoveEventGrouper"))


def _kinds(*, whole: bool) -> list[type[FileSystemEvent]]:
    """Return the event classes to ask for; a narrower mask spares us the events of our own reads."""
    names = ["FileCreatedEvent", "DirCreatedEvent", "FileDeletedEvent", "DirDeletedEvent", "FileMovedEvent"]
    names += ["DirMovedEvent"]
    if whole:
        names += ["FileModifiedEvent", "FileClosedEvent", "FileAttribEvent", "DirAttribEvent"]
    return [getattr(events, name) for name in names if hasattr(events, name)]


def _pair_without_delay() -> None:
    """Let a rename through at once.

    watchdog holds the first half of a rename, and all events behind it, for half a second to find the second half.
    Here each half is a change by itself.
    """
    for module, name in _PAIRING:
        with suppress(ImportError):
            pairing: Any = getattr(importlib.import_module(f"watchdog.observers.{module}"), name)
            pairing.delay = 0.0


class _Emitter(inotify.InotifyEmitter):
    """An emitter that ends without a traceback; `intact` sees that it has."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - watchdog's own, which differ by version
        super().__init__(*args, **options)
        self._ending = threading.Lock()

    def on_thread_stop(self) -> None:
        # An emitter stops itself when its directory is deleted, just when we unschedule it: watchdog 2.2 would close
        # the descriptor twice, and the second time it may be somebody else's.
        with self._ending:
            super().on_thread_stop()

    def run(self) -> None:
        # Before 7.1 a stop at the wrong moment raises AttributeError in here, and a race with a removal KeyError.
        with suppress(AttributeError, KeyError, OSError):
            super().run()

    def intact(self) -> bool:
        source: Any = self._inotify
        if not self.is_alive() or source is None:
            return False
        if isinstance(source, threading.Thread):
            return source.is_alive()
        watched = getattr(source, "_active_callbacks_by_watch", None)
        return watched is None or any(number >= 0 for number in tuple(watched))


class _Observer(inotify.InotifyObserver):
    def __init__(self) -> None:
        super().__init__()
        self._emitter_class = _Emitter

    def intact(self) -> bool:
        reader = getattr(self, "_inotify_fd", None)
        return self.is_alive() and (reader is None or reader.is_alive())


class _Handler(FileSystemEventHandler):
    """Passes events on; an exception would end the observer's thread for good."""

    def __init__(self, on_event: Callable[[FileSystemEvent], None]) -> None:
        self._on_event = on_event

    def dispatch(self, event: FileSystemEvent) -> None:
        with suppress(Exception):
            self._on_event(event)


def _started() -> _Observer:
    observer = _Observer()
    try:
        observer.start()
    except RuntimeError as error:
        observer.stop()
        raise _no_thread(error) from error
    return observer


def _no_thread(error: RuntimeError) -> OSError:
    return OSError(errno.EAGAIN, str(error))


class Observers:
    """One watchdog observer that is replaced when it has died. For one thread at a time."""

    def __init__(self, on_event: Callable[[FileSystemEvent], None], *, probe: Callable[[str], None]) -> None:
        _pair_without_delay()
        self._handler = _Handler(on_event)
        self._probe = probe
        self._observer: _Observer | None = None
        self._watches: dict[str, ObservedWatch] = {}

    def add(self, directory: str, *, whole: bool) -> None:
        """Watch the real *directory*, for all changes (*whole*) or only for entries that come and go.

        Raises `OSError` where the kernel refuses, its errno naming the limit or permission that is in the way.
        """
        self._probe(directory)
        if self._observer is None:
            self._observer = _started()
        options: dict[str, Any] = {}
        if _FILTERS:
            options["event_filter"] = _kinds(whole=whole)
        try:
            self._watches[directory] = self._observer.schedule(self._handler, directory, **options)
        except RuntimeError as error:
            raise _no_thread(error) from error

    def remove(self, directory: str) -> None:
        """Stop watching *directory*; one that is not watched is fine."""
        watch = self._watches.pop(directory, None)
        if watch is not None and self._observer is not None:
            with suppress(KeyError):
                self._observer.unschedule(watch)

    def intact(self) -> bool:
        """Whether the observer is alive, or none is needed."""
        return self._observer is None or self._observer.intact()

    def dead(self) -> frozenset[str]:
        """Return the directories whose emitter has ended."""
        if self._observer is None:
            return frozenset(self._watches)
        alive = {
            emitter.watch for emitter in self._observer.emitters if isinstance(emitter, _Emitter) and emitter.intact()
        }
        return frozenset(directory for directory, watch in self._watches.items() if watch not in alive)

    def stop(self) -> None:
        """Stop everything; a later `add` starts anew."""
        observer, self._observer = self._observer, None
        self._watches.clear()
        if observer is not None:
            observer.stop()
            observer.join()
