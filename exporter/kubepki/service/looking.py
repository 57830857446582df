"""What a scan asks: the process that looks at the disk, the one that parses, and the scanner of the settings."""

import contextlib
from collections.abc import Callable

from kubepki.disk.disk import Disk, Overtaken
from kubepki.disk.process import LookingProcess
from kubepki.pki.parsing_process import ParsingProcess, parsing_process
from kubepki.pki.password import read_password
from kubepki.pki.scan import Scanner
from kubepki.pki.scan_result import ScanResult
from kubepki.service.slow_paths import SlowPaths
from kubepki.settings import ConfigError, Settings


class Looking:
    """For the thread that scans. *interrupted* says that nobody waits any more, and is asked now and then.

    *overtaken* says that a scan is to be left for a look at what is first.
    """

    def __init__(self, settings: Settings, *, interrupted: Callable[[], bool], overtaken: Callable[[], bool]) -> None:
        self._interrupted = interrupted
        self._overtaken = overtaken
        self._scans = False
        self._slow = SlowPaths()
        self.process = LookingProcess(
            seconds=settings.scan.file_budget, interrupted=self._is_left, between=self._between
        )
        self.disk = Disk(self.process)
        self._parser: ParsingProcess | None = None
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """Take new settings. Raises ConfigError and changes nothing."""
        password = read_password(settings.pki)
        parser = parsing_process(settings.scan, interrupted=self._is_left)
        if self._parser is not None:
            self._parser.close()
        self._parser = parser
        self.process.seconds = settings.scan.file_budget
        self._scanner = Scanner(
            settings.pki,
            settings.scan,
            password=password,
            # Many files may take as long as one: then the scan is published, and the next one goes on.
            patience=settings.scan.file_budget,
            parser=parser,
            disk=self.disk,
            interrupted=self._is_left,
        )

    def begin(self) -> None:
        """Start what a scan will ask; what cannot be started says so when it is asked."""
        with contextlib.suppress(ConfigError):
            self.process.begin()
            if self._parser is not None:
                self._parser.begin()

    def scan(
        self, remembered: frozenset[str], *, reread: bool, changed: frozenset[str] | None, first: bool
    ) -> ScanResult:
        """Return what `Scanner.scan` does; where there may be something *first*, raises Overtaken for it."""
        self._scans = first
        try:
            return self._scanner.scan(remembered, reread=reread, changed=changed)
        finally:
            self._scans = False

    def look_first(self) -> ScanResult | None:
        """Return what `Scanner.look_first` does."""
        return self._scanner.look_first()

    def slow_paths(self) -> tuple[tuple[str, float], ...]:
        """Return the paths that are being looked at, or have not answered, for more than a second; with the seconds."""
        return self._slow.paths({**self._scanner.parsing(), **self.process.silent})

    def close(self) -> None:
        """End the processes; one that hangs is left to itself."""
        self._scanner.close()
        self.disk.close()

    def _between(self) -> None:
        if self._scans and self._overtaken():
            raise Overtaken

    def _is_left(self) -> bool:
        self._slow.tell(self._scanner.parsing())
        return self._interrupted()
