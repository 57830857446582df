"""What the kernel thinks of its own clock: adjtimex(2) with `modes=0`, which needs no privilege.

The structure is `struct timex` of <sys/timex.h> on 64-bit Linux; x86-64 and arm64 share its layout. Synchronised means
what systemd means by it (`ntp_synced()` in src/basic/time-util.c): the call succeeds and the maximum error is under
16 s. The kernel sets that error to 16 s at boot and whenever the clock is set (`ntp_clear()` in kernel/time/ntp.c),
lets it grow by 500 ppm, and a time daemon lowers it. STA_UNSYNC and the return value TIME_ERROR are ignored: chrony
without `rtcsync` leaves them set for ever.

`maxerror` and `esterror` are microseconds always; STA_NANO changes the unit of `offset`, `jitter` and the fraction of
`time` only (adjtimex(2), kernel/time/ntp.c), and none of these is used here. So nothing has to be scaled by it.

Not used: `/run/systemd/timesync/synchronized` is touched once at timesyncd's first synchronisation and stays when the
clock is set later, so it says "once was", which the last synchronised time says better and for every daemon. chrony's
own state needs its command socket (0770, group chrony) and tells nothing about this question that the kernel does not.
"""

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass

UNSYNCHRONIZED_ERROR_MICROSECONDS = 16_000_000
STRUCT_TIMEX_SIZE = 208


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjtimex:
    """The kernel's opinion of its clock; errors in seconds."""

    synchronized: bool
    max_error: float
    estimated_error: float


class Timex(ctypes.Structure):
    """`struct timex` of <sys/timex.h>, 64-bit Linux."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time_sec", ctypes.c_long),
        ("time_fraction", ctypes.c_long),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    )


def judge(maxerror: int, esterror: int) -> Adjtimex:
    """Return the judgement of the kernel's two error bounds, given in microseconds."""
    return Adjtimex(
        synchronized=maxerror < UNSYNCHRONIZED_ERROR_MICROSECONDS,
        max_error=maxerror / 1e6,
        estimated_error=esterror / 1e6,
    )


def adjtimex_reader() -> Callable[[], Adjtimex | None]:
    """Return a function that asks the kernel; it returns None, "unknown", where the call is refused or not there.

    EPERM is what a seccomp filter (systemd's ProtectClock=, a container runtime) makes of it, ENOSYS an old sandbox.
    A platform whose structure has another layout is "unknown" too.
    """
    if not sys.platform.startswith("linux") or ctypes.sizeof(Timex) != STRUCT_TIMEX_SIZE:
        return lambda: None
    try:
        function = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return lambda: None
    function.argtypes = [ctypes.POINTER(Timex)]
    function.restype = ctypes.c_int

    def read() -> Adjtimex | None:
        timex = Timex()
        if function(ctypes.byref(timex)) < 0:
            return None
        return judge(timex.maxerror, timex.esterror)

    return read
