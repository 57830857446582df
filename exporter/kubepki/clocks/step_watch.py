"""Waiting for a step of the wall clock.

A timerfd with TFD_TIMER_CANCEL_ON_SET (timerfd_create(2)) is cancelled by the kernel whenever CLOCK_REALTIME is set, as
systemd-time-wait-sync uses it. It is a hint only: `steps` compares the clocks and decides.
"""

import ctypes
import errno
import logging
import os
import select
import sys
import threading
from typing import Protocol

_FAR_FUTURE_SECONDS = 2**33  # the year 2242; the timer exists to be cancelled
_TFD_TIMER_ABSTIME = 1
_TFD_TIMER_CANCEL_ON_SET = 2
_CLOCK_REALTIME = 0

log = logging.getLogger(__name__)


class StepWatch(Protocol):
    """Something to wait on for a step of the wall clock."""

    def wait(self, timeout: float) -> bool:
        """Wait at most *timeout* seconds; return True when the clock may have been set, False otherwise."""

    def wake(self) -> None:
        """End the present or the next `wait` early; callable from any thread."""

    def close(self) -> None:
        """Release what is held; no `wait` may be running."""


class PollingWatch:
    """Knows nothing of steps: the comparison at each timeout has to find them."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self, timeout: float) -> bool:
        """Wait for `wake` or the timeout; always False."""
        self._event.wait(timeout)
        self._event.clear()
        return False

    def wake(self) -> None:
        """End the wait."""
        self._event.set()

    def close(self) -> None:
        """Nothing is held."""


class TimerWatch:
    """Is woken by the kernel at each step (and at each resume from suspend, which the comparison sorts out)."""

    def __init__(self) -> None:
        """Raise OSError where the kernel or a sandbox refuses a timerfd or an eventfd."""
        self._timer = _cancellable_timer()
        try:
            self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        except OSError:
            os.close(self._timer)
            raise
        self._poll = select.poll()
        self._poll.register(self._timer, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)

    def wait(self, timeout: float) -> bool:
        """Wait for the kernel, `wake` or the timeout."""
        was_set = False
        for descriptor, _ in self._poll.poll(max(0.0, timeout) * 1000):
            try:
                os.read(descriptor, 8)
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno != errno.ECANCELED:
                    raise
                was_set = True
        return was_set

    def wake(self) -> None:
        """End the wait."""
        os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Close both descriptors."""
        os.close(self._timer)
        os.close(self._wake)


def open_step_watch() -> StepWatch:
    """Return the kernel's watch, or one that only polls where the kernel or a sandbox refuses it."""
    try:
        return TimerWatch()
    except OSError as error:
        log.warning("steps of the clock are found by comparison only, within seconds: %s", error)
        return PollingWatch()


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))


def _cancellable_timer() -> int:
    """Return a timerfd whose read fails with ECANCELED each time that CLOCK_REALTIME was set."""
    if sys.version_info >= (3, 13):
        timer = os.timerfd_create(_CLOCK_REALTIME, flags=os.TFD_CLOEXEC | os.TFD_NONBLOCK)
        try:
            flags = os.TFD_TIMER_ABSTIME | os.TFD_TIMER_CANCEL_ON_SET
            os.timerfd_settime(timer, flags=flags, initial=float(_FAR_FUTURE_SECONDS))
        except OSError:
            os.close(timer)
            raise
        return timer
    return cancellable_timer_by_ctypes()


def cancellable_timer_by_ctypes() -> int:
    """Return the same timerfd by way of the C library, for Python before 3.13."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        create, settime = libc.timerfd_create, libc.timerfd_settime
    except (OSError, AttributeError) as error:
        raise OSError(errno.ENOSYS, "the C library has no timerfd") from error
    timer: int = create(_CLOCK_REALTIME, os.O_CLOEXEC | os.O_NONBLOCK)
    if timer < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    value = _Itimerspec(_Timespec(0, 0), _Timespec(_FAR_FUTURE_SECONDS, 0))
    if settime(timer, _TFD_TIMER_ABSTIME | _TFD_TIMER_CANCEL_ON_SET, ctypes.byref(value), None) < 0:
        number = ctypes.get_errno()
        os.close(timer)
        raise OSError(number, "timerfd_settime")
    return timer
