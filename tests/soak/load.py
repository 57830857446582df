"""What a soak does to a service: each returns when it is told to stop."""

import itertools
import os
import random
import socket
import threading
import time
from pathlib import Path

from tests.support import costly, pki
from tests.support.scenarios import stamp

KEPT = 10
# Not the address of who scrapes: what is scarce is shared out between addresses.
CROWD = "127.0.0.2"
_STORM_FILES = 300
_REQUESTS = (
    b"",
    b"GET /metrics HTTP/1.1\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 20,
    b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"\x16\x03\x01" + bytes(200),
    b"X" * 40_000,
)


class Rotations:
    """Rotates as client-go does, once a second; `newest` is the target that a scrape must tell of in the end."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.done = 0
        self.newest = ""
        self._authority = pki.authority()
        self._key = pki.new_key()
        self._dated: list[Path] = []
        self._start = int(time.time() - pki.DAY)
        self.rotate()

    def rotate(self) -> None:
        """Rotate once, and prune old files as an operator would."""
        not_before = self._start + self.done
        pair = pki.client(self._authority, not_before=not_before, key=self._key)
        self._dated.append(pki.install(self.directory, "kubelet-client", pair.pem, stamp(not_before)))
        self.newest = str(self._dated[-1])
        self.done += 1
        if len(self._dated) > KEPT:
            self._dated.pop(0).unlink()

    def run(self, stop: threading.Event) -> None:
        """Rotate until *stop*."""
        while not stop.wait(1.0):
            self.rotate()


def storms(directory: Path, stop: threading.Event) -> None:
    """Write, rename and remove hundreds of files at once, every few seconds; some ask for much."""
    hostile = [make() for make in costly.FILES.values()]
    for number in itertools.count():
        for position in range(_STORM_FILES):
            path = directory / f"storm-{position}.pem"
            path.write_bytes(hostile[(number + position) % len(hostile)][:4_096])
            if position % 3 == 0:
                path.rename(directory / f"moved-{position}.crt")
            if stop.is_set():
                return
        for name, make in costly.FILES.items():
            (directory / name).write_bytes(make())
        if stop.wait(4.0):
            return
        for path in directory.iterdir():
            path.unlink()
        if stop.wait(1.0):
            return


def clients(port: int, stop: threading.Event) -> None:
    """Open connections that say nothing, too much or nonsense, and leave some of them open."""
    chance = random.Random(0)
    kept: list[socket.socket] = []
    try:
        while not stop.wait(0.02):
            try:
                connection = socket.create_connection(("127.0.0.1", port), timeout=1.0, source_address=(CROWD, 0))
                connection.sendall(chance.choice(_REQUESTS))
            except OSError:
                continue
            kept.append(connection)
            if len(kept) > 40 or chance.random() < 0.3:
                kept.pop(0).close()
    finally:
        for connection in kept:
            connection.close()


def figures(pid: int) -> tuple[int, int, int]:
    """Return the descriptors, the threads and the anonymous resident bytes of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - a count
    return descriptors, int(status["Threads"]), int(status["RssAnon"].split()[0]) * 1024
