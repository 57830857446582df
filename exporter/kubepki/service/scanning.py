"""The loop disk -> snapshot -> publication: what is due, what changed, what was missed.

A thread of its own does it, so that a path that hangs holds up no signal, no watchdog and no scrape. It publishes one
immutable value by one assignment; a scrape reads it once.
"""

import contextlib
import logging
import os
import select
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from kubepki.clocks.clocks import Clocks
from kubepki.clocks.setup import api_server
from kubepki.clocks.steps import Step
from kubepki.disk.disk import Disk, Interrupted
from kubepki.disk.process import LookingProcess
from kubepki.logs import tell
from kubepki.model import Health, Snapshot
from kubepki.pki.layout import current_prefix
from kubepki.pki.limits import MAX_REMEMBERED_LINKS, remember
from kubepki.pki.parsing_process import ParsingProcess, parsing_process
from kubepki.pki.password import read_password
from kubepki.pki.publish import Publication, publish
from kubepki.pki.scan import Scanner, ScanResult
from kubepki.service.telling import Telling
from kubepki.settings import ConfigError, Settings
from kubepki.watch.schedule import POLLING_INTERVAL_SECONDS, Schedule
from kubepki.watch.watcher import Watcher

log = logging.getLogger(__name__)

_SETTLE_SECONDS = 0.1
_PATIENCE_SECONDS = 0.5
# Every wait of a scan is shorter and every step gives a sign of life: one without it will not come back.
_OVERDUE_SECONDS = 25.0
_SLOW_SECONDS = 1.0
_END_SECONDS = 0.5
_MANY_LINKS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the scan loop has published: the latest snapshot, None before the first scan, and what the service knows."""

    snapshot: Snapshot | None = None
    health: Health


class PkiWatch:
    """Watches and scans what the settings name, and publishes a snapshot.

    *told* is called, from the thread that scans, when the first look is over.
    """

    def __init__(
        self,
        settings: Settings,
        clocks: Clocks,
        *,
        health: Health,
        remembered: frozenset[str],
        told: Callable[[], None],
    ) -> None:
        self._clocks = clocks
        self._told = told
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="scan", daemon=True)
        self._errands: list[Callable[[], None]] = []
        self._at_work_since: float | None = None
        self._told_of_too_many = False
        self._told_slow: tuple[str, float] | None = None
        self._looking = LookingProcess(seconds=settings.scan.file_budget, interrupted=self._is_left)
        self._disk = Disk(self._looking)
        self._schedule = Schedule(interval=settings.scan.interval)
        self._watcher = Watcher(self.mark, log=logging.getLogger("kubepki.watch"), disk=self._disk)
        self._telling = Telling(clocks)
        self._publication: Publication | None = None
        self._raw: Snapshot | None = None
        self._changes: Counter[str] = Counter()
        self._remembered = remembered
        self._interrupted = False
        self._reread_at = 0.0
        # True until a scan has ended well: what an event named before is looked at with everything else.
        self._whole_next = True
        self._events_before = 0
        self._unexplained = 0
        self._patient_until = 0.0
        # True for the scan after the start or a reload: what differs then is no change of the disk.
        self._forgiving = True
        # The one cell that other threads read: replaced by assignment, never changed.
        self.published = Published(health=health)
        # True once the first look is over, well or badly.
        self.looked = False
        self._parser: ParsingProcess | None = None
        self._take(settings)

    def start(self) -> None:
        """Start the thread that looks."""
        self._thread.start()

    def do(self, errand: Callable[[], None]) -> None:
        """Let the thread that scans do *errand*, between two scans; for any thread."""
        with self._lock:
            self._errands.append(errand)
        self._wake()

    def alive(self) -> bool:
        """Return whether scans end within their budget: a path that hangs is left, the thread goes on."""
        since = self._at_work_since
        return self._thread.is_alive() and (since is None or time.monotonic() - since < _OVERDUE_SECONDS)

    def slow_paths(self) -> tuple[tuple[str, float], ...]:
        """Return the paths that are being looked at, or have not answered, for more than a second; with the seconds."""
        now = time.monotonic()
        since = {**self._scanner.parsing(), **self._looking.silent}
        return tuple(sorted((path, now - then) for path, then in since.items() if now - then > _SLOW_SECONDS))

    def mark(self) -> None:
        """Note that something changed; for any thread."""
        with self._lock:
            self._schedule.mark(time.monotonic())
        self._wake()

    def note_step(self, step: Step) -> None:
        """Note a step of the clock: the disk is looked at again at once, and one line tells what it means."""
        self._telling.note_step(step)
        with self._lock:
            self._schedule.wake_at(time.monotonic())
        self._wake()

    def note_poll(self) -> None:
        """Note that another clock was asked: what it says may change a judgement."""
        self._telling.note()
        self._wake()

    def reload(self, settings: Settings) -> None:
        """Take new settings; links that were seen before are forgotten. Raises ConfigError and changes nothing."""
        self._take(settings)
        self._remembered = frozenset()
        self._publication = None
        self._forgiving = True
        with self._lock:
            self._schedule.wake_at(time.monotonic())

    def note_reload(self, *, successful: bool, at: float) -> None:
        """Publish how the reading of the configuration at host time *at* ended; *at* of a failure is not kept."""
        before = self.published.health.last_reload_success_time
        self._know(last_reload_successful=successful, last_reload_success_time=at if successful else before)

    def _run(self) -> None:
        self._begin_processes()
        poller = select.poll()
        poller.register(self._wake_fd, select.POLLIN)
        while not self._interrupted:
            self._scan_if_due()
            self._telling.tell(self.published.snapshot)
            if not self.looked:
                self.looked = True
                self._told()
            self._wait(poller)
            with self._lock:
                errands, self._errands = self._errands, []
            for errand in errands:
                try:
                    errand()
                except Exception:
                    log.exception("this failed; the service goes on")

    def _wait(self, poller: select.poll) -> None:
        """Sleep until a scan is due, somebody wakes this thread, or a path answers that did not."""
        with self._lock:
            wait = max(0.0, min(self._schedule.due_at() - time.monotonic(), self._telling.seconds()))
            dirty = self._schedule.dirty
        if dirty:
            self._begin_processes()
        news = self._looking.fileno()
        if news >= 0:
            poller.register(news, select.POLLIN)
        ready = [descriptor for descriptor, _ in poller.poll(wait * 1000)]
        if news >= 0:
            poller.unregister(news)
        if self._wake_fd in ready:
            os.eventfd_read(self._wake_fd)
        if news in ready and self._looking.take_news():
            with self._lock:
                self._schedule.wake_at(time.monotonic())

    def _begin_processes(self) -> None:
        """Start what a scan will ask; what cannot be started says so when it is asked."""
        with contextlib.suppress(ConfigError):
            self._looking.begin()
            if self._parser is not None:
                self._parser.begin()

    def _is_left(self) -> bool:
        """Return whether nobody waits for the scan any more; whoever asks gives a sign of life."""
        now = time.monotonic()
        if self._at_work_since is not None:
            self._at_work_since = now
        for path, since in self._scanner.parsing().items():
            if now - since > _SLOW_SECONDS and self._told_slow != (path, since):
                self._told_slow = (path, since)
                tell(log, logging.DEBUG, "still parsing a file", path=path)
        return self._interrupted

    def _wake(self) -> None:
        os.eventfd_write(self._wake_fd, 1)

    def _scan_if_due(self) -> None:
        """Scan and publish where a scan is due."""
        started = time.monotonic()
        with self._lock:
            if not self._schedule.due(started):
                return
            whole = self._whole_next or self._schedule.whole_due(started)
            self._schedule.started(started, whole=whole)
        self._at_work_since = started
        self._whole_next = True
        try:
            self._scan(started, whole=whole)
        finally:
            self._at_work_since = None

    def _scan(self, started: float, *, whole: bool) -> None:
        reread = started >= self._reread_at
        try:
            self._watcher.supervise()
            events = self._watcher.events()
            self._remembered -= self._clocks.take_forgotten()
            changed = self._watcher.take_changed()
            result = self._scanner.scan(self._remembered, reread=reread, changed=None if whole else changed)
            self._finish(result, started=started)
            self._events_before = events
            self._whole_next = False
        except Interrupted:
            return
        except Exception:
            # One bad scan must not end the service: the last snapshot stands and the counter rises.
            self._know(scan_failures=self.published.health.scan_failures + 1)
            log.exception("a scan failed; the last snapshot stands")
        else:
            if reread:
                self._reread_at = started + self._settings.scan.reread_interval
        ended = time.monotonic()
        self._know(scans=self.published.health.scans + 1, last_scan_duration=ended - started)
        with self._lock:
            self._schedule.finished(ended)
        self._telling.note()

    def interrupt(self) -> None:
        """Leave the scan that runs, and any later one; for a signal handler."""
        self._interrupted = True
        self._wake()

    def stop(self) -> None:
        """End all watching; a thread that hangs is left to itself."""
        self.interrupt()
        if self._thread.ident is not None:
            self._thread.join(_END_SECONDS)
        if self._thread.is_alive():
            log.warning("the thread that looks at the disk hangs, and is left")
            return
        self._watcher.stop()
        self._scanner.close()
        self._disk.close()

    def _take(self, settings: Settings) -> None:
        password = read_password(settings.pki)
        self._settings = settings
        parser = parsing_process(settings.scan, interrupted=self._is_left)
        if self._parser is not None:
            self._parser.close()
        self._parser = parser
        self._looking.seconds = settings.scan.file_budget
        self._scanner = Scanner(
            settings.pki,
            settings.scan,
            password=password,
            parser=parser,
            disk=self._disk,
            interrupted=self._is_left,
        )
        self._reread_at = time.monotonic() + settings.scan.reread_interval
        with self._lock:
            self._schedule.set_interval(settings.scan.interval)

    def _finish(self, result: ScanResult, *, started: float) -> None:
        self._count_missed(result.snapshot, started)
        self._raw = result.snapshot
        if result.departed:
            tell(log, logging.INFO, "this host has left its cluster: all that was expected is gone, and is forgotten")
            self._remembered = frozenset()
            self._clocks.keep_links(self._remembered)
        self._remember(result.current_links | result.optional)
        self._clocks.see_sources(result.optional)
        self._publication = publish(self._publication, result.snapshot, time.monotonic())
        snapshot = self._publication.snapshot
        links = {
            state.path: state.link
            for state in snapshot.paths
            if state.link is not None
            and (current_prefix(state.path.rpartition("/")[2]) is None or state.path in self._remembered)
        }
        for path in self._clocks.see_links(links):
            self._changes[path] += 1
        if len(self._changes) > _MANY_LINKS:
            self._changes = Counter({path: count for path, count in self._changes.items() if path in links})
        if self._forgiving:
            self._clocks.keep_links(frozenset(links) | self._remembered)
        self._forgiving = False
        if self.published.snapshot is None:
            tell(log, logging.INFO, watching(snapshot))
            # The first scrape tells of the watch too; later ones have the news at once.
            watch_up = self._follow(result)
            self._publish(snapshot, watch_up)
        else:
            self._publish(snapshot, self.published.health.watch_up)
            self._know(watch_up=self._follow(result))
        with self._lock:
            degraded = self._watcher.degraded()
            interval = self._settings.scan.interval
            self._schedule.set_interval(min(interval, POLLING_INTERVAL_SECONDS) if degraded else interval)
            if result.unsettled:
                self._schedule.wake_at(started + _SETTLE_SECONDS, whole=False)
            if self._unexplained:
                self._schedule.wake_at(self._patient_until)
            if self._publication.due_at is not None:
                self._schedule.wake_at(self._publication.due_at, whole=False)

    def _remember(self, seen: frozenset[str]) -> None:
        self._remembered = remember(self._remembered, seen)
        if not seen <= self._remembered and not self._told_of_too_many:
            self._told_of_too_many = True
            tell(
                log,
                logging.WARNING,
                f"there were more than {MAX_REMEMBERED_LINKS} -current.pem links: that the others go is not noticed; "
                "kubepki-exporter forget PATH makes room",
            )

    def _publish(self, snapshot: Snapshot, watch_up: tuple[tuple[str, bool], ...]) -> None:
        health = replace(
            self.published.health,
            watch_up=watch_up,
            watch_events=self._watcher.events(),
            symlink_changes=tuple((each.path, self._changes[each.path]) for each in snapshot.paths if each.link),
            # Only a scan that succeeded counts: an old time is what tells that the scans are stale.
            last_scan_time=self._clocks.read().host_time,
        )
        self.published = Published(snapshot=snapshot, health=health)

    def _know(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of Health
        self.published = replace(self.published, health=replace(self.published.health, **changes))

    def _count_missed(self, snapshot: Snapshot, now: float) -> None:
        """Count the changes without an event, a moment later: an event may be on its way when its change is seen."""
        events = self._watcher.events()
        if events != self._events_before:
            self._unexplained = 0
            return
        if self._unexplained and now >= self._patient_until:
            self._know(missed_changes=self.published.health.missed_changes + self._unexplained)
            self._unexplained = 0
        if not self._forgiving and self._raw is not None:
            found = _differences(self._raw, snapshot)
            if found:
                self._unexplained += found
                self._patient_until = now + _PATIENCE_SECONDS

    def _follow(self, result: ScanResult) -> tuple[tuple[str, bool], ...]:
        """Ask and watch what the scan found; return for each configured directory whether events flow."""
        self._clocks.set_api_server(api_server(result.apiserver, self._settings.clock))
        first = [*result.configured, *(path.rpartition("/")[0] for path in result.current_links)]
        self._watcher.update(result.directories, first=first)
        return tuple((path, self._watcher.up(path)) for path in result.configured)


def watching(snapshot: Snapshot) -> str:
    """Return in one line what is watched: how many certificates, in how many files, of which distributions."""
    current = [state for state in snapshot.paths if state.judged]
    certificates = sum(len(state.judged) for state in current)
    of = f" of {', '.join(snapshot.distributions)}" if snapshot.distributions else ""
    return f"watching {certificates} certificates in {len(current)} files{of}"


def _differences(before: Snapshot, after: Snapshot) -> int:
    old = {state.path: state for state in before.paths}
    new = {state.path: state for state in after.paths}
    return sum(1 for path in old.keys() | new.keys() if old.get(path) != new.get(path))
