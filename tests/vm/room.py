"""What stands outside of the machine: an API server and an NTP server whose clocks are ours, and a node's files."""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import pki
from tests.support.https_servers import answer, serving_pair, tls_server
from tests.support.scenarios import BACKDATED, CLIENT, install

LEAD = 2 * pki.HOUR + 11 * 60
# As QEMU's user network shows this host's loopback to the machine.
GATEWAY = "10.0.2.2"
NTP_PORT = 123
_NTP_EPOCH = 2_208_988_800


@dataclass(slots=True, kw_only=True)
class Room:
    """The room of one night; `ahead` is by how many seconds the API server's clock is ahead of the truth."""

    api_server: int
    ca: pki.Pair
    ahead: list[float] = field(default_factory=lambda: [0.0])

    def files(self, directory: Path, *, signed: float, kubeconfig: bool = True) -> Path:
        """Write a node's files below *directory*: an old certificate, and the current one, signed at *signed*."""
        pki_directory = directory / "var/lib/kubelet/pki"
        now = time.time()
        for moment in (now - 100 * pki.DAY, signed):
            install(pki_directory, pki.client(self.ca, not_before=moment - BACKDATED), moment)
        link = pki_directory / CLIENT
        target = link.readlink().name
        link.unlink()
        link.symlink_to(f"/var/lib/kubelet/pki/{target}")
        if kubeconfig:
            user = pki.User(certificate=f"/var/lib/kubelet/pki/{CLIENT}", key=f"/var/lib/kubelet/pki/{CLIENT}")
            cluster = pki.Cluster(
                ca=self.ca.certificate_pem,
                server=f"https://{GATEWAY}:{self.api_server}",
                tls_server_name="kubernetes",
            )
            file = directory / "etc/kubernetes/kubelet.conf"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(pki.kubeconfig(clusters=[cluster], users=[user]))
        return directory


def interrupt(directory: Path) -> None:
    """Leave *directory* as a power cut in the middle of a rotation does: no current link, an empty target."""
    pki_directory = directory / "var/lib/kubelet/pki"
    link = pki_directory / CLIENT
    target = pki_directory / link.readlink().name
    moment = target.stat().st_mtime
    target.write_bytes(b"")
    os.utime(target, (moment, moment))
    link.rename(pki_directory / CLIENT.replace("current", "updated"))


@contextmanager
def open_room(directory: Path) -> Iterator[Room]:
    """Open an API server and an NTP server that tells the truth."""
    now = time.time()
    ca = pki.authority(not_before=now - pki.YEAR)
    ahead = [0.0]
    serving = serving_pair(ca, not_before=now - pki.YEAR / 2, not_after=now + pki.YEAR / 2)
    with (
        tls_server(directory, serving, lambda tls, _: tls.sendall(answer(now=time.time() + ahead[0]))) as port,
        _ntp_server(),
    ):
        yield Room(api_server=port, ca=ca, ahead=ahead)


@contextmanager
def _ntp_server() -> Iterator[None]:
    """Answer as a stratum 1 server does (RFC 5905, section 7.3)."""
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", NTP_PORT))
        server.settimeout(0.2)

        def serve() -> None:
            while not over.is_set():
                try:
                    asked, address = server.recvfrom(512)
                except TimeoutError:
                    continue
                now = time.time() + _NTP_EPOCH
                stamp = struct.pack(">II", int(now), int((now % 1) * 2**32))
                head = struct.pack(">BBbbII4s", 0x24, 1, 4, -20, 0, 0, b"GPS\0")
                server.sendto(head + stamp + asked[40:48] + stamp + stamp, address)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
