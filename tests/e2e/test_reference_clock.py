"""The judge's clock over real TLS: read whatever the certificate's dates, refused without its CA, never waited for."""

import functools
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubepki.clocks.clocks import Clocks
from kubepki.clocks.host import shifted_clock, system_clock
from kubepki.clocks.https import HttpsClock, api_server_clock
from kubepki.clocks.net import Abort, UnreadableClockError
from kubepki.clocks.state import State
from kubepki.model import ReferenceReading
from tests.support.clocks import ScriptedClock
from tests.support.https_servers import Behaviour, answer, serving_pair, tls_server
from tests.support.pki import DAY, HOUR, YEAR, Pair, authority
from tests.support.waiting import wait_until

LIMIT_SECONDS = 3.0
AHEAD = 7_860.0


@pytest.fixture(scope="module")
def ca() -> Pair:
    return authority(not_before=time.time() - YEAR)


@pytest.fixture(scope="module")
def valid(ca: Pair) -> Pair:
    return serving_pair(ca, not_before=time.time() - DAY, not_after=time.time() + DAY)


def boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def read(port: int, ca: Pair, *, host: str = "127.0.0.1", tls_server_name: str | None = None) -> float:
    """Return the server's offset from this host."""
    clock = api_server_clock(f"https://{host}:{port}", ca_pem=ca.certificate_pem, tls_server_name=tls_server_name)
    sighting = clock.read(boottime, Abort())
    return sighting.time + (boottime() - sighting.boot) - time.time()


def sending(*parts: bytes) -> Behaviour:
    def behave(tls: ssl.SSLSocket, _over: threading.Event) -> None:
        for part in parts:
            tls.sendall(part)

    return behave


def telling(offset: float = 0.0, status: str = "401 Unauthorized", extra: str = "") -> Behaviour:
    def behave(tls: ssl.SSLSocket, _over: threading.Event) -> None:
        tls.sendall(answer(status, now=time.time() + offset, extra=extra))

    return behave


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as an API server that knows nobody, a while ahead."""

    def do_GET(self) -> None:
        """Answer 401."""
        assert self.path == "/prefix/version"
        assert "Authorization" not in self.headers
        self.send_response(401)
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return a Date that is ahead."""
        del timestamp
        return super().date_time_string(int(time.time() + AHEAD))

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(params=["valid", "expired", "not yet valid"])
def python_server(request: pytest.FixtureRequest, tmp_path: Path, ca: Pair) -> Iterator[int]:
    shift = {"valid": 0.0, "expired": -30 * DAY, "not yet valid": 30 * DAY}[request.param]
    middle = time.time() + shift
    file = tmp_path / "serving.pem"
    file.write_bytes(serving_pair(ca, not_before=middle - HOUR, not_after=middle + HOUR).pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_date_is_read_whatever_the_validity(python_server: int, ca: Pair) -> None:
    """Python's own HTTPS server, 2 h 11 min ahead, is read with a valid, expired and not yet valid certificate."""
    clock = api_server_clock(f"https://127.0.0.1:{python_server}/prefix/", ca_pem=ca.certificate_pem)
    sighting = clock.read(boottime, Abort())
    offset = sighting.time + (boottime() - sighting.boot) - time.time()
    assert abs(offset - AHEAD) <= sighting.error + 0.01
    assert 0.5 <= sighting.error < 1.0


def test_an_expired_ca_is_no_obstacle(tmp_path: Path) -> None:
    """The CA's own validity times are ignored as well."""
    old = authority(not_before=time.time() - 2 * YEAR, lifetime=YEAR)
    pair = serving_pair(old, not_before=time.time() - 2 * YEAR, not_after=time.time() - YEAR)
    with tls_server(tmp_path, pair, telling()) as port:
        assert abs(read(port, old)) < 1


def test_an_intermediate_is_an_anchor(tmp_path: Path, ca: Pair) -> None:
    """The issuing CA alone is enough, as for Go; text and damaged blocks beside it do not hurt."""
    issuing = authority("issuing", not_before=time.time() - YEAR, issuer=ca)
    pair = serving_pair(issuing, not_before=time.time() - DAY, not_after=time.time() + DAY)
    damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    bundle = "é comment\n".encode() + damaged + issuing.certificate_pem
    with tls_server(tmp_path, pair, telling()) as port:
        clock = api_server_clock(f"https://127.0.0.1:{port}", ca_pem=bundle)
        assert clock.read(boottime, Abort()).error < 1


def test_the_server_name_of_the_kubeconfig(tmp_path: Path, ca: Pair, valid: Pair) -> None:
    """`tls-server-name` replaces the host in the check, and a wrong one is refused."""
    with tls_server(tmp_path, valid, telling()) as port:
        assert abs(read(port, ca, host="localhost", tls_server_name="kubernetes")) < 1
        with pytest.raises(UnreadableClockError, match="certificate is refused: Hostname mismatch"):
            read(port, ca, host="localhost")


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "500 Internal Server Error", "302 Found"])
def test_any_status_counts(tmp_path: Path, ca: Pair, valid: Pair, status: str) -> None:
    """The verified server's own Date is what counts; a redirect is not followed."""
    extra = "Location: https://127.0.0.1:1/\r\n" if status.startswith("302") else ""
    with tls_server(tmp_path, valid, telling(status=status, extra=extra)) as port:
        assert abs(read(port, ca)) < 1


@pytest.mark.parametrize(("status", "unauthorized"), [("401 Unauthorized", True), ("403 Forbidden", False)])
def test_what_else_an_answer_shows(tmp_path: Path, ca: Pair, *, status: str, unauthorized: bool) -> None:
    """The dates of the server's certificate, past or future, and that it counts each question as a failed login."""
    dates = (float(int(time.time())) + DAY, float(int(time.time())) + 2 * DAY)
    pair = serving_pair(ca, not_before=dates[0], not_after=dates[1])
    with tls_server(tmp_path, pair, telling(status=status)) as port:
        clock = api_server_clock(f"https://127.0.0.1:{port}", ca_pem=ca.certificate_pem)
        sighting = clock.read(boottime, Abort())
    assert sighting.certificate == dates
    assert sighting.unauthorized is unauthorized


def test_a_foreign_ca_is_refused(tmp_path: Path, valid: Pair) -> None:
    """A chain that does not end in the kubeconfig's CA gives no reading, though names agree."""
    with tls_server(tmp_path, valid, telling()) as port, pytest.raises(UnreadableClockError, match="is refused: "):
        read(port, authority(not_before=time.time() - YEAR))


def dribble(tls: ssl.SSLSocket, over: threading.Event) -> None:
    while not over.wait(0.1):
        tls.sendall(b"H")


def hang(_tls: ssl.SSLSocket, over: threading.Event) -> None:
    over.wait(30)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (hang, "no answer within 2 s"),
        (dribble, "no answer within 2 s"),
        (sending(b"\x00\xff" * 50 + b"\r\n\r\n"), "its answer is no HTTP/1"),
        (sending(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "its answer has no Date"),
        (sending(b"HTTP/1.1 200 OK\r\nDate: tomorrow\r\n\r\n"), "its Date is no date"),
        (telling(extra="Age: 30\r\n"), "its answer comes from a cache"),
        (sending(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 30_000), "more than 16 KiB"),
        (sending(), "without an answer"),
    ],
    ids=["hang", "dribble", "garbage", "no date", "bad date", "cached", "endless", "closed"],
)
def test_a_bad_server_costs_two_seconds(
    tmp_path: Path, ca: Pair, valid: Pair, behaviour: Behaviour, reason: str
) -> None:
    """Each gives a reason instead of a reading, within the deadline for all of it."""
    started = time.monotonic()
    with tls_server(tmp_path, valid, behaviour) as port, pytest.raises(UnreadableClockError, match=reason):
        read(port, ca)
    assert time.monotonic() - started < LIMIT_SECONDS


def test_a_handshake_that_never_comes(tmp_path: Path, ca: Pair, valid: Pair) -> None:
    """A server that accepts and is silent is left after two seconds."""
    started = time.monotonic()
    with (
        tls_server(tmp_path, valid, hang, handshake=False) as port,
        pytest.raises(UnreadableClockError, match="no answer within 2 s"),
    ):
        read(port, ca)
    assert 1.5 < time.monotonic() - started < LIMIT_SECONDS


def test_refused_and_plain(ca: Pair) -> None:
    """A closed port and a server without TLS have their own reasons."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=plain, args=(listener,))
        thread.start()
        with pytest.raises(UnreadableClockError, match="TLS failed"):
            read(port, ca)
        thread.join()
    with pytest.raises(UnreadableClockError, match="Connection refused"):
        read(port, ca)


def plain(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        (api_server_clock("https://127.0.0.1:1", ca_pem=b"", insecure=True), "insecure-skip-tls-verify"),
        (api_server_clock("https://127.0.0.1:1", ca_pem=b"no PEM"), "holds no certificate"),
        (api_server_clock("http://127.0.0.1:1", ca_pem=None), "no https:// URL"),
        (api_server_clock("https://", ca_pem=None), "no https:// URL"),
        (api_server_clock("https://127.0.0.1:99999", ca_pem=None), "no usable one"),
        (api_server_clock("https://[::1", ca_pem=None), "no usable one"),
        (api_server_clock("https://127.0.0.1:1/a b", ca_pem=None), "must be escaped"),
        (HttpsClock(source="https/x", url="https://127.0.0.1:1", ca_file="/does/not/exist"), "ca_file cannot be read"),
    ],
)
def test_what_cannot_be_asked(clock: HttpsClock, reason: str) -> None:
    """A configuration that gives no verified clock is a reason, never an exception."""
    with pytest.raises(UnreadableClockError, match=reason):
        clock.read(boottime, Abort())


def test_a_hanging_server_is_never_waited_for(tmp_path: Path, ca: Pair, valid: Pair) -> None:
    """While the poll hangs, readings take no time; and the end does not wait for it."""
    with tls_server(tmp_path, valid, hang, handshake=False) as port:
        clocks = Clocks(system_clock(), State(None))
        clocks.set_api_server(api_server_clock(f"https://127.0.0.1:{port}", ca_pem=ca.certificate_pem))
        clocks.start()
        started = time.monotonic()
        for _ in range(100):
            assert clocks.read().references == ()
        assert time.monotonic() - started < 0.5
        clocks.stop()
        assert time.monotonic() - started < 1.5
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("clock-")]


def test_down_and_up_again(tmp_path: Path, ca: Pair, valid: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """A failing server is 0 in the background, one line tells why, and it comes back at the next poll."""
    caplog.set_level("INFO", logger="kubepki")
    good = threading.Event()

    def behave(tls: ssl.SSLSocket, over: threading.Event) -> None:
        if good.is_set():
            telling()(tls, over)

    with tls_server(tmp_path, valid, behave) as port:
        clocks = Clocks(system_clock(), State(None), period=0.1)
        clocks.set_api_server(api_server_clock(f"https://127.0.0.1:{port}", ca_pem=ca.certificate_pem))
        clocks.start()
        down = (ReferenceReading(clock="apiserver", up=False, offset=None),)
        wait_until(lambda: clocks.read().references == down, describe="the failure")
        good.set()
        wait_until(lambda: clocks.read().references[0].up, describe="the recovery")
        clocks.stop()
    assert [record.message.split(",")[0] for record in caplog.records] == [
        "reference clock apiserver cannot be read: it closed the connection without an answer",
        "reference clock apiserver is read",
    ]


def test_a_step_of_the_host_asks_again(tmp_path: Path, ca: Pair, valid: Pair) -> None:
    """What the API server said before a step is not known to hold after it; it is asked at once."""
    shift = [0.0]
    clock = shifted_clock(lambda: shift[0])
    with tls_server(tmp_path, valid, telling()) as port:
        clocks = Clocks(clock, State(None))
        clocks.set_api_server(api_server_clock(f"https://127.0.0.1:{port}", ca_pem=ca.certificate_pem))
        clocks.start()
        assert clocks.settle(5)
        before = clocks.read()
        shift[0] = -AHEAD
        between = clocks.read()
        wait_until(lambda: clocks.read().references, describe="the answer after the step")
        after = clocks.read()
        clocks.stop()
    assert between.references == ()
    assert before.references[0].offset == pytest.approx(0, abs=1)
    assert after.references[0].offset == pytest.approx(AHEAD, abs=1)
    assert (before.steps, after.steps) == (0, 1)
    assert after.last_step == pytest.approx(-AHEAD, abs=0.1)
    assert between.last_step_time == between.host_time


def test_replacing_the_server(tmp_path: Path, ca: Pair, valid: Pair) -> None:
    """Another server is asked at once, an equal one is kept, and none leaves only the configured clocks."""
    with tls_server(tmp_path, valid, telling(AHEAD)) as port:
        clocks = Clocks(system_clock(), State(None))
        clocks.set_references([ScriptedClock(source="https/x", answer=time.time)])
        clocks.set_api_server(api_server_clock("https://127.0.0.1:1", ca_pem=ca.certificate_pem))
        clocks.start()
        assert clocks.settle(5)
        assert [item.up for item in clocks.read().references] == [False, True]
        new = api_server_clock(f"https://127.0.0.1:{port}", ca_pem=ca.certificate_pem)
        clocks.set_api_server(new)
        wait_until(lambda: [item.up for item in clocks.read().references] == [True, True], describe="the new server")
        clocks.set_api_server(api_server_clock(new.url.removesuffix("/version"), ca_pem=ca.certificate_pem))
        assert [item.clock for item in clocks.read().references] == ["apiserver", "https/x"]
        clocks.set_api_server(None)
        assert [item.clock for item in clocks.read().references] == ["https/x"]
        clocks.stop()
