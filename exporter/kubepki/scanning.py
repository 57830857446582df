"""The loop disk -> snapshot -> publication: what is due, what changed, what was missed.

One thread calls `PkiWatch.scan_if_due`; everything that a scrape reads is replaced by assignment.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from kubepki import disk, layout
from kubepki.clock import Clocks
from kubepki.journal import Journal
from kubepki.model import Fault, Snapshot
from kubepki.publish import Publication, publish
from kubepki.reference_setup import api_server
from kubepki.scan import ScanInterrupted, Scanner, ScanResult
from kubepki.schedule import POLLING_INTERVAL_SECONDS, Schedule
from kubepki.settings import ConfigError, PkiSettings, Settings
from kubepki.steps import Step
from kubepki.watch import Watcher

log = logging.getLogger(__name__)

_SETTLE_SECONDS = 0.1
_PATIENCE_SECONDS = 0.5
_MAX_PASSWORD = 4_096


class PkiWatch:
    """Watches and scans what the settings name, and publishes a snapshot."""

    def __init__(
        self, settings: Settings, clocks: Clocks, *, remembered: frozenset[str], wake: Callable[[], None]
    ) -> None:
        self._clocks = clocks
        self._wake = wake
        self._lock = threading.Lock()
        self._schedule = Schedule(interval=settings.scan.interval)
        self._watcher = Watcher(self.mark, log=logging.getLogger("kubepki.watch"))
        self._journal = Journal()
        self._steps: list[Step] = []
        self._publication: Publication | None = None
        self._raw: Snapshot | None = None
        self._changes: Counter[str] = Counter()
        self._remembered = remembered
        self._interrupted = False
        self._reread_at = 0.0
        self._events_before = 0
        self._unexplained = 0
        self._patient_until = 0.0
        # True for the scan after the start or a reload: what differs then is no change of the disk.
        self._forgiving = True
        self.scans = 0
        self.scan_failures = 0
        self.missed_changes = 0
        self.last_scan_duration = 0.0
        self.last_scan_time = 0.0
        self.watch_up: tuple[tuple[str, bool], ...] = ()
        self.snapshot: Snapshot | None = None
        self._take(settings)

    @property
    def watch_events(self) -> int:
        """How many file system events asked for a scan."""
        return self._watcher.events()

    def symlink_changes(self, snapshot: Snapshot) -> tuple[tuple[str, int], ...]:
        """Return for each link of *snapshot* how often it was seen to change its target."""
        return tuple((state.path, self._changes[state.path]) for state in snapshot.paths if state.link)

    def mark(self) -> None:
        """Note that something changed; for any thread."""
        with self._lock:
            self._schedule.mark(time.monotonic())
        self._wake()

    def note_step(self, step: Step) -> None:
        """Note a step of the clock: the disk is looked at again at once, and one line tells what it means."""
        with self._lock:
            self._steps.append(step)
            self._schedule.wake_at(time.monotonic())
        self._wake()

    def reload(self, settings: Settings) -> None:
        """Take new settings; links that were seen before are forgotten. Raises ConfigError and changes nothing."""
        self._take(settings)
        self._remembered = frozenset()
        self._publication = None
        self._forgiving = True
        with self._lock:
            self._schedule.wake_at(time.monotonic())

    def seconds_to_next_scan(self) -> float:
        """Return how long the loop may sleep."""
        with self._lock:
            return max(0.0, self._schedule.due_at() - time.monotonic())

    def scan_if_due(self) -> None:
        """Scan and publish where a scan is due."""
        started = time.monotonic()
        with self._lock:
            if not self._schedule.due(started):
                return
            self._schedule.started(started)
            steps, self._steps = self._steps, []
        reread = started >= self._reread_at
        try:
            self._watcher.supervise()
            events = self._watcher.events()
            result = self._scanner.scan(self._remembered, reread=reread)
            self._finish(result, started=started)
            self._events_before = events
        except ScanInterrupted:
            return
        except Exception:
            # One bad scan must not end the service: the last snapshot stands and the counter rises.
            self.scan_failures += 1
            log.exception("a scan failed; the last snapshot stands")
        else:
            if reread:
                self._reread_at = started + self._settings.scan.reread_interval
        self.scans += 1
        ended = time.monotonic()
        self.last_scan_duration = ended - started
        with self._lock:
            self._schedule.finished(ended)
        self._tell(steps)

    def interrupt(self) -> None:
        """Leave the scan that runs, and any later one; for a signal handler."""
        self._interrupted = True

    def stop(self) -> None:
        """End all watching."""
        self._watcher.stop()

    def _take(self, settings: Settings) -> None:
        password = read_password(settings.pki)
        self._settings = settings
        self._scanner = Scanner(settings.pki, settings.scan, password=password, interrupted=lambda: self._interrupted)
        self._reread_at = time.monotonic() + settings.scan.reread_interval
        with self._lock:
            self._schedule.set_interval(settings.scan.interval)

    def _finish(self, result: ScanResult, *, started: float) -> None:
        self._count_missed(result.snapshot, started)
        self._raw = result.snapshot
        self._remembered |= result.current_links
        self._publication = publish(self._publication, result.snapshot, time.monotonic())
        snapshot = self._publication.snapshot
        links = {state.path: state.link for state in snapshot.paths if state.link is not None}
        for path in self._clocks.see_links(links):
            self._changes[path] += 1
        if self._forgiving:
            self._clocks.keep_links(frozenset(links) | self._remembered)
        self._forgiving = False
        # Only a scan that succeeded counts: an old time is what tells that the scans are stale.
        self.last_scan_time = self._clocks.read().host_time
        if self.snapshot is None:
            # The first scrape tells of the watch too; later ones have the news at once.
            self._follow(result)
            self.snapshot = snapshot
        else:
            self.snapshot = snapshot
            self._follow(result)
        with self._lock:
            degraded = self._watcher.degraded()
            interval = self._settings.scan.interval
            self._schedule.set_interval(min(interval, POLLING_INTERVAL_SECONDS) if degraded else interval)
            if result.unsettled:
                self._schedule.wake_at(started + _SETTLE_SECONDS)
            if self._unexplained:
                self._schedule.wake_at(self._patient_until)
            if self._publication.due_at is not None:
                self._schedule.wake_at(self._publication.due_at)

    def _count_missed(self, snapshot: Snapshot, now: float) -> None:
        """Count the changes without an event, a moment later: an event may be on its way when its change is seen."""
        events = self._watcher.events()
        if events != self._events_before:
            self._unexplained = 0
            return
        if self._unexplained and now >= self._patient_until:
            self.missed_changes += self._unexplained
            self._unexplained = 0
        if not self._forgiving and self._raw is not None:
            found = _differences(self._raw, snapshot)
            if found:
                self._unexplained += found
                self._patient_until = now + _PATIENCE_SECONDS

    def _follow(self, result: ScanResult) -> None:
        """Ask and watch what the scan found."""
        self._clocks.set_api_server(api_server(result.apiserver, self._settings.clock))
        first = [*result.configured, *(path.rpartition("/")[0] for path in result.current_links)]
        self._watcher.update(result.directories, first=first)
        self.watch_up = tuple((path, self._watcher.up(path)) for path in result.configured)

    def _tell(self, steps: list[Step]) -> None:
        if self.snapshot is None:
            return
        reading = self._clocks.read()
        for step in steps:
            self._journal.tell_step(step, self.snapshot, reading)
        self._journal.tell_changes(self.snapshot, reading)


def read_password(pki: PkiSettings) -> bytes | None:
    """Return the password of PKCS#12 files without its line end; None where no file is named, ConfigError if unread."""
    if pki.password_file is None:
        return None
    outcome = disk.read(pki.password_file, _MAX_PASSWORD)
    if isinstance(outcome, Fault):
        what = f"the password file {pki.password_file} cannot be read: {outcome.detail}"
        raise ConfigError(what, where="--pki.password-file", hint="name a readable file with one line")
    return outcome[1].rstrip(b"\r\n")


def remembered_links(paths: tuple[str, ...]) -> frozenset[str]:
    """Return those of the links in the state file that are expected: `-current.pem`."""
    return frozenset(path for path in paths if layout.current_prefix(path.rpartition("/")[2]) is not None)


def _differences(before: Snapshot, after: Snapshot) -> int:
    old = {state.path: state for state in before.paths}
    new = {state.path: state for state in after.paths}
    return sum(1 for path in old.keys() | new.keys() if old.get(path) != new.get(path))
