"""The thread that scans leaves a long scan for what cannot wait, and takes it up again."""

import threading
import time
from collections.abc import Callable

from kubepki.service.scan_thread import ScanThread

_PATIENCE = 20.0


class _NoNews:
    def fileno(self) -> int:
        return -1

    def take_news(self) -> bool:
        return False


class _Work:
    """Scans that have an end only where they are told so, and what is looked at first."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.started = threading.Semaphore(0)
        self.ended = threading.Event()
        self.looked = threading.Event()
        self.thread = ScanThread(
            self._scan,
            interval=3_600.0,
            first=self.looked.set,
            between=lambda: float("inf"),
            begin=lambda: None,
            news=_NoNews(),
        )

    def _scan(self, _started: float, _whole: bool) -> bool:  # noqa: FBT001 - as the thread calls it
        self.started.release()
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self.thread.interrupted or self.thread.overtaken():
                return False
            if self.may_end.wait(0.001):
                self.ended.set()
                return True
        return False


def _with(work: _Work, act: Callable[[], None]) -> None:
    work.thread.start()
    try:
        act()
    finally:
        work.thread.interrupt()
        assert work.thread.join(_PATIENCE)


def test_what_cannot_wait_comes_in_the_midst_of_a_scan() -> None:
    """It is looked at although the scan would have no end, and the scan begins anew and ends."""
    work = _Work()

    def act() -> None:
        assert work.started.acquire(timeout=_PATIENCE)
        work.thread.mark()
        work.thread.hurry()
        assert work.looked.wait(_PATIENCE)
        assert work.started.acquire(timeout=_PATIENCE)
        assert not work.ended.is_set()
        work.may_end.set()
        assert work.ended.wait(_PATIENCE)

    _with(work, act)


def test_other_changes_do_not_end_a_scan() -> None:
    """A change that can wait waits for the scan's end."""
    work = _Work()

    def act() -> None:
        assert work.started.acquire(timeout=_PATIENCE)
        work.thread.mark()
        work.may_end.set()
        assert work.started.acquire(timeout=_PATIENCE)
        assert not work.looked.is_set()

    _with(work, act)
