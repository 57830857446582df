"""Polling other clocks: what an answer says, when it is asked, and what is carried."""

import contextlib
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubepki.clocks.answers import KEPT_SECONDS
from kubepki.clocks.https import HttpsClock, date_of
from kubepki.clocks.net import Abort, Deadline, UnreadableClockError, resolve
from kubepki.clocks.ntp import NtpClock
from kubepki.clocks.poller import JITTER, POKE_SPACING_SECONDS, Poller
from kubepki.clocks.reference import References
from kubepki.clocks.setup import remote_clocks
from kubepki.clocks.sighting import Sighting
from kubepki.clocks.steps import ClockPair
from kubepki.settings import ConfigError, HttpsReference, NtpReference
from tests.support.clocks import ScriptedClock
from tests.support.waiting import wait_until

T = 1_630_502_484.0  # 2021-09-01T13:21:24Z
NTP_EPOCH = 2_208_988_800


@pytest.mark.parametrize(
    "date",
    [
        "Wed, 01 Sep 2021 13:21:24 GMT",
        "Wednesday, 01-Sep-21 13:21:24 GMT",
        "Wed Sep  1 13:21:24 2021",
        "Wed, 01 Sep 2021 15:21:24 +0200",
        "Wed, 01 Sep 2021 13:21:24 -0000",
    ],
)
def test_dates(date: str) -> None:
    """All three forms of RFC 9110, section 5.6.7, and other zones are the same instant."""
    assert date_of(f"HTTP/1.1 200 OK\r\nX: y\r\ndate:  {date} ".encode()) == T


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"", "no HTTP/1"),
        (b"HTTP/2 200\r\nDate: Wed, 01 Sep 2021 13:21:24 GMT", "no HTTP/1"),
        (b"HTTP/1.1 200 OK", "no Date"),
        (b"HTTP/1.1 200 OK\r\nDate", "no Date"),
        (b"HTTP/1.1 200 OK\r\nDate:", "no date"),
        (b"HTTP/1.1 200 OK\r\nDate: \xff", "no date"),
        (b"HTTP/1.1 200 OK\r\nDate: Wed, 99 Sep 2021 13:21:24 GMT", "no date"),
        (b"HTTP/1.1 200 OK\r\nDate: Wed, 01 Sep 99999999 13:21:24 GMT", "no date"),
        (b"HTTP/1.1 200 OK\r\nAge: 5\r\nDate: Wed, 01 Sep 2021 13:21:24 GMT", "cache"),
    ],
)
def test_heads_without_a_time(head: bytes, reason: str) -> None:
    """Each has its reason."""
    with pytest.raises(UnreadableClockError, match=reason):
        date_of(head)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda date: b"HTTP/1.1 200 OK\r\nDate: " + date))
def test_any_head_is_a_time_or_a_reason(head: bytes) -> None:
    """No answer raises anything else."""
    with contextlib.suppress(UnreadableClockError):
        assert isinstance(date_of(head), float)


def test_an_offset_is_carried() -> None:
    """Offset is the time at the poll plus CLOCK_BOOTTIME since, minus host time."""
    sighting = Sighting(time=1_000.0, boot=50.0, error=0.5)
    assert sighting.offset(ClockPair(host=1_000.0, boot=80.0, width=0.0)) == 30.0


@contextmanager
def polling(clock: ScriptedClock, boottime: Callable[[], float], *, spacing: float = 0.0) -> Iterator[Poller]:
    poller = Poller(clock, boottime, period=3_600, spacing=spacing)
    poller.start()
    try:
        yield poller
    finally:
        poller.stop()
        poller.join(5)
        assert not poller.is_alive()


def test_before_the_first_answer_there_is_nothing() -> None:
    """Neither up nor down is known before the first poll has ended."""
    gate = threading.Event()

    def wait() -> float:
        gate.wait(10)
        return T

    with polling(ScriptedClock(answer=wait), lambda: 5.0) as poller:
        assert poller.reading(ClockPair(host=T, boot=5.0, width=0.0)) is None
        gate.set()
        assert poller.settle(5)
        reading = poller.reading(ClockPair(host=T, boot=5.0, width=0.0))
        assert reading is not None
        assert (reading.up, reading.offset) == (True, 0.0)


def test_a_poller_that_fell_silent_is_down() -> None:
    """A reading is not carried for ever: five minutes after the next poll was due it is a failure."""
    with polling(ScriptedClock(answer=lambda: T), lambda: 5.0) as poller:
        assert poller.settle(5)
        for age, up in ((3_600 * (1 - JITTER) + KEPT_SECONDS, True), (3_600 * (1 + JITTER) + KEPT_SECONDS + 1, False)):
            reading = poller.reading(ClockPair(host=T, boot=5.0 + age, width=0.0))
            assert reading is not None
            assert reading.up is up
            assert (reading.offset is not None) is up


def test_an_unexpected_error_is_a_failure_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A bug in a clock ends neither the thread nor the old reading's truth."""
    answers = iter([T])
    clock = ScriptedClock(answer=lambda: next(answers))
    pair = ClockPair(host=T, boot=5.0, width=0.0)
    with polling(clock, lambda: 5.0) as poller:
        assert poller.settle(5)
        poller.poke()
        wait_until(lambda: (reading := poller.reading(pair)) is not None and not reading.up, describe="the failure")
        assert poller.is_alive()
    assert any(record.exc_info for record in caplog.records)


def test_transitions_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Two failures in a row are one line, and so are two answers."""
    caplog.set_level("INFO", logger="kubepki")
    answers: Iterator[float | str] = iter(["refused", "refused", T, T, "refused"])
    asked = threading.Semaphore(0)

    def answer() -> float | str:
        asked.release()
        return next(answers, "refused")

    with polling(ScriptedClock(answer=answer), lambda: 5.0) as poller:
        for _ in range(6):
            assert asked.acquire(timeout=10)
            poller.poke()
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "INFO", "WARNING"]
    assert caplog.records[0].message == "reference clock apiserver cannot be read: refused"


def test_a_storm_of_pokes_is_one_poll_a_second() -> None:
    """Two hundred rotations in a moment do not become two hundred requests."""
    clock = ScriptedClock(answer=lambda: T)
    with polling(clock, lambda: 5.0, spacing=POKE_SPACING_SECONDS) as poller:
        assert poller.settle(5)
        assert clock.asked.acquire(blocking=False)
        started = time.monotonic()
        for _ in range(200):
            poller.poke()
        assert clock.asked.acquire(timeout=5)
        assert time.monotonic() - started > 0.9
        assert not clock.asked.acquire(timeout=0.2)


def test_replacing_keeps_what_is_equal() -> None:
    """A reload with the same clock keeps its reading and its thread; another of the same source starts anew."""
    pair = ClockPair(host=T, boot=5.0, width=0.0)
    answer = float
    references = References(lambda: 5.0)
    first = ScriptedClock(answer=answer)
    references.replace([first])
    references.start()
    assert references.settle(5)
    references.replace([ScriptedClock(answer=answer)])
    assert len(references.readings(pair)) == 1
    assert first.asked.acquire(blocking=False)
    other = ScriptedClock(answer=lambda: T)
    references.replace([other])
    assert other.asked.acquire(timeout=5)
    references.replace([])
    assert references.readings(pair) == ()
    references.stop(5)
    wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("clock-")], describe="the threads")


def test_an_abort_comes_first() -> None:
    """A request that starts after the end is not made."""
    abort = Abort()
    abort.abort()
    with socket.socket() as sock, pytest.raises(UnreadableClockError, match="aborted"):
        abort.attach(sock)


def test_a_numeric_address_needs_no_resolver() -> None:
    """An address is found on this thread, a name on another, both within the deadline."""
    assert resolve("127.0.0.1", 6443, socket.SOCK_STREAM, Deadline(2)) == [(socket.AF_INET, ("127.0.0.1", 6443))]
    assert resolve("localhost", 6443, socket.SOCK_STREAM, Deadline(2))
    with pytest.raises(TimeoutError):
        resolve("localhost", 6443, socket.SOCK_STREAM, Deadline(0))


def ntp_timestamp(unix: float) -> bytes:
    return struct.pack("!II", (int(unix) + NTP_EPOCH) % 2**32, int(unix % 1 * 2**32))


def ntp_answer(request: bytes, unix: float, *, leap: int = 0, mode: int = 4, stratum: int = 2) -> bytes:
    head = struct.pack("!BBBb11I", leap << 6 | 4 << 3 | mode, stratum, 6, -20, 65536 // 10, 65536 // 20, *[0] * 9)[:16]
    return head + ntp_timestamp(unix) + request[40:48] + ntp_timestamp(unix) * 2


@contextmanager
def ntp_server(answer: Callable[[bytes], bytes | None]) -> Iterator[int]:
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.05)

        def serve() -> None:
            while not over.is_set():
                try:
                    request, client = sock.recvfrom(256)
                except TimeoutError:
                    continue
                data = answer(request)
                if data is not None:
                    sock.sendto(data, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            over.set()
            thread.join()


def ask(port: int) -> Sighting:
    clock = NtpClock(source="ntp/x", host="127.0.0.1", port=port)
    return clock.read(lambda: time.clock_gettime(time.CLOCK_BOOTTIME), Abort())


@pytest.mark.parametrize("unix", [T + 0.25, 2_085_978_496.0 + 3_600.25], ids=["now", "after 2036"])
def test_an_ntp_server_is_read(unix: float) -> None:
    """Its time is read to the fraction, in the next era of NTP too."""
    pytest.importorskip("ntplib")
    with ntp_server(lambda request: ntp_answer(request, unix)) as port:
        sighting = ask(port)
    assert sighting.time == pytest.approx(unix, abs=1e-3)
    assert 0.1 <= sighting.error < 1.0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda request: ntp_answer(request, T, leap=3), "not synchronised itself"),
        (lambda request: ntp_answer(request, T, stratum=0), "not synchronised itself"),
        (lambda request: ntp_answer(request, T, stratum=16), "not synchronised itself"),
        (lambda request: ntp_answer(request, T, mode=3), "not that of an NTP server"),
        (lambda request: ntp_answer(request, -NTP_EPOCH), "no time"),
        (lambda _: b"short", "Invalid NTP packet"),
        (lambda _: None, "No response|no answer"),
    ],
    ids=["leap", "kiss of death", "stratum", "mode", "zero", "short", "silent"],
)
def test_ntp_answers_without_a_time(answer: Callable[[bytes], bytes | None], reason: str) -> None:
    """Each is a reason, within two seconds."""
    pytest.importorskip("ntplib")
    with ntp_server(answer) as port, pytest.raises(UnreadableClockError, match=reason):
        ask(port)


def test_ntp_without_ntplib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed the reason says what to install."""
    monkeypatch.setitem(sys.modules, "ntplib", None)
    with pytest.raises(UnreadableClockError, match=r"kubepki-exporter\[ntp\]"):
        ask(1)
    with pytest.raises(ConfigError, match=r"ntp/b needs ntplib.*kubepki-exporter\[ntp\]"):
        remote_clocks([NtpReference(name="b", host="b.example")])


def test_configured_references() -> None:
    """The configuration's references keep their names as sources."""
    pytest.importorskip("ntplib")
    references = (
        HttpsReference(name="a", url="https://a.example/", ca_file="/ca.pem"),
        NtpReference(name="b", host="b.example"),
    )
    assert remote_clocks(references) == (
        HttpsClock(source="https/a", url="https://a.example/", ca_file="/ca.pem"),
        NtpClock(source="ntp/b", host="b.example", port=123),
    )
