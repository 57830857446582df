"""One connection's HTTP: parse a request, write the answer, and again.

Parsing is the standard library's; deadlines and limits are the connection's. Request bodies are never read.
"""

import io
import ssl
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from kubepki.web.connections import Connection, ConnectionTable, Phase, TooMuchInputError
from kubepki.web.site import Answer, Site, plain, refusal, respond

_MAX_LINE = 16 * 1024


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
        # Until its password is verified, a connection may be ended in favour of another.
        refused = refusal(self._site, self.headers.get("Authorization"))
        self._table.enter(self._conn, Phase.RENDERING)
        self._write(refused or respond(self._site, self.command, self.path, self.headers))
        return not self.close_connection

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
        self.close_connection = True
        self._write(plain(HTTPStatus(code)))

    def handle_expect_100(self) -> bool:
        """Send no `100 Continue`: the body that the client announces is not wanted."""
        return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing: a scrape is no event."""


def serve_connection(connection: Connection, site: Site, table: ConnectionTable) -> None:
    """Serve one connection to its end. Trouble with the peer ends it silently; only our own is logged."""
    config = site.web_config
    try:
        context = config.tls_context() if config is not None else None
        if config is not None and context is not None:
            tls = connection.start_tls(context)
            if not config.peer_allowed(tls):
                site.complaints.say("a client certificate has none of the names in client_allowed_sans")
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
        connection.close()
        table.remove(connection)
