"""Clients that are slow, silent or malformed, and a scrape that must succeed beside them."""

import contextlib
import http.client
import os
import select
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubepki.web.connections import Limits
from tests.support.waiting import wait_until
from tests.support.web_client import Authority, Running, big_registry, running

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
# Far beyond the length of a test: an answer proves that the eviction works, not that the deadlines came.
NO_DEADLINE = Limits(header_seconds=300, idle_seconds=300, write_seconds=300)


@contextlib.contextmanager
def many(served: Running, number: int, begin: bytes = b"") -> Iterator[list[socket.socket]]:
    """Hold *number* connections that have sent *begin*."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(served.connect()) for _ in range(number)]
        for raw in held:
            with contextlib.suppress(OSError):
                raw.sendall(begin)
        yield held


def answer(raw: socket.socket) -> bytes:
    """Read to the end."""
    chunks = []
    with contextlib.suppress(ConnectionResetError):
        while chunk := raw.recv(65536):
            chunks.append(chunk)
    return b"".join(chunks)


@pytest.mark.parametrize("begin", [b"", b"G", GET, GET + b"X: "], ids=["silent", "a byte", "no end", "half a header"])
def test_two_hundred_connections_without_a_request(begin: bytes) -> None:
    """Scrapes succeed while 200 connections wait for ever without a complete request."""
    with running(limits=NO_DEADLINE) as served, many(served, 200, begin):
        for _ in range(5):
            assert served.request().status == 200
        assert served.server.connections() <= 64
        assert served.server.alive()
        assert served.errors == []


def test_slowloris_that_dribbles() -> None:
    """Scrapes succeed while 100 clients send a byte of a header again and again."""
    with running(limits=NO_DEADLINE) as served, many(served, 100, GET) as held:
        stop = threading.Event()

        def dribble() -> None:
            while not stop.wait(0.01):
                for raw in held:
                    with contextlib.suppress(OSError):
                        raw.send(b"a")

        dribbling = threading.Thread(target=dribble)
        dribbling.start()
        try:
            for _ in range(5):
                assert served.request().status == 200
        finally:
            stop.set()
            dribbling.join()


def test_dribbling_does_not_move_the_deadline() -> None:
    """A client that keeps sending is cut off when the time for one header is over."""
    with running(limits=Limits(header_seconds=0.3)) as served, served.connect() as raw:
        raw.sendall(GET)
        raw.settimeout(0.02)

        def ended() -> bool:
            try:
                raw.send(b"a")
                return raw.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        wait_until(ended, describe="the end of the connection")


def test_silent_and_idle_connections_end() -> None:
    """A connection that says nothing, or nothing more after an answer, is closed when its time is over."""
    with running(limits=Limits(header_seconds=0.2, idle_seconds=0.2)) as served:
        with served.connect() as raw:
            assert answer(raw) == b""
        with served.connect() as raw:
            raw.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer(raw).endswith(b"healthy.\n")
        wait_until(lambda: served.server.connections() == 0, describe="no connections")


def test_slow_readers() -> None:
    """Scrapes succeed while clients in each place of the table read nothing of a large answer."""
    limits = Limits(connections=6, header_seconds=300, write_seconds=300)
    with running(limits=limits, source=big_registry()) as served, many(served, 6, GET + b"\r\n"):
        for _ in range(2):
            reply = served.request()
            assert (reply.status, len(reply.body) > 8_000_000) == (200, True)


def test_slow_readers_do_not_fill_the_memory() -> None:
    """Answers that wait to be read are bounded in bytes: who has stood still longest goes."""
    limits = Limits(header_seconds=300, write_seconds=300, pending_bytes=20_000_000)
    with running(limits=limits, source=big_registry()) as served, many(served, 8, GET + b"\r\n"):
        wait_until(lambda: len(served.rendered) == 8, describe="eight answers")
        wait_until(lambda: served.server.connections() <= 2, describe="at most two readers")
        assert served.request().status == 200


def test_slow_reader_is_cut_off() -> None:
    """A client that stops reading loses its connection when the time for writing is over."""
    limits = Limits(write_seconds=0.3)
    with running(limits=limits, source=big_registry()) as served, served.connect() as raw:
        raw.sendall(GET + b"\r\n")
        wait_until(lambda: served.server.connections() == 1, describe="the connection")
        wait_until(lambda: served.server.connections() == 0, describe="its end")


def test_table_full_of_idle_scrapers() -> None:
    """A new scrape gets in where every place is held by an idle kept connection; one of them goes, the others stay."""
    limits = Limits(connections=4, idle_seconds=300)
    with running(limits=limits) as served, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(served.http())) for _ in range(4)]
        for client in clients:
            client.request("GET", "/-/healthy")
            assert client.getresponse().read()
        assert served.request().status == 200
        # Which of them is idle the longest is known to the server's threads only, not to who has read the answers.
        ended = wait_until(
            lambda: [client for client in clients if select.select([client.sock], [], [], 0)[0]],
            describe="one connection to end",
        )
        assert len(ended) == 1
        assert ended[0].sock.recv(1) == b""
        for client in clients:
            if client not in ended:
                client.request("GET", "/-/healthy")
                assert client.getresponse().read()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\0\1\2\3\xff\xfe\n\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET /metrics\r\n\r\n", b"400"),
        (b"GET /metrics HTTP/2.0\r\n\r\n", b"505"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
        (b"GET /metrics HTTP/1.1 extra words\r\n\r\n", b"400"),
        (b"GET http://[ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /metrics?" + b"&a=1" * 2000 + b" HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + (b"X: " + b"a" * 1000 + b"\r\n") * 90 + b"\r\n", b"431"),
        (GET + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n", b"400"),
        (GET + b"Content-Length : 5\r\n\r\nGET /", b"400"),
        (GET + b"Accept-Encoding: gzip;q=\x1c0.5\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\n" * 4, b"400"),
    ],
)
def test_malformed_requests(sent: bytes, status: bytes) -> None:
    """Each malformed request is refused in its own connection, and the next scrape succeeds."""
    with running() as served:
        with served.connect() as raw:
            raw.sendall(sent)
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_WR)
            first = answer(raw)
        assert first.startswith(b"HTTP/1.1 " + status)
        assert b"Traceback" not in first
        assert served.request().status == 200
        assert served.errors == []


@pytest.fixture(scope="module")
def plain() -> Iterator[Running]:
    with running() as served:
        yield served


@given(
    parts=st.lists(
        st.binary(max_size=60) | st.sampled_from([GET, b"\r\n", b"\r\n\r\n", b"HEAD / HTTP/1.1"]), max_size=5
    )
)
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_answered_or_closed(plain: Running, parts: list[bytes]) -> None:
    """Whatever is sent, the connection ends, nothing is reported as our own error, and no answer is a 500."""
    with plain.connect() as raw:
        with contextlib.suppress(OSError):
            raw.sendall(b"".join(parts))
            raw.shutdown(socket.SHUT_WR)
        assert b"HTTP/1.1 500" not in answer(raw)
    assert plain.errors == []


def test_half_closed_client_gets_its_answer() -> None:
    """A client that has ended its side still reads the whole answer."""
    with running() as served, served.connect() as raw:
        raw.sendall(GET + b"\r\n")
        raw.shutdown(socket.SHUT_WR)
        assert answer(raw).startswith(b"HTTP/1.1 200 OK\r\n")


def test_pipelined_requests_are_answered_in_order() -> None:
    """Three requests sent at once are answered one after the other over the same connection."""
    with running() as served, served.connect() as raw:
        paths = (b"/-/healthy", b"/nowhere", b"/-/ready")
        raw.sendall(b"".join(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths))
        raw.shutdown(socket.SHUT_WR)
        statuses = [line.split()[1] for line in answer(raw).splitlines() if line.startswith(b"HTTP/1.1")]
        assert statuses == [b"200", b"404", b"200"]


def test_clients_that_reset() -> None:
    """Connections that are reset, before or after a request, leave nothing behind."""
    with running() as served:
        for begin in (b"", GET, GET + b"\r\n") * 10:
            with served.connect() as raw:
                raw.sendall(begin)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert served.request().status == 200
        wait_until(lambda: served.server.connections() == 0, describe="no connections")
        assert served.errors == []


def test_descriptors_stay_flat() -> None:
    """A thousand connections of all kinds leave as many open descriptors as before."""
    with running() as served:
        assert served.request().status == 200
        wait_until(lambda: served.server.connections() == 0, describe="no connections")
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the directory of links to sockets
        for number in range(1000):
            with served.connect() as raw:
                raw.sendall((b"", b"\0\n", GET, GET + b"\r\n")[number % 4])
        wait_until(lambda: len(os.listdir("/proc/self/fd")) <= before, describe="as many descriptors as before")  # noqa: PTH208 - as above


def https(served: Running, authority: Authority) -> int:
    """Return the status of a scrape over TLS."""
    context = authority.client_context()
    with contextlib.closing(
        http.client.HTTPSConnection("127.0.0.1", served.port, timeout=10, context=context)
    ) as client:
        client.request("GET", "/metrics")
        return client.getresponse().status


@pytest.mark.parametrize("begin", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "half a ClientHello"])
def test_two_hundred_unfinished_handshakes(authority: Authority, tls_file: Path, begin: bytes) -> None:
    """Scrapes over TLS succeed while 200 clients never finish their handshake."""
    with running(limits=NO_DEADLINE, web_config=tls_file) as served, many(served, 200, begin):
        for _ in range(3):
            assert https(served, authority) == 200


def test_unfinished_handshake_ends(tls_file: Path) -> None:
    """A handshake that dribbles is cut off when its time is over."""
    with running(limits=Limits(header_seconds=0.2), web_config=tls_file) as served, served.connect() as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert answer(raw) == b""


def test_garbage_on_the_tls_port(authority: Authority, tls_file: Path) -> None:
    """Bytes that are no TLS end their connection; one line about them is reported, not one for each."""
    with running(web_config=tls_file) as served:
        for _ in range(20):
            with served.connect() as raw:
                raw.sendall(b"\xff\0garbage" * 10)
                answer(raw)
        assert https(served, authority) == 200
        assert len(served.errors) == 1
        assert served.errors[0][1] is None


def test_plain_http_on_the_tls_port(tls_file: Path) -> None:
    """A client that speaks plain HTTP is told so."""
    with running(web_config=tls_file) as served, served.connect() as raw:
        raw.sendall(GET + b"\r\n")
        assert b"This server speaks HTTPS" in answer(raw)


def test_silence_after_the_handshake(authority: Authority, tls_file: Path) -> None:
    """Scrapes succeed while 100 clients finish the handshake and then say nothing."""
    context = authority.client_context()
    with running(limits=NO_DEADLINE, web_config=tls_file) as served, contextlib.ExitStack() as stack:
        for _ in range(100):
            raw = stack.enter_context(served.connect())
            stack.enter_context(context.wrap_socket(raw, server_hostname="127.0.0.1"))
        assert https(served, authority) == 200
