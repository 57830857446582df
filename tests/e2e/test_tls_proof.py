"""A real TLS server that demands client certificates is the judge of `rollback`."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import pki
from tests.support.commands import run_rollback, settings_of
from tests.support.scenarios import BACKDATED, CLIENT, LEAD, install, looking_at, write

TIMEOUT = 10.0


class Judge:
    """Answers `ok` to each peer whose certificate it accepts, one after the other, until it is closed."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and end the thread."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(TIMEOUT)
        self._listener.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(TIMEOUT)
            try:
                with connection, self._context.wrap_socket(connection, server_side=True) as secured:
                    secured.sendall(b"ok")
            except OSError:
                continue


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[Judge, Path, pki.Pair]]:
    """Build a node whose current certificate is future-dated by the real clock, and the server it talks to."""
    now = time.time()
    ca = pki.authority(not_before=now - pki.YEAR)
    directory = tmp_path / "pki"
    for moment in (now - 100 * pki.DAY, now + LEAD):
        install(directory, pki.client(ca, not_before=moment - BACKDATED), moment)
    link = str(directory / CLIENT)
    cluster = pki.Cluster(ca=ca.certificate_pem)
    write(tmp_path / "kubelet.conf", pki.kubeconfig(clusters=[cluster], users=[pki.User(certificate=link, key=link)]))
    serving = write(tmp_path / "server.pem", pki.server(ca, not_before=now - pki.DAY).pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(serving)
    context.load_verify_locations(cadata=ca.certificate_pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    with closing(Judge(context)) as judge:
        yield judge, directory, ca


def is_accepted(judge: Judge, ca: pki.Pair, link: Path) -> bool:
    """Return whether *judge* accepts the pair that *link* leads to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=ca.certificate_pem.decode())
    context.load_cert_chain(link)
    with socket.create_connection(("127.0.0.1", judge.port), timeout=TIMEOUT) as plain:
        try:
            # With TLS 1.3 a client learns of its rejection at its first read.
            with context.wrap_socket(plain) as secured:
                return secured.recv(2) == b"ok"
        except (ssl.SSLError, ConnectionError):
            return False


def test_the_peer_accepts_after_the_rollback(node: tuple[Judge, Path, pki.Pair]) -> None:
    """The future-dated pair is refused, and the pair behind the link after `rollback --apply` is accepted."""
    judge, directory, ca = node
    link = directory / CLIENT
    assert not is_accepted(judge, ca, link)
    sources = looking_at(directory, kubeconfigs=(directory.parent / "kubelet.conf",))
    code, _ = run_rollback(settings_of(sources), now=time.time(), apply=True)
    assert code == 0
    assert is_accepted(judge, ca, link)
