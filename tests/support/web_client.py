"""A running web server for tests, certificates for its TLS, and clients that misbehave."""

import contextlib
import datetime as dt
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client import CollectorRegistry, Gauge

from kubepki.metrics.exposition import Exposition, render
from kubepki.web.config import WebConfig
from kubepki.web.connections import Limits
from kubepki.web.listen import open_listeners
from kubepki.web.server import WebServer
from kubepki.web.site import Site

SECONDS = 10.0


@dataclass(kw_only=True)
class Running:
    """A server with 150 samples; what it reported, and the content types of all that it rendered."""

    server: WebServer
    site: Site
    port: int
    ready: threading.Event
    errors: list[tuple[str, BaseException | None]]
    rendered: list[str]

    def http(self) -> http.client.HTTPConnection:
        """Return a new client."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    def request(self, path: str = "/metrics", method: str = "GET", headers: dict[str, str] | None = None) -> "Reply":
        """Return the reply to one request over a fresh connection."""
        with contextlib.closing(self.http()) as client:
            return exchange(client, path, method, headers)

    def connect(self) -> socket.socket:
        """Return a raw connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)


@dataclass(kw_only=True)
class Reply:
    """A response that has been read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes = field(repr=False)


def exchange(
    client: http.client.HTTPConnection,
    path: str = "/metrics",
    method: str = "GET",
    headers: dict[str, str] | None = None,
) -> Reply:
    """Send one request over *client* and return the whole reply."""
    client.request(method, path, headers=headers or {})
    response = client.getresponse()
    return Reply(status=response.status, headers=response.headers, body=response.read())


def registry() -> CollectorRegistry:
    """Return a registry with 150 samples of ten families."""
    made = CollectorRegistry()
    for family in range(10):
        gauge = Gauge(f"kubepki_test_{family}", "A test.", ["path", "standing"], registry=made)
        for number in range(15):
            gauge.labels(f"/var/lib/kubelet/pki/{number}.pem", "current").set(1_767_225_600.0 + number)
    return made


def big_registry() -> CollectorRegistry:
    """Return a registry whose scrape is larger than what the kernel buffers for a socket."""
    made = CollectorRegistry()
    gauge = Gauge("kubepki_test_big", "A test.", ["path"], registry=made)
    for number in range(8000):
        gauge.labels(f"/{'x' * 1000}/{number}.pem").set(number)
    return made


@contextlib.contextmanager
def running(  # noqa: PLR0913 - each is one thing that a test varies
    *,
    limits: Limits | None = None,
    source: CollectorRegistry | None = None,
    questions: CollectorRegistry | None = None,
    ready: bool = True,
    max_requests: int = 40,
    telemetry_path: str = "/metrics",
    web_config: Path | None = None,
) -> Iterator[Running]:
    """Run a server on a free port of 127.0.0.1 and stop it; no thread of it may be left.

    *questions* takes the place of *source* where series are named.
    """
    source = source or registry()
    before = set(threading.enumerate())
    errors: list[tuple[str, BaseException | None]] = []
    rendered: list[str] = []

    def report(message: str, error: BaseException | None) -> None:
        errors.append((message, error))

    def exposition(accept: str, names: Sequence[str]) -> Exposition:
        made = render(questions, accept) if names and questions else render(source, accept, names)
        rendered.append(made.content_type)
        return made

    is_ready = threading.Event()
    if ready:
        is_ready.set()
    site = Site(
        exposition=exposition,
        ready=is_ready.is_set,
        on_error=report,
        version="1.2.3",
        telemetry_path=telemetry_path,
        max_requests=max_requests,
        web_config=None if web_config is None else WebConfig(str(web_config), report=report, check_seconds=0.0),
    )
    listeners = open_listeners(["127.0.0.1:0"])
    server = WebServer(listeners, site=site, limits=limits)
    server.start()
    try:
        yield Running(
            server=server,
            site=site,
            port=listeners[0].getsockname()[1],
            ready=is_ready,
            errors=errors,
            rendered=rendered,
        )
    finally:
        server.stop()
        left = set(threading.enumerate()) - before
        assert not {thread.name for thread in left if thread.name.startswith("web-")}


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A throw-away CA and the directory that its files go to."""

    directory: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def file(self) -> Path:
        """The CA's certificate."""
        return self.directory / "ca.pem"

    def issue(self, stem: str, *sans: str) -> tuple[Path, Path]:
        """Write a certificate with *sans* (IP addresses or DNS names) and its key; return their paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(stem, key, self.certificate.subject, self.key, sans=sans)
        certificate_file, key_file = self.directory / f"{stem}.crt", self.directory / f"{stem}.key"
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate_file, key_file

    def client_context(self, pair: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """Return a client's context that trusts this CA and, with *pair*, shows a certificate."""
        context = ssl.create_default_context(cafile=str(self.file))
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        if pair is not None:
            context.load_cert_chain(*pair)
        return context


def new_authority(directory: Path, name: str = "test-ca") -> Authority:
    """Return a CA whose certificate is in *directory*/ca.pem."""
    directory.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = _certificate(name, key, subject, key, ca=True)
    made = Authority(directory=directory, certificate=certificate, key=key)
    made.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return made


def _certificate(  # noqa: PLR0913 - the parts of a certificate
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    *,
    ca: bool = False,
    sans: Sequence[str] = (),
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName([_san(text) for text in sans]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _san(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
