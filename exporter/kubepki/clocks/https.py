"""The clock of an HTTPS server: the `Date` header of its answer (RFC 9110, section 6.6.1).

The chain is verified against the trusted CAs and the name is checked, but no validity time is: a certificate may be
expired or not yet valid by the very clock that is in question. No credentials, no proxies, no redirects; any status
counts. `Date` is cut to whole seconds, so the time is taken as half a second later, at the middle of the round trip:
the error is at most 0.5 s plus half the round trip.
"""

import email.utils
import re
import socket
import ssl
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from urllib.parse import urlsplit

from kubepki.clocks.net import Abort, Deadline, UnreadableClockError, connect, resolve, unreadable
from kubepki.clocks.sighting import Sighting
from kubepki.disk.own import read_own
from kubepki.settings import ConfigError

TIMEOUT_SECONDS = 2.0
HALF_RESOLUTION_SECONDS = 0.5
MAX_HEAD_SIZE = 16 << 10
MAX_CA_SIZE = 4 << 20
API_SERVER_SOURCE = "apiserver"
# X509_V_FLAG_NO_CHECK_TIME of <openssl/x509_vfy.h>; the ssl module has no name for it.
NO_CHECK_TIME = 0x200000
_PEM_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_UNSAFE_IN_TARGET = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpsClock:
    """A server to ask. The CAs are `ca_pem`, or the file `ca_file`, or the system's store where both are None.

    `server_name` replaces the host of the URL in the TLS handshake and in the check of the name. `insecure` is a
    kubeconfig's `insecure-skip-tls-verify`: an unverified clock is none, so it is never read.
    """

    source: str
    url: str
    method: str = "HEAD"
    server_name: str | None = None
    ca_pem: bytes | None = None
    ca_file: str | None = None
    insecure: bool = False

    def read(self, boottime: Callable[[], float], abort: Abort) -> Sighting:
        """Ask once, for two seconds at most; raise UnreadableClockError with the reason."""
        if self.insecure:
            msg = "the kubeconfig says insecure-skip-tls-verify, so its server proves nothing"
            raise UnreadableClockError(msg)
        deadline = Deadline(TIMEOUT_SECONDS)
        try:
            return self._ask(boottime, abort, deadline)
        except ssl.SSLCertVerificationError as error:
            msg = f"its certificate is refused: {error.verify_message}"
            raise UnreadableClockError(msg) from error
        except ssl.SSLError as error:
            msg = f"TLS failed: {error.reason or error.strerror or 'closed'}"
            raise UnreadableClockError(msg) from error
        except (OSError, ValueError) as error:
            raise unreadable(error, deadline, misnamed="its URL or server name is no usable one") from error
        finally:
            abort.attach(None)

    def _ask(self, boottime: Callable[[], float], abort: Abort, deadline: Deadline) -> Sighting:
        host, port, request = _request(self.method, self.url)
        context = tls_context(self._ca())
        raw = connect(resolve(host, port, socket.SOCK_STREAM, deadline), deadline, abort)
        with raw:
            raw.settimeout(deadline.remaining())
            with context.wrap_socket(
                raw, server_hostname=self.server_name or host, do_handshake_on_connect=False
            ) as tls:
                abort.attach(tls)
                tls.do_handshake()
                tls.settimeout(deadline.remaining())
                sent = boottime()
                tls.sendall(request)
                certificate = _validity(tls)
                head, received = _read_head(tls, boottime, deadline)
        half = (received - sent) / 2
        return Sighting(
            time=date_of(head) + HALF_RESOLUTION_SECONDS,
            boot=sent + half,
            error=HALF_RESOLUTION_SECONDS + half,
            certificate=certificate,
            unauthorized=head.split(None, 2)[1:2] == [b"401"],
        )

    def _ca(self) -> bytes | None:
        if self.ca_pem is not None or self.ca_file is None:
            return self.ca_pem
        try:
            return read_own(self.ca_file, MAX_CA_SIZE, what="its ca_file", where="")
        except ConfigError as error:
            raise UnreadableClockError(str(error)) from error


def api_server_clock(
    url: str, *, ca_pem: bytes | None, tls_server_name: str | None = None, insecure: bool = False
) -> HttpsClock:
    """Return the clock of the API server at *url*, as a kubeconfig's cluster entry describes it.

    `/version` is what an unauthenticated client may read by default (system:public-info-viewer); 401 and 403 have a
    Date as well. Without a CA the system's store is used, as client-go does.
    """
    return HttpsClock(
        source=API_SERVER_SOURCE,
        url=url.rstrip("/") + "/version",
        method="GET",
        ca_pem=ca_pem,
        server_name=tls_server_name,
        insecure=insecure,
    )


def tls_context(ca_pem: bytes | None) -> ssl.SSLContext:
    """Return a context that verifies chain and name against *ca_pem* (None: the system's store), but no times.

    Each certificate in *ca_pem* is a trust anchor, an intermediate one too, and blocks that cannot be read are left
    out, both as Go's crypto/x509 does it. Raise UnreadableClockError where no certificate is left.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME) | ssl.VERIFY_X509_PARTIAL_CHAIN
    if ca_pem is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return context
    loaded = 0
    for block in _PEM_CERTIFICATE.findall(ca_pem):
        try:
            context.load_verify_locations(cadata=b64decode(block))
        except (ssl.SSLError, ValueError):
            continue
        loaded += 1
    if not loaded:
        msg = "its CA holds no certificate that can be read"
        raise UnreadableClockError(msg)
    return context


def date_of(head: bytes) -> float:
    """Return the time in the `Date` header of an answer's head, in Unix seconds.

    Raise UnreadableClockError where there is none, or where a cache answered (`Age`, RFC 9111, section 5.1): its Date
    is that of another moment.
    """
    lines = head.split(b"\n")
    if not lines[0].startswith(b"HTTP/1."):
        msg = "its answer is no HTTP/1"
        raise UnreadableClockError(msg)
    fields: dict[bytes, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(name.lower(), value.decode("latin-1").strip())
    if fields.get(b"age", "0") != "0":
        msg = "its answer comes from a cache"
        raise UnreadableClockError(msg)
    if b"date" not in fields:
        msg = "its answer has no Date"
        raise UnreadableClockError(msg)
    try:
        date = email.utils.parsedate_to_datetime(fields[b"date"])
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError) as error:
        msg = "its Date is no date"
        raise UnreadableClockError(msg) from error


def _validity(tls: ssl.SSLSocket) -> tuple[float, float] | None:
    """Return NotBefore and NotAfter of what the server shows, None where they are no times that the calendar holds."""
    shown = tls.getpeercert() or {}
    try:
        return tuple(float(ssl.cert_time_to_seconds(str(shown[each]))) for each in ("notBefore", "notAfter"))  # type: ignore[return-value] # two
    except (KeyError, ValueError, OverflowError):
        return None


def _read_head(tls: ssl.SSLSocket, boottime: Callable[[], float], deadline: Deadline) -> tuple[bytes, float]:
    """Return the bytes up to the end of the header fields, and when the first of them came."""
    head = b""
    received = 0.0
    while b"\r\n\r\n" not in head:
        tls.settimeout(deadline.remaining())
        data = tls.recv(4096)
        received = received or boottime()
        if not data:
            msg = "it closed the connection without an answer"
            raise UnreadableClockError(msg)
        head += data
        if len(head) > MAX_HEAD_SIZE:
            msg = "its answer has more than 16 KiB of header fields"
            raise UnreadableClockError(msg)
    return head.partition(b"\r\n\r\n")[0], received


def _request(method: str, url: str) -> tuple[str, int, bytes]:
    """Return host, port and the request; raise ValueError or UnreadableClockError for a URL that cannot be asked."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        msg = "its URL is no https:// URL"
        raise UnreadableClockError(msg)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if parts.port is None else f"{host}:{parts.port}"
    if _UNSAFE_IN_TARGET.search(target + authority):
        msg = "its URL has characters that must be escaped"
        raise UnreadableClockError(msg)
    fields = (
        f"{method} {target} HTTP/1.1",
        f"Host: {authority}",
        "User-Agent: kubepki-exporter",
        "Accept: */*",
        "Cache-Control: no-cache",
        "Connection: close",
    )
    return parts.hostname, parts.port or 443, ("\r\n".join(fields) + "\r\n\r\n").encode("ascii")
