"""The real process under clients of every bad kind at once, plain and over TLS: an honest scraper notices nothing."""

import contextlib
import http.client
import random
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.running import Exporter, running
from tests.support.scenarios import NEW, OLD, node
from tests.support.waiting import wait_until
from tests.support.web_client import new_authority

HOSTILE, HONEST = "127.0.0.2", "127.0.0.3"
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
SECONDS = 3.0
PIECES = (
    GET,
    b"\r\n",
    b"\r\n\r\n",
    b"Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"Accept-Encoding: gzip;q=\x1c0.5\r\n\r\n",
    b"Authorization: Basic " + b"A" * 9000 + b"\r\n\r\n",
    b"GET /metrics?" + b"name[]=x&" * 900 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\n" * 40,
    b"\x16\x03\x01\xff\xff" + b"\0" * 300,
    b"\x80\x2e\x01\x00\x02",
    b"\0" * 64,
    b"X: " + b"y" * 40_000 + b"\r\n",
)


def connect(port: int, source: str) -> socket.socket:
    """Return a connection from *source*."""
    return socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(source, 0))


def come_and_go(port: int, _chance: random.Random) -> None:
    """Open and reset, as fast as it goes."""
    with connect(port, HOSTILE) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def babble(port: int, chance: random.Random) -> None:
    """Send frames of every bad kind, one after the other, and read what comes."""
    with connect(port, HOSTILE) as raw:
        for _ in range(chance.randrange(1, 6)):
            raw.sendall(chance.choice(PIECES))
        raw.settimeout(0.05)
        while raw.recv(4096):
            pass


def dribble(port: int, chance: random.Random) -> None:
    """Hold many connections with half a request, a byte more now and then."""
    with contextlib.ExitStack() as held:
        crowd = [held.enter_context(connect(port, HOSTILE)) for _ in range(60)]
        for _ in range(10):
            for raw in crowd:
                with contextlib.suppress(OSError):
                    raw.send(chance.choice((b"G", b"\x16", GET)))
            threading.Event().wait(0.02)


def read_nothing(port: int, _chance: random.Random) -> None:
    """Ask again and again, and read nothing of the answers."""
    with connect(port, HOSTILE) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(0.2)
        for _ in range(50):
            raw.sendall(GET + b"\r\n")


@contextlib.contextmanager
def hostile(port: int) -> Iterator[None]:
    """Do all of it in threads until the end of the context."""
    stop = threading.Event()

    def again(work: Callable[[int, random.Random], None], seed: int) -> None:
        chance = random.Random(seed)
        while not stop.is_set():
            with contextlib.suppress(OSError):
                work(port, chance)

    threads = [
        threading.Thread(target=again, args=(work, seed))
        for seed, work in enumerate((come_and_go, babble, babble, dribble, read_nothing))
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def scrape(port: int, context: ssl.SSLContext | None) -> int:
    """Return the status of a scrape over a fresh connection of the honest one."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(HONEST, 0))
    with contextlib.closing(client):
        if context is not None:
            client.connect()
            client.sock = context.wrap_socket(client.sock, server_hostname="127.0.0.1")
        client.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        reply = client.getresponse()
        reply.read()
        return reply.status


def descriptors(exporter: Exporter) -> int:
    """Return how many descriptors the process has."""
    return sum(1 for _ in Path(f"/proc/{exporter.process.pid}/fd").iterdir())


def resident(exporter: Exporter) -> int:
    """Return the resident bytes of the process."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{exporter.process.pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_an_honest_scraper_notices_nothing(kind: str, tmp_path: Path) -> None:
    """Each scrape meanwhile succeeds; afterwards descriptors, memory and the log are what they were, but for a few."""
    node(tmp_path / "pki", OLD, NEW)
    flags = [f"--pki.directory={tmp_path}/pki", "--no-clock.apiserver"]
    context = None
    if kind == "tls":
        authority = new_authority(tmp_path)
        authority.issue("server", "127.0.0.1")
        (tmp_path / "web.yml").write_text("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n")
        flags.append(f"--web.config.file={tmp_path}/web.yml")
        context = authority.client_context()
    with running(*flags, log=tmp_path / "log") as exporter:
        wait_until(lambda: scrape(exporter.port, context) == 200, timeout=60, describe="a first scrape")
        lines = exporter.log().count("\n")
        before = descriptors(exporter)
        statuses = []
        with hostile(exporter.port):
            began = time.monotonic()
            while time.monotonic() - began < SECONDS:
                statuses.append(scrape(exporter.port, context))
        assert set(statuses) == {200}
        assert len(statuses) > 3
        wait_until(lambda: descriptors(exporter) <= before + 2, timeout=30, describe="the descriptors of before")
        assert resident(exporter) < 64 << 20
        told = exporter.log().splitlines()[lines:]
        # At one address five lines a minute, and one that tells of the rest.
        assert len(told) <= 8, told
        assert not any("Traceback" in line for line in told)
        assert exporter.end() == 0
