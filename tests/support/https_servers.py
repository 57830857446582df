"""HTTPS servers on loopback, well-behaved and not, with certificates of any dates."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.support.pki import SERVER, Pair, name, new_key

Behaviour = Callable[[ssl.SSLSocket, threading.Event], None]
HEAD_END = b"\r\n\r\n"


def serving_pair(ca: Pair, *, not_before: float, not_after: float, dns: str = "kubernetes") -> Pair:
    """Return an API server's certificate for *dns* and 127.0.0.1."""
    key = new_key()
    names = [x509.DNSName(dns), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("kube-apiserver"))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime.fromtimestamp(not_before, dt.UTC))
        .not_valid_after(dt.datetime.fromtimestamp(not_after, dt.UTC))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(SERVER), critical=False)
    )
    return Pair(certificate=builder.sign(ca.key, hashes.SHA256()), key=key)


def answer(status: str = "401 Unauthorized", *, now: float, extra: str = "") -> bytes:
    """Return an answer as Go's net/http writes it."""
    return f"HTTP/1.1 {status}\r\n{extra}Date: {formatdate(now, usegmt=True)}\r\nContent-Length: 0\r\n\r\n".encode()


@contextmanager
def tls_server(directory: Path, pair: Pair, behaviour: Behaviour, *, handshake: bool = True) -> Iterator[int]:
    """Serve one connection after another with *behaviour* and yield the port.

    *behaviour* is called with the connection after its request was read, and an event that is set when the test is
    over. Without *handshake* the connection is accepted and never answered.
    """
    file = directory / "serving.pem"
    file.write_bytes(pair.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def serve() -> None:
            while not over.is_set():
                try:
                    raw, _ = listener.accept()
                except TimeoutError:
                    continue
                with raw:
                    if not handshake:
                        over.wait(30)
                        continue
                    raw.settimeout(5)
                    try:
                        with context.wrap_socket(raw, server_side=True) as tls:
                            request = b""
                            while HEAD_END not in request and (data := tls.recv(4096)):
                                request += data
                            behaviour(tls, over)
                    except OSError:
                        continue  # the client went away, as the test wants it

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()
