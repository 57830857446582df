"""Wires the parts into one process: signals, readiness, watchdog, reload, ordered shutdown."""

import logging
import os
import platform
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from kubepki import __version__, logs
from kubepki.clocks.clocks import Clocks
from kubepki.clocks.host import HostClock, system_clock
from kubepki.clocks.setup import remote_clocks
from kubepki.clocks.state import State
from kubepki.clocks.steps import Step
from kubepki.config.assembly import restart_needed
from kubepki.logs import tell
from kubepki.metrics.collector import View
from kubepki.model import Health, Snapshot
from kubepki.pki.layout import remembered_links
from kubepki.service.configuration import open_web_config
from kubepki.service.leaving import leaving
from kubepki.service.log_stream import LogStream
from kubepki.service.memory import give_large_blocks_back
from kubepki.service.privileges import give_no_privilege_on
from kubepki.service.scanning import PkiWatch
from kubepki.service.scrapes import Scrapes
from kubepki.service.signals import wake_at_signals
from kubepki.service.systemd import listen_fds, notify, watchdog_seconds
from kubepki.settings import ConfigError, Settings
from kubepki.web.listen import address_text, open_listeners
from kubepki.web.server import WebServer
from kubepki.web.site import Site

if TYPE_CHECKING:
    from kubepki.web.config import WebConfig

log = logging.getLogger(__name__)

_SIGNALS_READ = 64
_FOREVER_SECONDS = 3_600.0
# Who sends SIGTERM waits for a second.
_END_SECONDS = 0.85
# A scan asks other processes some tens of times, and beside a scrape would wait for 5 ms after each answer.
_SWITCH_SECONDS = 0.0005


def serve(settings: Settings, reload: Callable[[], Settings], *, clock: HostClock | None = None) -> NoReturn:
    """Run the service until SIGTERM or SIGINT; the process then ends.

    *reload* reads the settings again at SIGHUP and raises ConfigError for bad ones. *clock* takes the place of the
    host's clocks. Raises ConfigError where it cannot start.
    """
    give_large_blocks_back()
    sys.setswitchinterval(_SWITCH_SECONDS)
    stream = LogStream(sys.stderr)
    logs.set_up(settings.log, stream)
    service: Service | None = None
    status = 1
    try:
        service = Service(settings, reload, clock or system_clock(), stream)
        service.run()
        status = 0
    finally:
        with leaving(status, seconds=_END_SECONDS):
            if service is not None:
                service.close()
            stream.settle(_END_SECONDS)
    # What is left is memory: the kernel takes it back at once, the interpreter object by object, for seconds.
    os._exit(status)


class Service:
    """One running exporter. `run` returns when a signal asks for it; `close` ends what is left."""

    def __init__(self, settings: Settings, reload: Callable[[], Settings], clock: HostClock, stream: LogStream) -> None:
        self._started_with = settings
        self._stream = stream
        self._reload = reload
        self._clock = clock
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._stopping = False
        self._reload_asked = False
        health = Health(
            version=__version__,
            python_version=platform.python_version(),
            last_reload_success_time=clock.realtime(),
        )
        state = State(settings.state.directory)
        remembered = remembered_links(state.links()) | state.sources()
        self._clocks = Clocks(clock, state, on_step=self._note_step, on_poll=self._note_poll)
        self._clocks.set_references(remote_clocks(settings.clock.references))
        self._pki = PkiWatch(settings, self._clocks, health=health, remembered=remembered, told=self._wake)
        self._web_config: WebConfig | None = None
        if settings.web.config_file is not None:
            self._web_config = open_web_config(settings.web.config_file)
        passed = tuple(each.socket for each in listen_fds())
        # Systemd holds such a port while the service restarts: scrapes wait in its queue and need no refusal.
        self._held_by_systemd = bool(passed)
        self._sockets = passed or open_listeners(settings.web.listen_addresses)
        self._addresses = [address_text(opened) for opened in self._sockets]
        self._web = WebServer(self._sockets, site=self._site())

    def run(self) -> None:
        """Serve until asked to stop."""
        give_no_privilege_on()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_reload)
        self._begin()
        watchdog = watchdog_seconds()
        poller = select.poll()
        poller.register(self._wake_fd, select.POLLIN)
        signalled = wake_at_signals(poller)
        ping_at = 0.0
        ready = False
        while not self._stopping:
            now = time.monotonic()
            if watchdog is not None and now >= ping_at:
                # Nothing is looked at in this thread: the ping proves that scans end within their budget, however slow
                # the disk, and that the web server answers.
                if self._web.alive() and self._pki.alive():
                    notify("WATCHDOG=1")
                ping_at = now + watchdog / 3
            if not ready and self._pki.looked:
                ready = True
                self._take_up()
            for fd, _ in poller.poll((ping_at - now if watchdog else _FOREVER_SECONDS) * 1000):
                if fd == signalled:
                    os.read(fd, _SIGNALS_READ)
                else:
                    os.eventfd_read(fd)
            if self._reload_asked:
                self._reload_asked = False
                self._pki.do(self._take_reload)

    def _begin(self) -> None:
        """Begin to look at the disk, and open the door unless systemd holds it: then it opens after the first look."""
        self._clocks.start()
        if not self._held_by_systemd:
            self._web.start()
        path = self._started_with.web.telemetry_path
        for address in self._addresses:
            tell(log, logging.INFO, "listening", address=address, path=path, version=__version__)
        self._pki.start()

    def _take_up(self) -> None:
        """Say that the service is there, for the first look is over."""
        if self._held_by_systemd:
            self._web.start()
        notify("READY=1")

    def close(self) -> None:
        """End everything: the door meanwhile, for scrapes may finish; the clocks last, for they write the state."""
        notify("STOPPING=1")
        door = threading.Thread(target=self._web.stop, name="web-stop", daemon=True)
        door.start()
        self._pki.stop()
        self._clocks.stop()
        door.join()
        log.info("stopped")

    def _site(self) -> Site:
        return Site(
            exposition=Scrapes(self._view).render,
            ready=lambda: self._pki.published.snapshot is not None,
            on_error=_report_error,
            version=__version__,
            telemetry_path=self._started_with.web.telemetry_path,
            max_requests=self._started_with.web.max_requests,
            web_config=self._web_config,
        )

    def _view(self) -> View:
        self._pki.await_news()
        published = self._pki.published
        health = replace(published.health, slow_paths=self._pki.slow_paths())
        return View(snapshot=published.snapshot or Snapshot(), reading=self._clocks.read(), health=health)

    def _take_reload(self) -> None:
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        settings: Settings | None = None
        try:
            settings = self._reload()
            references = remote_clocks(settings.clock.references)
            if self._web_config is not None:
                self._web_config.reload()
            self._pki.reload(settings)
        except ConfigError as error:
            self._pki.note_reload(successful=False, at=self._clock.realtime())
            refused = error.placed(settings.places) if settings is not None else error
            tell(log, logging.ERROR, f"the new configuration is refused, the old one stays in force: {refused}")
        else:
            for key in restart_needed(self._started_with, settings):
                tell(log, logging.WARNING, "this setting takes effect after a restart only", setting=key)
            self._clocks.set_references(references)
            logs.set_up(settings.log, self._stream)
            self._pki.note_reload(successful=True, at=self._clock.realtime())
            log.info("the configuration was read again")
        notify("READY=1")

    def _note_step(self, step: Step) -> None:
        self._pki.note_step(step)

    def _note_poll(self) -> None:
        self._pki.note_poll()

    def _wake(self) -> None:
        os.eventfd_write(self._wake_fd, 1)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._pki.interrupt()
        self._wake()

    def _on_reload(self, _number: int, _frame: FrameType | None) -> None:
        self._reload_asked = True
        self._wake()


def _report_error(message: str, error: BaseException | None) -> None:
    log.error("%s", message, exc_info=error)


if sys.platform != "linux":
    message = "kubepki-exporter runs on Linux only"
    raise ImportError(message)
