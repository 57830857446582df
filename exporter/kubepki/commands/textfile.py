"""The command `textfile`: the families of a scrape as a file for node_exporter's textfile collector.

For hosts that must not run another listener. The file is replaced whole, so that a reader never sees half of it. The
families of the process itself (`process_*`, `python_*`) are left out: they are node_exporter's own.
"""

import contextlib
import logging
import os
import platform
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType

from prometheus_client import CollectorRegistry, generate_latest

from kubepki import __version__, logs
from kubepki.clocks.clocks import Clocks
from kubepki.clocks.host import HostClock, system_clock
from kubepki.clocks.setup import api_server, remote_clocks
from kubepki.clocks.state import State
from kubepki.config.flags import Invocation
from kubepki.disk.disk import Disk
from kubepki.disk.leftovers import Avoiding, Leftovers
from kubepki.disk.process import LookingProcess
from kubepki.metrics.collector import Collector, View
from kubepki.model import Health
from kubepki.pki.layout import remembered_links
from kubepki.pki.limits import remember
from kubepki.pki.parsing_process import parsing_process
from kubepki.pki.password import read_password
from kubepki.pki.scan import Scanner
from kubepki.pki.scan_result import ScanResult
from kubepki.service.journal import Journal
from kubepki.settings import ConfigError, Settings

log = logging.getLogger(__name__)

FAILED_STATUS = 1
# As the service does: a fault that a rotation makes for a moment is not told.
_SECOND_LOOK_SECONDS = 1.1
_SETTLE_SECONDS = 2.5
_MODE = 0o644


def textfile(invocation: Invocation, *, clock: HostClock | None = None) -> int:
    """Write the file once, or at each period until SIGTERM or SIGINT; return the exit status.

    0 is success, 1 a file that cannot be written: with a period that is logged, and tried again. Raises ConfigError for
    a file name or a configuration that cannot be used.
    """
    (path,) = invocation.paths
    if not path.endswith(".prom"):
        what = "node_exporter reads only files whose name ends in .prom"
        raise ConfigError(what, where=path, hint=f"write {path}.prom")
    settings = invocation.settings
    logs.set_up(settings.log)
    with contextlib.closing(_Looks(settings, clock or system_clock())) as looks:
        if invocation.every is None:
            return 0 if _write(path, looks) else FAILED_STATUS
        with _stopping() as stopped:
            while True:
                begun = time.monotonic()
                _write(path, looks)
                looks.journal()
                if stopped.wait(max(0.0, begun + invocation.every - time.monotonic())):
                    return 0


def replace_file(path: str, content: bytes) -> None:
    """Replace the file at *path* by *content*, readable for everybody, at one instant; raise OSError.

    The name of the file in between begins with a dot and does not end in `.prom`: node_exporter does not read it.
    """
    parent, _, name = path.rpartition("/")
    directory = os.open(parent or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        temporary = f".{name}.tmp"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=directory)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, _MODE, dir_fd=directory)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - O_EXCL and O_NOFOLLOW need os.open
                os.fchmod(descriptor, _MODE)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=directory)
            raise
    finally:
        os.close(directory)


class _Looks:
    """Disk and clocks, looked at as often as asked."""

    def __init__(self, settings: Settings, clock: HostClock) -> None:
        self._settings = settings
        self._journal = Journal()
        state = State(settings.state.directory)
        self._remembered = remembered_links(state.links()) | state.sources()
        self._leftovers = Leftovers(settings.state.directory)
        self._looking = LookingProcess(seconds=settings.scan.file_budget, keeps=self._leftovers.held)
        self._scanner = Scanner(
            settings.pki,
            settings.scan,
            password=read_password(settings.pki),
            parser=parsing_process(settings.scan),
            disk=Disk(Avoiding(self._looking, self._leftovers.silent)),
        )
        self._clocks = Clocks(clock, state)
        self._clocks.set_references(remote_clocks(settings.clock.references))
        self._changes: Counter[str] = Counter()
        self._last: View | None = None
        started = clock.realtime()
        self._health = Health(
            version=__version__, python_version=platform.python_version(), last_reload_success_time=started
        )

    def view(self) -> View:
        """Look at the disk, ask the clocks, and return what they say of one moment."""
        begun = time.monotonic()
        result = self._scan()
        if any(state.faults for state in result.snapshot.paths):
            time.sleep(_SECOND_LOOK_SECONDS)
            result = self._scan()
        snapshot = result.snapshot
        self._remembered = remember(self._remembered, result.current_links | result.optional)
        self._clocks.set_api_server(api_server(result.apiserver, self._settings.clock))
        for path in self._clocks.see_links({each.path: each.link for each in snapshot.paths if each.link is not None}):
            self._changes[path] += 1
        if self._last is None:
            self._clocks.start()
        self._clocks.settle(_SETTLE_SECONDS)
        reading = self._clocks.read()
        self._health = replace(
            self._health,
            scans=self._health.scans + 1,
            last_scan_time=reading.host_time,
            last_scan_duration=time.monotonic() - begun,
            symlink_changes=tuple((each.path, self._changes[each.path]) for each in snapshot.paths if each.link),
        )
        self._last = View(snapshot=snapshot, reading=reading, health=self._health)
        return self._last

    def journal(self) -> None:
        """Log what is new since the last time."""
        if self._last is not None:
            self._journal.tell_changes(self._last.snapshot, self._last.reading)

    def close(self) -> None:
        """End the processes that look and parse, and the clocks, which write the state."""
        self._leftovers.note(self._looking.silent)
        self._scanner.close()
        self._leftovers.close()
        if self._last is not None:
            self._clocks.stop()

    def _scan(self) -> ScanResult:
        return self._scanner.scan(self._remembered, reread=True)


def _write(path: str, looks: _Looks) -> bool:
    view = looks.view()
    registry = CollectorRegistry()
    registry.register(Collector(lambda: view))
    try:
        replace_file(path, generate_latest(registry))
    except OSError as error:
        hint = "its directory must be there, and writable for this user"
        log.error("%s cannot be written: %s; %s", path, error.strerror or error, hint)  # noqa: TRY400 - the operator's trouble
        return False
    return True


@contextlib.contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and SIGINT set."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
