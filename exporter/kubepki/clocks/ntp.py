"""The clock of an NTP server (RFC 5905), read with ntplib, which is an optional extra."""

import importlib
import importlib.util
import math
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from kubepki.clocks.net import Abort, Deadline, UnreadableClockError, resolve, unreadable
from kubepki.clocks.sighting import Sighting

TIMEOUT_SECONDS = 2.0
NTP_VERSION = 4
MODE_SERVER = 4
LEAP_UNSYNCHRONIZED = 3
MAX_STRATUM = 15
ERA_SECONDS = 2**32
# A timestamp without its highest bit belongs to the era after 2036: RFC 4330, section 3.
ERA_PIVOT_UNIX_SECONDS = 2**31 - 2_208_988_800


def has_ntplib() -> bool:
    """Return whether ntplib is installed."""
    return importlib.util.find_spec("ntplib") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class NtpClock:
    """A server to ask."""

    source: str
    host: str
    port: int = 123

    def read(self, boottime: Callable[[], float], abort: Abort) -> Sighting:
        """Ask once, for two seconds at most; raise UnreadableClockError with the reason.

        The host's wall clock takes no part: the server's time is set against the middle of the round trip on
        CLOCK_BOOTTIME.
        """
        abort.attach(None)
        try:
            ntplib = importlib.import_module("ntplib")
        except ImportError:
            msg = "ntplib is not installed (the extra kubepki-exporter[ntp])"
            raise UnreadableClockError(msg) from None
        deadline = Deadline(TIMEOUT_SECONDS)
        try:
            address = resolve(self.host, self.port, socket.SOCK_DGRAM, deadline)[0][1]
            return _ask(ntplib, str(address[0]), self.port, boottime, deadline.remaining())
        except ntplib.NTPException as error:
            raise UnreadableClockError(str(error)) from error
        except (OSError, ValueError) as error:
            raise unreadable(error, deadline, misnamed="its name or answer is no usable one") from error


def _ask(ntplib: ModuleType, address: str, port: int, boottime: Callable[[], float], timeout: float) -> Sighting:
    sent = boottime()
    answer = ntplib.NTPClient().request(address, version=NTP_VERSION, port=port, timeout=timeout)
    half = (boottime() - sent) / 2
    check_answer(mode=answer.mode, leap=answer.leap, stratum=answer.stratum, transmitted=answer.tx_timestamp)
    time = (answer.recv_time + answer.tx_time) / 2
    if time < ERA_PIVOT_UNIX_SECONDS:
        time += ERA_SECONDS
    error = half + answer.root_delay / 2 + answer.root_dispersion
    if not math.isfinite(time) or not math.isfinite(error):
        msg = "its answer is no usable one"
        raise UnreadableClockError(msg)
    return Sighting(time=time, boot=sent + half, error=error)


def check_answer(*, mode: int, leap: int, stratum: int, transmitted: float) -> None:
    """Raise UnreadableClockError for an answer that gives no time (RFC 5905, sections 7.3 and 7.4)."""
    if mode != MODE_SERVER:
        msg = "its answer is not that of an NTP server"
        raise UnreadableClockError(msg)
    if leap == LEAP_UNSYNCHRONIZED or not 1 <= stratum <= MAX_STRATUM:
        msg = "it says that it is not synchronised itself"
        raise UnreadableClockError(msg)
    if not transmitted:
        msg = "its answer has no time"
        raise UnreadableClockError(msg)
