"""One connection's HTTP: read a request, write the answer, and again.

Deadlines and limits are the connection's. Request bodies are never read.
"""

import io
import time
from http import HTTPStatus

from kubepki.web.connections import Connection, Phase, TooMuchInputError
from kubepki.web.request import RefusedError, Request, read_request
from kubepki.web.site import Answer, Site, plain, refusal, respond
from kubepki.web.table import ConnectionTable

_ONE_PIECE = 64 * 1024
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Input(io.RawIOBase):
    """The readable side of a connection for a BufferedReader."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed wants any buffer
        return self._connection.receive_into(buffer)


class Handler:
    """Serves all requests of one connection."""

    def __init__(self, connection: Connection, site: Site, table: ConnectionTable) -> None:
        self._conn = connection
        self._site = site
        self._table = table
        self._answered = False
        self._input = io.BufferedReader(_Input(connection))

    def serve(self) -> None:
        """Serve requests until the peer, a deadline or an error ends the connection."""
        limits = self._conn.limits
        try:
            while self._serve_one():
                self._table.enter(self._conn, Phase.WAITING)
                self._conn.expect(seconds=limits.idle_seconds)
                if not self._input.peek(1):
                    return
                self._conn.expect(seconds=limits.header_seconds)
        except RefusedError as refused:
            self._write(plain(refused.status))
        except TooMuchInputError:
            self._write(plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))
        if self._answered:
            self._table.enter(self._conn, Phase.WAITING)
            self._conn.drain()

    def _serve_one(self) -> bool:
        """Serve one request; return whether another may follow."""
        self._answered = False
        request = read_request(self._input.readline)
        if request is None:
            return False
        # Until its password is verified, a connection may be ended in favour of another.
        refused = refusal(self._site, request.fields.get("authorization"), self._conn.peer)
        self._table.enter(self._conn, Phase.RENDERING)
        self._write(refused or respond(self._site, request, self._conn.peer), request)
        return not request.closes

    def _write(self, answer: Answer, request: Request | None = None) -> None:
        """Write *answer*; without a *request* it is the last one."""
        config = self._site.web_config
        lines = [
            f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
            "Server: kubepki-exporter",
            f"Date: {http_date(time.time())}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers),
            *(f"{name}: {value}" for name, value in (config.headers if config is not None else ())),
        ]
        if request is None or request.closes:
            lines.append("Connection: close")
        elif not request.persistent_by_default:
            lines.append("Connection: keep-alive")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        body = b"" if request is not None and request.method == "HEAD" else answer.body
        # In one packet where both fit into one; a large body is not copied for it.
        pieces = (head + body,) if len(body) <= _ONE_PIECE else (head, body)
        self._table.enter(self._conn, Phase.WRITING, pending=len(head) + len(body))
        self._conn.expect(seconds=self._conn.limits.write_seconds)
        self._answered = True
        for piece in pieces:
            self._conn.send(piece)


def http_date(seconds: float) -> str:
    """Return a Unix time as the value of a Date header (RFC 9110, section 5.6.7), whatever the locale."""
    at = time.gmtime(seconds)
    day, month = _DAYS[at.tm_wday], _MONTHS[at.tm_mon - 1]
    return f"{day}, {at.tm_mday:02} {month} {at.tm_year:04} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"


def serve_connection(connection: Connection, site: Site, table: ConnectionTable) -> None:
    """Serve one connection to its end. Trouble with the peer ends it silently; only our own is logged."""
    config, peer = site.web_config, connection.peer
    try:
        context = config.tls_context() if config is not None else None
        if config is not None and context is not None:
            if not connection.speaks():
                return
            table.enter(connection, Phase.OPENING)
            tls = connection.start_tls(context)
            if not config.peer_allowed(tls):
                what = f"the client certificate of {peer.address} has none of the names in client_allowed_sans"
                site.complaints.say(what, peer=peer)
                return
            connection.expect(seconds=connection.limits.header_seconds)
        Handler(connection, site, table).serve()
    except OSError as error:
        # ssl.SSLError, which no host without TLS shall load.
        reason = getattr(error, "reason", "")
        if reason is None or reason:
            what = f"a TLS connection from {peer.address} failed: {reason or 'the peer left'}"
            site.complaints.say(what, peer=peer)
    except TooMuchInputError:
        pass
    except Exception as error:  # noqa: BLE001 - a worker's end must not be silent
        site.complaints.say("a connection failed", error)
    finally:
        connection.close()
        table.remove(connection)
