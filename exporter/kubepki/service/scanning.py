"""The loop disk -> snapshot -> publication: what is due, what changed, what was missed.

A thread of its own does it. It publishes one immutable value by one assignment; a scrape reads it once.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from kubepki.clocks.clocks import Clocks
from kubepki.clocks.setup import api_server
from kubepki.clocks.steps import Step
from kubepki.disk.disk import Interrupted, Overtaken
from kubepki.logs import tell
from kubepki.model import Health
from kubepki.pki.scan_result import ScanResult
from kubepki.service.looking import Looking
from kubepki.service.missed import MissedChanges
from kubepki.service.published import Published, Publisher, watching
from kubepki.service.remembered import Remembered
from kubepki.service.scan_thread import ScanThread
from kubepki.service.telling import Telling
from kubepki.settings import Settings
from kubepki.watch.watcher import Watcher

log = logging.getLogger(__name__)

_SETTLE_SECONDS = 0.1
_END_SECONDS = 0.3
_FAILED = "a scan failed; the last snapshot stands"


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
        self._looking = Looking(settings, interrupted=self._is_left, overtaken=self._is_overtaken)
        self._thread = ScanThread(
            self._scan,
            interval=settings.scan.interval,
            first=self._look_first,
            between=self._between,
            begin=self._looking.begin,
            news=self._looking.process,
        )
        self._watcher = Watcher(
            self._thread.mark, hurry=self._thread.hurry, log=logging.getLogger("kubepki.watch"), disk=self._looking.disk
        )
        self._telling = Telling(clocks)
        self._publisher = Publisher(clocks, health)
        self._missed = MissedChanges()
        self._remembered = Remembered(remembered)
        # True until a scan has ended well: what an event named before is looked at with everything else.
        self._whole_next = True
        # True for the scan after the start or a reload: what differs then is no change of the disk.
        self._forgiving = True
        # True for the scan after one that had no time for all.
        self._went_on = False
        # True once the first look is over, well or badly.
        self.looked = False
        self._settings = settings
        self._reread_at = time.monotonic() + settings.scan.reread_interval

    @property
    def published(self) -> Published:
        """What is published now; for any thread."""
        return self._publisher.published

    def start(self) -> None:
        """Start the thread that looks."""
        self._thread.start()

    def do(self, errand: Callable[[], None]) -> None:
        """Let the thread that scans do *errand*, between two scans; for any thread."""
        self._thread.do(errand)

    def await_news(self) -> None:
        """Wait for a moment where something has changed and is not looked at yet; for any thread."""
        self._thread.await_news()

    def alive(self) -> bool:
        """Return whether scans end within their budget: a path that hangs is left, the thread goes on."""
        return self._thread.alive()

    def slow_paths(self) -> tuple[tuple[str, float], ...]:
        """Return the paths that are being looked at, or have not answered, for more than a second; with the seconds."""
        return self._looking.slow_paths()

    def note_step(self, step: Step) -> None:
        """Note a step of the clock: the disk is looked at again at once, and one line tells what it means."""
        self._telling.note_step(step)
        self._thread.wake_at(time.monotonic())

    def note_poll(self) -> None:
        """Note that another clock was asked: what it says may change a judgement."""
        self._telling.note()
        self._thread.wake()

    def reload(self, settings: Settings) -> None:
        """Take new settings; links that were seen before are forgotten. Raises ConfigError and changes nothing."""
        self._looking.take(settings)
        self._settings = settings
        self._reread_at = time.monotonic() + settings.scan.reread_interval
        self._thread.set_interval(settings.scan.interval)
        self._remembered.forget_all()
        self._publisher.begin_anew()
        self._forgiving = True
        self._thread.wake_at(time.monotonic())

    def note_reload(self, *, successful: bool, at: float) -> None:
        """Publish how the reading of the configuration at host time *at* ended; *at* of a failure is not kept."""
        before = self.published.health.last_reload_success_time
        self._publisher.know(last_reload_successful=successful, last_reload_success_time=at if successful else before)

    def interrupt(self) -> None:
        """Leave the scan that runs, and any later one; for a signal handler."""
        self._thread.interrupt()

    def stop(self) -> None:
        """End all watching; a thread that hangs is left to itself."""
        self._thread.interrupt()
        if not self._thread.join(_END_SECONDS):
            log.warning("the thread that looks at the disk hangs, and is left")
            return
        self._telling.tell_now(self.published.snapshot)
        self._watcher.stop()
        self._looking.close()

    def _between(self) -> float:
        """Tell what is new, and return how long there is nothing to tell."""
        self._telling.tell(self.published.snapshot)
        if not self.looked:
            self.looked = True
            self._told()
        return self._telling.seconds()

    def _is_left(self) -> bool:
        """Return whether nobody waits for the scan any more; whoever asks gives a sign of life."""
        self._thread.sign_of_life()
        return self._thread.interrupted

    def _is_overtaken(self) -> bool:
        return self._thread.overtaken()

    def _look_first(self) -> None:
        """Publish how the links that components present now are, before all else that has changed."""
        before = self.published.snapshot
        if before is None or before.departed:
            return
        try:
            result = self._looking.look_first()
        except Interrupted:
            return
        except Exception:
            self._publisher.note_failure()
            log.exception(_FAILED)
            return
        if result is not None:
            snapshot = self._publisher.hold_back(result.snapshot)
            self._publisher.see_links(snapshot, self._remembered.paths)
            self._publisher.publish_first(snapshot)
            self._watcher.hurry_for(result.first)
            self._telling.note()

    def _scan(self, started: float, whole: bool) -> bool:  # noqa: FBT001 - as the thread calls it
        reread = started >= self._reread_at
        whole, self._whole_next = whole or self._whole_next, True
        try:
            self._watcher.supervise()
            events = self._watcher.events()
            self._remembered.forget(self._clocks.take_forgotten())
            changed = self._watcher.take_changed()
            result = self._looking.scan(
                self._remembered.paths,
                reread=reread,
                changed=None if whole else changed,
                first=self.published.snapshot is not None and not self._forgiving,
            )
            self._finish(result, started=started)
            self._missed.note_events(events)
            self._whole_next = False
        except (Interrupted, Overtaken):
            return False
        except Exception:
            self._publisher.note_failure()
            log.exception(_FAILED)
        else:
            if reread:
                self._reread_at = started + self._settings.scan.reread_interval
        self._publisher.know(scans=self.published.health.scans + 1, last_scan_duration=time.monotonic() - started)
        self._telling.note()
        return True

    def _finish(self, result: ScanResult, *, started: float) -> None:
        forgiving, self._went_on = self._forgiving or self._went_on, result.postponed
        missed = self._missed.count(result.snapshot, self._watcher.events(), started, forgiving=forgiving)
        if missed:
            self._publisher.know(missed_changes=self.published.health.missed_changes + missed)
        if result.departed:
            tell(log, logging.INFO, "this host has left its cluster: all that was expected is gone, and is forgotten")
            self._remembered.forget_all()
            self._clocks.keep_links(self._remembered.paths)
        departed = self._clocks.see_departure(gone=result.departed, empty=result.snapshot.nothing_watched)
        self._remembered.see(result.current_links | result.optional)
        self._clocks.see_sources(result.optional)
        snapshot = self._publisher.hold_back(replace(result.snapshot, departed=True) if departed else result.snapshot)
        links = self._publisher.see_links(snapshot, self._remembered.paths)
        if self._forgiving:
            self._clocks.keep_links(frozenset(links) | self._remembered.paths)
        self._forgiving = False
        if self.published.snapshot is None:
            tell(log, logging.INFO, watching(snapshot))
            # The first scrape tells of the watch too; later ones have the news at once.
            watch_up = self._follow(result)
            self._publisher.publish(snapshot, watch_up, self._watcher.events())
        else:
            self._publisher.publish(snapshot, self.published.health.watch_up, self._watcher.events())
            self._publisher.know(watch_up=self._follow(result))
        self._thread.set_interval(self._watcher.interval(self._settings.scan.interval))
        if result.unsettled:
            self._thread.wake_at(started + _SETTLE_SECONDS, whole=False)
        if self._missed.due_at is not None:
            self._thread.wake_at(self._missed.due_at)
        if self._publisher.due_at is not None:
            self._thread.wake_at(self._publisher.due_at, whole=False)

    def _follow(self, result: ScanResult) -> tuple[tuple[str, bool], ...]:
        """Ask and watch what the scan found; return for each configured directory whether events flow."""
        self._clocks.set_api_server(api_server(result.apiserver, self._settings.clock))
        first = [*result.configured, *(path.rpartition("/")[0] for path in result.current_links)]
        self._watcher.hurry_for(result.first)
        self._watcher.update(result.directories, first=first)
        return tuple((path, self._watcher.up(path)) for path in result.configured)
