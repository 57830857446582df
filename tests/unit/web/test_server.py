"""The web server over real sockets: routes, formats, connections, the end."""

import contextlib
import gzip
import re
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric

from kubepki.metrics.exposition import PLAIN_TEXT, gzip_accepted, render
from kubepki.web.complaints import Complaints
from kubepki.web.connections import Connection, Limits
from kubepki.web.handler import http_date
from tests.support.waiting import wait_until
from tests.support.web_client import Running, exchange, registry, running

OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"


@pytest.fixture(scope="module")
def web() -> Iterator[Running]:
    with running() as served:
        yield served


class Broken:
    """A collector with a bug."""

    def describe(self) -> list[Metric]:
        """Name nothing."""
        return []

    def collect(self) -> list[Metric]:
        """Fail."""
        msg = "the bug"
        raise ZeroDivisionError(msg)


class Slow:
    """A collector that waits to be released."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()

    def describe(self) -> list[Metric]:
        """Name nothing."""
        return []

    def collect(self) -> list[Metric]:
        """Wait for the release."""
        self.entered.release()
        assert self.release.wait(10)
        return []


def test_text_is_the_default_format(web: Running) -> None:
    """A scrape without Accept is text 0.0.4 with every sample."""
    reply = web.request()
    assert (reply.status, reply.headers["Content-Type"]) == (200, PLAIN_TEXT)
    assert len([line for line in reply.body.splitlines() if not line.startswith(b"#")]) == 150


def test_openmetrics_as_prometheus_asks(web: Running) -> None:
    """Prometheus' own Accept header gives OpenMetrics with its end mark; the oldest library calls it 0.0.1."""
    reply = web.request(headers={"Accept": OPENMETRICS})
    kinds = tuple(f"application/openmetrics-text; version={version}; charset=utf-8" for version in ("1.0.0", "0.0.1"))
    assert reply.headers["Content-Type"].startswith(kinds)
    assert reply.body.endswith(b"# EOF\n")


def test_names_select(web: Running) -> None:
    """`name[]`, also percent-encoded and repeated, selects time series."""
    reply = web.request("/metrics?name[]=kubepki_test_1&name%5B%5D=kubepki_test_3&name[]=unknown")
    names = {line.split(b"{")[0] for line in reply.body.splitlines() if not line.startswith(b"#")}
    assert names == {b"kubepki_test_1", b"kubepki_test_3"}


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("GZIP; q=1.0", True),
        ("*", True),
        ("*;q=0, gzip", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=x", False),
        (";,;=,", False),
    ],
)
def test_gzip_only_where_accepted(web: Running, header: str, accepted: bool) -> None:  # noqa: FBT001 - a table
    """The answer is compressed exactly where Accept-Encoding allows it, with the length of what is sent."""
    assert gzip_accepted(header) is accepted
    reply = web.request(headers={"Accept-Encoding": header})
    assert (reply.headers["Content-Encoding"] == "gzip") is accepted
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    body = gzip.decompress(reply.body) if accepted else reply.body
    assert body == web.request().body


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80))
@example("application/openmetrics-text; version=x")
@example("application/openmetrics-text; version=1.x")
@example("application/openmetrics-text; version=7.0.0")
@example("text/plain; version=")
@example("text/plain; version=9.9.9; escaping=dots")
@example("application/openmetrics-text; version=1.0.0; escaping=\xff")
@settings(max_examples=150, deadline=None)
def test_no_accept_header_breaks_a_scrape(accept: str) -> None:
    """Whatever a client writes into Accept, it gets the samples in a format that exists."""
    rendered = render(SMALL, accept)
    assert rendered.body
    assert re.search(r"; version=(0\.0\.[14]|1\.0\.0); charset=utf-8(; escaping=[a-z0-9-]+)?$", rendered.content_type)


@given(
    st.tuples(
        st.sampled_from(["application/openmetrics-text", "text/plain"]),
        st.sampled_from(["version", "escaping", "q", "charset"]),
        st.text("0123456789.x-+_= ;", max_size=8),
        st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=6),
    )
)
@settings(max_examples=200, deadline=None)
def test_no_version_breaks_a_scrape(parts: tuple[str, str, str, str]) -> None:
    """Versions and escapings that make no sense, folded lines included, fall back to a known format."""
    kind, key, value, tail = parts
    rendered = render(SMALL, f"{kind}; {key}={value}{tail}; version={value}")
    assert rendered.body
    assert re.search(r"; version=(0\.0\.[14]|1\.0\.0); charset=utf-8(; escaping=[a-z0-9-]+)?$", rendered.content_type)


SMALL = registry()


def test_bad_accept_over_the_wire(web: Running) -> None:
    """A version that no parser knows is answered in a known format, not with an error."""
    reply = web.request(headers={"Accept": "application/openmetrics-text; version=1.x"})
    kind = reply.headers["Content-Type"]
    assert reply.status == 200
    # The oldest library does not look at the version.
    assert kind == PLAIN_TEXT or kind.startswith("application/openmetrics-text; version=0.0.1")
    assert web.errors == []


def test_head_is_get_without_body(web: Running) -> None:
    """HEAD has the status and the headers of GET, and nothing after them."""
    for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/nowhere"):
        with contextlib.closing(web.http()) as client:
            head, get = exchange(client, path, "HEAD"), exchange(client, path)
        assert head.body == b""
        assert head.status == get.status
        assert dict(head.headers) | {"Date": ""} == dict(get.headers) | {"Date": ""}


@pytest.mark.parametrize("path", ["/metricsx", "/metrics/", "/-/", "/favicon.ico", "//metrics/../x", "/?/metrics/x/y"])
def test_other_paths_are_not_found(web: Running, path: str) -> None:
    """Metrics are at their path only; `/` alone has the landing page."""
    assert web.request(path).status == (200 if path.startswith("/?") else 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
def test_other_methods_are_refused(web: Running, method: str) -> None:
    """A known path answers other methods with 405 and what is allowed, an unknown path with 404."""
    reply = web.request("/metrics", method)
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")
    assert web.request("/nowhere", method).status == 404


def test_landing_page_names_version_and_links() -> None:
    """The landing page has the version and a link to the configured path, escaped."""
    with running(telemetry_path="/<m>") as served:
        reply = served.request("/")
        assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
        assert b"1.2.3" in reply.body
        assert b'href="/&lt;m&gt;"' in reply.body
        assert served.request("/metrics").status == 404
        assert served.request("/<m>").status == 200


def test_not_ready_before_the_first_scan() -> None:
    """Until the first scan is published metrics and readiness are 503, health is 200; afterwards all are 200."""
    with running(ready=False) as served:
        assert [served.request(path).status for path in ("/metrics", "/-/ready", "/-/healthy", "/")] == [
            503,
            503,
            200,
            200,
        ]
        served.ready.set()
        assert [served.request(path).status for path in ("/metrics", "/-/ready")] == [200, 200]


def test_bug_in_a_collector_is_a_500_and_one_report() -> None:
    """A collector that raises is a 500 without a traceback, one report, and the server goes on."""
    source = CollectorRegistry()
    source.register(Broken())
    with running(source=source) as served:
        reply = served.request(headers={"Accept": OPENMETRICS})
        assert reply.status == 500
        assert b"Traceback" not in reply.body
        assert b"the bug" not in reply.body
        assert [type(error) for _, error in served.errors] == [ZeroDivisionError]
        assert served.request("/-/healthy").status == 200


def test_keep_alive_reuses_the_connection(web: Running) -> None:
    """Ten scrapes go over one connection."""
    with contextlib.closing(web.http()) as client:
        client.connect()
        first = client.sock
        assert all(exchange(client).status == 200 for _ in range(10))
        assert client.sock is first


def test_http_1_0_closes_unless_asked(web: Running) -> None:
    """HTTP/1.0 ends after one answer; with `Connection: keep-alive` it says so and goes on."""
    with web.connect() as raw:
        raw.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
        answer = raw.makefile("rb").read()
        assert b"Connection: close\r\n" in answer
        assert answer.endswith(b"healthy.\n")
    with web.connect() as raw:
        raw.sendall(b"GET /-/healthy HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        stream = raw.makefile("rb")
        assert b"Connection: keep-alive\r\n" in [stream.readline() for _ in range(6)]


def test_request_bodies_are_not_read(web: Running) -> None:
    """A request with a body is answered at once, without `100 Continue`, and its connection ends."""
    with web.connect() as raw:
        raw.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
        answer = raw.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close\r\n" in answer


def test_too_many_scrapes_at_once_are_turned_away() -> None:
    """With `max_requests` scrapes running the next is a 503; health still answers."""
    slow = Slow()
    source = CollectorRegistry()
    source.register(slow)
    with running(source=source, max_requests=2) as served:
        clients = [served.http() for _ in range(2)]
        for client in clients:
            client.request("GET", "/metrics")
        # They take turns: the first is at work, the second waits for it.
        assert slow.entered.acquire(timeout=10)
        wait_until(lambda: served.site.slots.running == 2, describe="two scrapes")
        reply = served.request()
        assert (reply.status, b"2 scrapes" in reply.body) == (503, True)
        assert served.request("/-/healthy").status == 200
        slow.release.set()
        assert [client.getresponse().status for client in clients] == [200, 200]
        for client in clients:
            client.close()
        assert served.request().status == 200


def test_a_question_that_takes_long_holds_up_no_plain_scrape() -> None:
    """What names its series takes turns of its own, and so does a format that the library writes."""
    slow = Slow()
    source = CollectorRegistry()
    source.register(slow)
    with running(questions=source) as served:
        asking = served.http()
        asking.request("GET", "/metrics?name[]=slow")
        assert slow.entered.acquire(timeout=10)
        assert served.request().status == 200
        slow.release.set()
        assert asking.getresponse().status == 200
        asking.close()


def test_stop_closes_everything_within_a_second() -> None:
    """Idle, silent and scraping connections all end, and no thread is left."""
    slow = Slow()
    source = CollectorRegistry()
    source.register(slow)
    with running(source=source) as served:
        silent = [served.connect() for _ in range(5)]
        scraping = served.http()
        scraping.request("GET", "/metrics")
        assert slow.entered.acquire(timeout=10)
        wait_until(lambda: served.server.connections() == 6, describe="six connections")
        threading.Timer(0.1, slow.release.set).start()
        began = time.monotonic()
        served.server.stop()
        assert time.monotonic() - began < 1
        assert scraping.getresponse().status == 200
        scraping.close()
        for raw in silent:
            assert raw.recv(1) == b""
            raw.close()
        with pytest.raises(ConnectionRefusedError):
            served.connect()
        assert not served.server.alive()


def test_beat_and_alive() -> None:
    """The beat moves on while nobody connects, so that a watchdog's ping proves the loop."""
    with running() as served:
        first = served.server.beat()
        assert wait_until(lambda: served.server.beat() > first, describe="a new beat")
        assert served.server.alive()


def test_peer_address_family_unix(tmp_path: object) -> None:
    """A connection that is no TCP is served too: systemd may pass a Unix socket."""
    path = f"{tmp_path}/s"
    from kubepki.web.server import WebServer  # noqa: PLC0415 - used here alone
    from kubepki.web.site import Site  # noqa: PLC0415 - used here alone

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    site = Site(exposition=lambda a, n: render(SMALL, a, n), ready=lambda: True, on_error=print, version="0")
    server = WebServer([listener], site=site)
    server.start()
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(path)
        raw.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert raw.makefile("rb").read().startswith(b"HTTP/1.1 200 OK")
    server.stop()


def test_answers_are_sent_at_once() -> None:
    """An accepted connection has TCP_NODELAY, or a kept one would wait for delayed acknowledgements."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        accepted = listener.accept()[0]
        connection = Connection(accepted, Limits())
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connection.close()


def test_complaints_are_held_back() -> None:
    """The same line passes once, and no more than fifty different ones within the minute."""
    said: list[str] = []
    complaints = Complaints(lambda message, _: said.append(message))
    for number in range(200):
        complaints.say("again")
        complaints.say(f"line {number}")
    assert said[:2] == ["again", "line 0"]
    assert len(said) == 50


@given(st.integers(0, 253_402_300_799))
@example(0)
def test_date_is_that_of_the_standard(seconds: int) -> None:
    """The Date header is the one that the standard library writes."""
    assert http_date(seconds) == formatdate(seconds, usegmt=True)
