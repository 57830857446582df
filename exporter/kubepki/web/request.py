"""The head of a request (RFC 9112), read strictly: what is not plainly well-formed is no request.

A proxy and a server that read the same bytes in two ways let one client slip a request into another's connection. So
nothing is repaired here: no bare line feed, no folded line, no blank around a name, no second length. Pure.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

MAX_LINE = 16 * 1024
_MAX_FIELDS = 100
_END = b"\r\n"
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_FIELD_NAME = re.compile(_NAME)
_REQUEST_LINE = re.compile(rf"({_NAME}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_TARGET = re.compile(r"/[!-~]*|https?://[!-~]*|\*", re.IGNORECASE)
# Visible characters, the bytes beyond ASCII (obs-text), blanks.
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_BLANKS = " \t"
_LENGTH = re.compile(r"[0-9]{1,18}")
_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+;=%:\[\]-]*")
# Fields of which a second one is a contradiction; others are lists (RFC 9110, section 5.3).
_SINGLE = frozenset({"host", "content-length", "transfer-encoding", "authorization"})


class RefusedError(Exception):
    """The bytes are no request that is answered; `status` tells the client why."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request without its body.

    `fields` are by name in lower case; several of one name are joined by commas. `closes` tells that no other request
    may follow: the client asks for it, or a body follows, which is never read.
    """

    method: str
    target: str
    fields: Mapping[str, str]
    closes: bool
    persistent_by_default: bool


def read_request(readline: Callable[[int], bytes]) -> Request | None:
    """Return the next request, None where the input ends before it is complete; raise RefusedError."""
    line = _line(readline, HTTPStatus.REQUEST_URI_TOO_LONG)
    if line is None:
        return None
    matched = _REQUEST_LINE.fullmatch(line)
    if matched is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    method, target, major, minor = matched.groups()
    if major != "1":
        raise RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    if _TARGET.fullmatch(target) is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    fields = _fields(readline)
    if fields is None:
        return None
    modern = minor != "0"
    body = _has_body(fields, modern=modern)
    if _HOST.fullmatch(fields.get("host", "" if not modern else "/")) is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    options = {option.strip(_BLANKS).lower() for option in fields.get("connection", "").split(",")}
    stays = "close" not in options and (modern or "keep-alive" in options)
    return Request(method=method, target=target, fields=fields, closes=body or not stays, persistent_by_default=modern)


def _line(readline: Callable[[int], bytes], too_long: HTTPStatus) -> str | None:
    """Return a line without its end, None where the input ends within it."""
    raw = readline(MAX_LINE + 1)
    if len(raw) > MAX_LINE:
        raise RefusedError(too_long)
    if not raw.endswith(b"\n"):
        return None
    if not raw.endswith(_END):
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    return raw[: -len(_END)].decode("latin-1")


def _fields(readline: Callable[[int], bytes]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for _ in range(_MAX_FIELDS + 1):
        line = _line(readline, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not line:
            return None if line is None else found
        name, colon, value = line.partition(":")
        if not colon or _FIELD_NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        name, value = name.lower(), value.strip(_BLANKS)
        if name not in found:
            found[name] = value
        elif name in _SINGLE:
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        else:
            found[name] = f"{found[name]}, {value}"
    raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _has_body(fields: Mapping[str, str], *, modern: bool) -> bool:
    """Return whether a body follows; raise RefusedError where two readers could disagree about its end."""
    length, coding = fields.get("content-length"), fields.get("transfer-encoding")
    if coding is not None:
        if length is not None or not modern or coding.lower() != "chunked":
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        return True
    if length is None:
        return False
    if _LENGTH.fullmatch(length) is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    return int(length) > 0
