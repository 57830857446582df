"""What is served: the routes, and the answer to one request. No sockets here."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from kubepki.metrics.exposition import Exposition, gzip_accepted, negotiate
from kubepki.web.complaints import Complaints
from kubepki.web.landing import landing_page
from kubepki.web.peers import NOBODY, Peer
from kubepki.web.request import Request
from kubepki.web.slots import Slots
from kubepki.web.turns import Turns

if TYPE_CHECKING:
    # At run time only a host with a web configuration imports it, and PyYAML with it.
    from kubepki.web.config import WebConfig

TEXT = "text/plain; charset=utf-8"
HEALTHY_PATH = "/-/healthy"
READY_PATH = "/-/ready"
_MAX_QUERY_FIELDS = 1000
_NOT_READY = "kubepki-exporter is not ready: the first scan is not published yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served.

    `exposition` renders one scrape from the Accept header and the values of `name[]`. `ready` tells whether the first
    scan is published. `on_error` takes one line for the log and, for a bug, its exception. `max_requests` bounds the
    scrapes that render at the same time, 0 means no bound; one address gets two thirds of them at most.
    """

    exposition: Callable[[str, Sequence[str]], Exposition]
    ready: Callable[[], bool]
    on_error: Callable[[str, BaseException | None], None]
    version: str
    telemetry_path: str = "/metrics"
    max_requests: int = 40
    web_config: "WebConfig | None" = None
    slots: Slots = field(init=False)
    # The interpreter computes one thing at a time: who renders beside thirty others waits for them all. So scrapes take
    # turns, address by address, and what is not a plain scrape, and may take long, takes turns of its own.
    scrapes: Turns = field(init=False)
    queries: Turns = field(init=False)
    complaints: Complaints = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", Slots(self.max_requests))
        # The slots say how many wait.
        object.__setattr__(self, "scrapes", Turns(each=sys.maxsize, total=sys.maxsize))
        object.__setattr__(self, "queries", Turns(each=sys.maxsize, total=sys.maxsize))
        object.__setattr__(self, "complaints", Complaints(self.on_error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response before it is written."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()


def plain(status: HTTPStatus, text: str = "", *headers: tuple[str, str]) -> Answer:
    """Return an answer of one line, the name of the status where there is no *text*."""
    return Answer(status=status, body=f"{text or status.phrase}\n".encode(), headers=headers)


def refusal(site: Site, authorization: str | None, peer: Peer = NOBODY) -> Answer | None:
    """Return the answer to a request that lacks valid credentials, None for one that may be answered."""
    if site.web_config is None:
        return None
    allowed = site.web_config.authorized(authorization, peer)
    if allowed is None:
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, "Too many passwords are being checked.")
    if allowed:
        return None
    challenge = ("WWW-Authenticate", 'Basic realm="kubepki-exporter", charset="UTF-8"')
    return plain(HTTPStatus.UNAUTHORIZED, "", challenge)


def respond(site: Site, request: Request, peer: Peer = NOBODY) -> Answer:
    """Return the answer to an authorized request; a bug in a collect is a 500 and a complaint."""
    try:
        url = urlsplit(request.target)
        names = parse_qs(url.query, max_num_fields=_MAX_QUERY_FIELDS).get("name[]", [])
    except ValueError:
        return plain(HTTPStatus.BAD_REQUEST)
    if url.path not in (site.telemetry_path, "/", HEALTHY_PATH, READY_PATH):
        return plain(HTTPStatus.NOT_FOUND)
    if request.method not in ("GET", "HEAD"):
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, "", ("Allow", "GET, HEAD"))
    if url.path == site.telemetry_path:
        return _metrics(site, request, names, peer)
    return _page(site, url.path)


def _page(site: Site, path: str) -> Answer:
    if path == HEALTHY_PATH:
        return plain(HTTPStatus.OK, "kubepki-exporter is healthy.")
    if path == READY_PATH:
        if site.ready():
            return plain(HTTPStatus.OK, "kubepki-exporter is ready.")
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_READY)
    page = landing_page(version=site.version, telemetry_path=site.telemetry_path)
    return Answer(status=HTTPStatus.OK, body=page, content_type="text/html; charset=utf-8")


def _metrics(site: Site, request: Request, names: Sequence[str], peer: Peer) -> Answer:
    if not site.ready():
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_READY)
    if not site.slots.take(peer.share):
        text = f"{site.slots.running} scrapes are running, --web.max-requests allows {site.max_requests} in all."
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, text)
    accept = request.fields.get("accept", "")
    lane = site.queries if names or negotiate(accept).form is None else site.scrapes
    try:
        with lane.turn(peer.share):
            exposition = site.exposition(accept, names)
            extra: tuple[tuple[str, str], ...] = (("Vary", "Accept, Accept-Encoding"),)
            if gzip_accepted(request.fields.get("accept-encoding", "")):
                body = exposition.gzip()
                extra += (("Content-Encoding", "gzip"),)
            else:
                body = exposition.body
    except Exception as error:  # noqa: BLE001 - whatever a collector raises is a 500, so that `up` tells the truth
        site.complaints.say("the scrape failed while metrics were collected", error)
        text = "The metrics could not be collected; the log has the reason."
        return plain(HTTPStatus.INTERNAL_SERVER_ERROR, text)
    finally:
        site.slots.give(peer.share)
    return Answer(status=HTTPStatus.OK, body=body, content_type=exposition.content_type, headers=extra)
