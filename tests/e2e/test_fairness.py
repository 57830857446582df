"""Crowds at one address, and an honest scraper at another: each address has its share of everything that is scarce."""

import base64
import contextlib
import http.client
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import bcrypt
import pytest

from kubepki.web.connections import Limits
from tests.support.distant import distant
from tests.support.waiting import wait_until
from tests.support.web_client import Authority, Running, big_registry, running

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
CROWD, OTHER_CROWD, HONEST = "127.0.0.2", "127.0.0.4", "127.0.0.3"
# A busy machine may take longer over a handshake than its grace; what has no grace is ended at once all the same.
NO_DEADLINE = Limits(header_seconds=300, idle_seconds=300, write_seconds=300, opening_grace=60.0)
# Who loses to a crowd is ended, or waits without end; a busy machine takes its time over the rest.
TIMEOUT_SECONDS = 120.0


def connect(served: Running, source: str) -> socket.socket:
    """Return a connection from the loopback address *source*."""
    return socket.create_connection(("127.0.0.1", served.port), timeout=TIMEOUT_SECONDS, source_address=(source, 0))


def scrape(port: int, source: str, *, context: ssl.SSLContext | None = None, password: str = "") -> int:
    """Return the status of one scrape over a fresh connection."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, source_address=(source, 0))
    if context is not None:
        client.connect()
        client.sock = context.wrap_socket(client.sock, server_hostname="127.0.0.1")
    token = base64.b64encode(f"joe:{password}".encode()).decode()
    with contextlib.closing(client):
        client.request("GET", "/metrics", headers={"Authorization": f"Basic {token}"} if password else {})
        reply = client.getresponse()
        reply.read()
        return reply.status


@contextlib.contextmanager
def repeating(work: Callable[[], None], threads: int) -> Iterator[None]:
    """Do *work* again and again in *threads* threads; errors of the connection are the attacker's lot."""
    stop = threading.Event()

    def again() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                work()

    workers = [threading.Thread(target=again) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        stop.set()
        for worker in workers:
            worker.join(30)


@contextlib.contextmanager
def crowd(served: Running, number: int, *, begin: bytes = b"", source: str = CROWD) -> Iterator[None]:
    """Hold *number* connections that have sent *begin*, and open each one anew when it is ended."""
    poller = select.poll()
    held: dict[int, socket.socket] = {}
    stop = threading.Event()

    def open_one() -> None:
        with contextlib.suppress(OSError):
            raw = connect(served, source)
            held[raw.fileno()] = raw
            poller.register(raw, select.POLLIN | select.POLLHUP)
            raw.sendall(begin)

    def keep() -> None:
        while not stop.is_set():
            for descriptor, _ in poller.poll(20):
                poller.unregister(descriptor)
                held.pop(descriptor).close()
                open_one()

    for _ in range(number):
        open_one()
    keeping = threading.Thread(target=keep)
    keeping.start()
    try:
        yield
    finally:
        stop.set()
        keeping.join(30)
        for raw in held.values():
            raw.close()


@pytest.mark.parametrize(
    "begin", [b"", GET, GET + b"\r\n"], ids=["silent", "half a request", "a request, then nothing"]
)
def test_a_crowd_that_comes_back(begin: bytes) -> None:
    """A hundred connections that come back as soon as they are ended cost a scraper at another address nothing."""
    with running(limits=NO_DEADLINE) as served, crowd(served, 100, begin=begin):
        for _ in range(10):
            assert scrape(served.port, HONEST) == 200
        assert served.server.alive()
        assert served.server.connections() <= 64


def test_two_crowds() -> None:
    """Two addresses that fill the table share it, and a third one has its place in it."""
    with (
        running(limits=NO_DEADLINE) as served,
        crowd(served, 70, begin=GET),
        crowd(served, 70, begin=GET, source=OTHER_CROWD),
    ):
        for _ in range(10):
            assert scrape(served.port, HONEST) == 200


@pytest.mark.parametrize("begin", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "half a ClientHello"])
def test_a_distant_scraper_over_tls(authority: Authority, tls_file: Path, begin: bytes) -> None:
    """A scraper 120 ms away, whose handshake takes half a second, loses no scrape to a crowd that comes back."""
    context = authority.client_context()
    with (
        running(limits=NO_DEADLINE, web_config=tls_file) as served,
        distant(served.port, seconds=0.12, source=HONEST) as port,
        crowd(served, 100, begin=begin),
    ):
        for _ in range(3):
            assert scrape(port, "127.0.0.1", context=context) == 200


def test_a_handshake_is_no_idle_connection(authority: Authority, tls_file: Path) -> None:
    """At the very address of a silent crowd that grows, a distant scraper's handshake is left alone."""
    context = authority.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        running(limits=NO_DEADLINE, web_config=tls_file) as served,
        distant(served.port, seconds=0.12, source=CROWD) as port,
        contextlib.ExitStack() as held,
    ):
        for _ in range(120):
            held.enter_context(connect(served, CROWD))

        def come() -> None:
            held.enter_context(connect(served, CROWD))
            # Some 300 a second: the table is silent and fresh all the time.
            threading.Event().wait(0.003)

        with repeating(come, 1):
            for _ in range(3):
                assert scrape(port, "127.0.0.1", context=context) == 200


def guarded(directory: Path, *, rounds: int = 10) -> Path:
    """Write a web configuration with one user; a check of its password takes about 70 ms."""
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(rounds)).decode()
    path = directory / "web.yml"
    path.write_text(f'basic_auth_users:\n  joe: "{hashed}"\n')
    return path


@pytest.mark.parametrize("source", [HONEST, CROWD], ids=["at another address", "at the same address"])
def test_wrong_passwords_lock_nobody_out(tmp_path: Path, source: str) -> None:
    """Twelve clients that try wrong passwords all the time delay a fresh Prometheus, and never refuse it."""
    with (
        running(web_config=guarded(tmp_path)) as served,
        repeating(lambda: _expect_refusal(served), 12),
    ):
        wait_until(lambda: served.server.connections() >= 10, describe="the attackers")
        assert scrape(served.port, source, password="secret") == 200  # noqa: S106 - made above


def _expect_refusal(served: Running) -> None:
    assert scrape(served.port, CROWD, password="wrong") in (401, 503)  # noqa: S106 - made above


def test_each_address_complains_for_itself(tls_file: Path) -> None:
    """What one address does is told once, and hides nothing of what another does; each line names its address."""
    with running(web_config=tls_file) as served:
        for source in (CROWD, HONEST):
            for _ in range(20):
                with connect(served, source) as raw:
                    raw.sendall(b"\xff\0garbage" * 10)
                    with contextlib.suppress(OSError):
                        while raw.recv(4096):
                            pass
        wait_until(lambda: len(served.errors) == 2, describe="two lines")
        assert [CROWD in served.errors[0][0], HONEST in served.errors[1][0]] == [True, True]


def test_slow_readers_pay_for_themselves() -> None:
    """Where answers that nobody reads fill the memory, the address that reads nothing loses, not the one that reads."""
    limits = Limits(header_seconds=300, write_seconds=300, pending_bytes=40_000_000)
    with (
        running(limits=limits, source=big_registry()) as served,
        connect(served, HONEST) as honest,
        contextlib.ExitStack() as held,
    ):
        honest.sendall(GET + b"Connection: close\r\n\r\n")
        wait_until(lambda: len(served.rendered) == 1, describe="the honest answer")
        for _ in range(8):
            held.enter_context(connect(served, CROWD)).sendall(GET + b"\r\n")
        wait_until(lambda: len(served.rendered) == 9, describe="all answers")
        size = 0
        while chunk := honest.recv(1 << 20):
            size += len(chunk)
        assert size > 8_000_000
