"""One connection's HTTP: parse a request, answer it, and again.

Parsing is the standard library's; deadlines and limits are the connection's. Request bodies are never read.
"""

import io
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from kubepki.complaints import Complaints
from kubepki.connections import Connection, ConnectionTable, Phase, TooMuchInputError
from kubepki.exposition import Exposition, compress, gzip_accepted
from kubepki.landing import landing_page

if TYPE_CHECKING:
    from kubepki.webconfig import WebConfig

TEXT = "text/plain; charset=utf-8"
HEALTHY_PATH = "/-/healthy"
READY_PATH = "/-/ready"
_MAX_LINE = 16 * 1024
_MAX_QUERY_FIELDS = 1000
_ALLOW = ("Allow", "GET, HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served.

    `exposition` renders one scrape from the Accept header and the values of `name[]`. `ready` tells whether the first
    scan is published. `on_error` takes one line for the log and, for a bug, its exception. `max_requests` bounds the
    scrapes that render at the same time, 0 means no bound.
    """

    exposition: Callable[[str, Sequence[str]], Exposition]
    ready: Callable[[], bool]
    on_error: Callable[[str, BaseException | None], None]
    version: str
    telemetry_path: str = "/metrics"
    max_requests: int = 40
    web_config: "WebConfig | None" = None
    slots: threading.BoundedSemaphore | None = field(init=False)
    complaints: Complaints = field(init=False)

    def __post_init__(self) -> None:
        slots = threading.BoundedSemaphore(self.max_requests) if self.max_requests > 0 else None
        object.__setattr__(self, "slots", slots)
        object.__setattr__(self, "complaints", Complaints(self.on_error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response before it is written."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()


class _Input(io.RawIOBase):
    """The readable side of a connection for a BufferedReader."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed wants any buffer
        return self._connection.receive_into(buffer)


class Handler(BaseHTTPRequestHandler):
    """Serves all requests of one connection, then returns from its constructor, as the base class does."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: Connection, site: Site, table: ConnectionTable) -> None:
        self._conn = connection
        self._site = site
        self._table = table
        self._answered = False
        self._input = io.BufferedReader(_Input(connection))
        self.rfile = self._input
        self.close_connection = False
        self.handle()

    def handle(self) -> None:
        """Serve requests until the peer, a deadline or an error ends the connection."""
        limits = self._conn.limits
        try:
            while self._handle_request():
                self._table.enter(self._conn, Phase.WAITING)
                self._conn.expect(seconds=limits.idle_seconds)
                if not self._input.peek(1):
                    return
                self._conn.expect(seconds=limits.header_seconds)
        except TooMuchInputError:
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self._answered:
            self._table.enter(self._conn, Phase.WAITING)
            self._conn.drain()

    def _handle_request(self) -> bool:
        """Serve one request; return whether another may follow."""
        self._answered = False
        self.close_connection = True
        self.command, self.request_version = "", "HTTP/1.0"
        self.raw_requestline = self._input.readline(_MAX_LINE + 1)
        if len(self.raw_requestline) > _MAX_LINE:
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return False
        if not self.raw_requestline.endswith(b"\n") or not self.parse_request():
            return False
        if self.request_version == "HTTP/0.9":
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        if self.headers.get("Transfer-Encoding") or self.headers.get("Content-Length", "0").strip() != "0":
            self.close_connection = True
        self._table.enter(self._conn, Phase.RENDERING)
        self._write(self._answer())
        return not self.close_connection

    def _answer(self) -> Answer:
        config = self._site.web_config
        if config is not None and not config.authorized(self.headers.get("Authorization")):
            challenge = ("WWW-Authenticate", 'Basic realm="kubepki-exporter", charset="UTF-8"')
            return Answer(status=HTTPStatus.UNAUTHORIZED, body=b"Unauthorized\n", headers=(challenge,))
        try:
            url = urlsplit(self.path)
            query = parse_qs(url.query, max_num_fields=_MAX_QUERY_FIELDS)
        except ValueError:
            return Answer(status=HTTPStatus.BAD_REQUEST, body=b"Bad Request\n")
        route = self._routes().get(url.path)
        if route is None:
            return Answer(status=HTTPStatus.NOT_FOUND, body=b"Not Found\n")
        if self.command not in ("GET", "HEAD"):
            return Answer(status=HTTPStatus.METHOD_NOT_ALLOWED, body=b"Method Not Allowed\n", headers=(_ALLOW,))
        return route(query.get("name[]", []))

    def _routes(self) -> dict[str, Callable[[Sequence[str]], Answer]]:
        return {
            "/": self._landing,
            HEALTHY_PATH: self._healthy,
            READY_PATH: self._ready,
            self._site.telemetry_path: self._metrics,
        }

    def _landing(self, _names: Sequence[str]) -> Answer:
        page = landing_page(version=self._site.version, telemetry_path=self._site.telemetry_path)
        return Answer(status=HTTPStatus.OK, body=page, content_type="text/html; charset=utf-8")

    def _healthy(self, _names: Sequence[str]) -> Answer:
        return Answer(status=HTTPStatus.OK, body=b"kubepki-exporter is healthy.\n")

    def _ready(self, _names: Sequence[str]) -> Answer:
        if not self._site.ready():
            return _unavailable("kubepki-exporter is not ready: the first scan is not published yet.")
        return Answer(status=HTTPStatus.OK, body=b"kubepki-exporter is ready.\n")

    def _metrics(self, names: Sequence[str]) -> Answer:
        site = self._site
        if not site.ready():
            return _unavailable("kubepki-exporter is not ready: the first scan is not published yet.")
        if site.slots is not None and not site.slots.acquire(blocking=False):
            return _unavailable(f"{site.max_requests} scrapes are running, the limit of --web.max-requests.")
        try:
            exposition = site.exposition(self.headers.get("Accept", ""), names)
            body, headers = exposition.body, [("Vary", "Accept, Accept-Encoding")]
            if gzip_accepted(self.headers.get("Accept-Encoding", "")):
                body = compress(body)
                headers.append(("Content-Encoding", "gzip"))
        except Exception as error:  # noqa: BLE001 - a bug in a collect is a 500, so that `up` tells the truth
            site.on_error("the scrape failed while metrics were collected", error)
            return Answer(
                status=HTTPStatus.INTERNAL_SERVER_ERROR,
                body=b"The metrics could not be collected; the log has the reason.\n",
            )
        finally:
            if site.slots is not None:
                site.slots.release()
        return Answer(status=HTTPStatus.OK, body=body, content_type=exposition.content_type, headers=tuple(headers))

    def _write(self, answer: Answer) -> None:
        config = self._site.web_config
        lines = [
            f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
            "Server: kubepki-exporter",
            f"Date: {self.date_time_string()}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers),
            *(f"{name}: {value}" for name, value in (config.headers if config is not None else ())),
        ]
        if self.close_connection:
            lines.append("Connection: close")
        elif self.request_version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        data = head if self.command == "HEAD" else head + answer.body
        self._table.enter(self._conn, Phase.WRITING, pending=len(data))
        self._conn.expect(seconds=self._conn.limits.write_seconds)
        self._answered = True
        self._conn.send(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that could not be parsed, in one line that repeats nothing of it, and close."""
        del message, explain
        status = HTTPStatus(code)
        self.close_connection = True
        self._write(Answer(status=status, body=f"{status.phrase}\n".encode()))

    def handle_expect_100(self) -> bool:
        """Send no `100 Continue`: the body that the client announces is not wanted."""
        return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing: a scrape is no event."""


def _unavailable(reason: str) -> Answer:
    return Answer(status=HTTPStatus.SERVICE_UNAVAILABLE, body=f"{reason}\n".encode())


def serve_connection(connection: Connection, site: Site, table: ConnectionTable) -> None:
    """Serve one connection to its end. Trouble with the peer ends it silently; only our own is logged."""
    try:
        context = site.web_config.tls_context() if site.web_config is not None else None
        if context is not None:
            tls = connection.start_tls(context)
            if site.web_config is not None and not site.web_config.peer_allowed(tls):
                return
            connection.expect(seconds=connection.limits.header_seconds)
        Handler(connection, site, table)
    except ssl.SSLError as error:
        site.complaints.say(f"a TLS connection failed: {error.reason or 'the peer left'}")
    except (OSError, TooMuchInputError):
        pass
    except Exception as error:  # noqa: BLE001 - a worker's end must not be silent
        site.on_error("a connection failed", error)
    finally:
        table.remove(connection)
        connection.close()
