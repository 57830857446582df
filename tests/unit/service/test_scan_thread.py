"""The thread that scans: who wants the news of an event waits for the scan of it, and not for ever."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kubepki.service.scan_thread import ScanThread
from tests.support.waiting import wait_until

LONG = 3_600.0


class Quiet:
    """No path answers again."""

    def fileno(self) -> int:
        """Return no descriptor."""
        return -1

    def take_news(self) -> bool:
        """Never asked."""
        raise AssertionError


class Disk:
    """Scans that end when they may; `scans` counts those that ended."""

    def __init__(self) -> None:
        self.begun = self.scans = 0
        self.may_end = threading.Event()
        self.may_end.set()

    def scan(self, _started: float, _whole: bool) -> bool:  # noqa: FBT001 - as the thread calls it
        """Take as long as the test wants."""
        self.begun += 1
        assert self.may_end.wait(LONG)
        self.scans += 1
        return True


@contextmanager
def running(disk: Disk, patience: float) -> Iterator[ScanThread]:
    """Yield a thread whose first scan is over."""
    thread = ScanThread(
        disk.scan,
        interval=LONG,
        first=lambda: None,
        between=lambda: LONG,
        begin=lambda: None,
        news=Quiet(),
        patience=patience,
    )
    thread.start()
    try:
        wait_until(lambda: disk.scans == 1)
        yield thread
    finally:
        disk.may_end.set()
        thread.interrupt()
        assert thread.join(LONG)


def test_without_an_event_nobody_waits() -> None:
    """Neither before the first one nor after it was looked at."""
    disk = Disk()
    with running(disk, patience=LONG) as thread:
        thread.await_news()
        thread.mark()
        thread.await_news()
        assert disk.scans == 2
        thread.await_news()


def test_an_event_is_waited_for() -> None:
    """Also one that comes while the scan of another runs: both are looked at before anybody tells of the disk."""
    disk = Disk()
    with running(disk, patience=LONG) as thread:
        disk.may_end.clear()
        thread.mark()
        wait_until(lambda: disk.begun == 2)
        thread.mark()
        seen: list[int] = []

        def scrape() -> None:
            thread.await_news()
            seen.append(disk.scans)

        waiting = threading.Thread(target=scrape)
        waiting.start()
        disk.may_end.set()
        waiting.join(LONG)
        assert seen == [3]


def test_a_scan_that_hangs_holds_nobody_up() -> None:
    """What was known before is told then."""
    disk = Disk()
    with running(disk, patience=0.001) as thread:
        disk.may_end.clear()
        thread.mark()
        wait_until(lambda: disk.begun == 2)
        thread.await_news()
        assert disk.scans == 1
