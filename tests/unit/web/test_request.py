"""The head of a request: what is well-formed is read, everything else is refused and never guessed."""

import io
import time
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubepki.web.request import RefusedError, Request, read_request

HOST = b"Host: node30:10509\r\n"


def read(sent: bytes) -> Request | None:
    return read_request(io.BytesIO(sent).readline)


def get(fields: bytes, line: bytes = b"GET /metrics HTTP/1.1\r\n", host: bytes = HOST) -> Request:
    found = read(line + host + fields + b"\r\n")
    assert found is not None
    return found


def refused(sent: bytes) -> HTTPStatus | None:
    try:
        read(sent)
    except RefusedError as error:
        return error.status
    return None


def test_what_prometheus_sends() -> None:
    """Names of fields in lower case, values without the blanks around them."""
    found = get(
        b"User-Agent: Prometheus/3\r\nACCEPT:text/plain;version=0.0.4 \t\r\nX-Prometheus-Scrape-Timeout: 10\r\n"
    )
    assert (found.method, found.target, found.closes) == ("GET", "/metrics", False)
    assert found.fields["accept"] == "text/plain;version=0.0.4"
    assert found.fields["host"] == "node30:10509"


def test_lists_in_several_fields_are_one_list() -> None:
    """RFC 9110, section 5.3."""
    assert get(b"Accept: a\r\nAccept: b\r\n").fields["accept"] == "a, b"


@pytest.mark.parametrize(
    ("line", "fields", "closes"),
    [
        (b"GET / HTTP/1.1\r\n", b"", False),
        (b"GET / HTTP/1.1\r\n", b"Connection: Close\r\n", True),
        (b"GET / HTTP/1.1\r\n", b"Connection: upgrade, close\r\n", True),
        (b"GET / HTTP/1.0\r\n", b"", True),
        (b"GET / HTTP/1.0\r\n", b"Connection: keep-alive\r\n", False),
        (b"GET / HTTP/1.1\r\n", b"Content-Length: 0\r\n", False),
        (b"GET / HTTP/1.1\r\n", b"Content-Length: 5\r\n", True),
        (b"GET / HTTP/1.1\r\n", b"Transfer-Encoding: chunked\r\n", True),
    ],
)
def test_when_a_connection_closes(line: bytes, fields: bytes, *, closes: bool) -> None:
    """Also where a body follows, for it is never read."""
    assert get(fields, line).closes is closes


def test_http_1_0_needs_no_host() -> None:
    """A health check of an old balancer has none."""
    assert get(b"", b"GET / HTTP/1.0\r\n", b"").fields == {}


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Length: 1\r\nContent-Length: 1\r\n",
        b"Content-Length: 0\r\nContent-Length: 7\r\n",
        b"Content-Length: 1, 1\r\n",
        b"Content-Length : 1\r\n",
        b"Content-Length\t: 1\r\n",
        b"Content-Length:\r\n",
        b"Content-Length: +1\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 0x1\r\n",
        b"Content-Length: 1_0\r\n",
        b"Content-Length: 1 0\r\n",
        b"Content-Length: 1e1\r\n",
        "Content-Length: \u00b2\r\n".encode("latin-1"),
        b"Content-Length: " + b"9" * 5000 + b"\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding:\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
        b" folded: a\r\n",
        b"X: a\r\n b\r\n",
        b"X: a\r\n\tb\r\n",
        b"no colon\r\n",
        b": no name\r\n",
        b"Two words: a\r\n",
        b"X\x00: a\r\n",
        b"X: a\x00b\r\n",
        b"X: a\rb\r\n",
        b"X: a\x0b\r\n",
        b"X: \x7f\r\n",
        b"X: a\n",
        b"X: a\r\r\n",
        b"\xc3\xa4: a\r\n",
        b"Host: other\r\n",
        b"Authorization: Basic YTph\r\nAuthorization: Basic YjpiCg==\r\n",
        b"X\r\n",
    ],
)
def test_a_malformed_field_is_refused(field: bytes) -> None:
    """Wherever it stands."""
    for before, after in ((b"", b""), (b"A: b\r\n", b""), (b"", b"A: b\r\n")):
        assert refused(b"GET / HTTP/1.1\r\n" + HOST + before + field + after + b"\r\n") == 400


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET / HTTP/1.1\n", 400),
        (b"GET  / HTTP/1.1\r\n", 400),
        (b"GET /  HTTP/1.1\r\n", 400),
        (b"GET\t/ HTTP/1.1\r\n", 400),
        (b" GET / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1 \r\n", 400),
        (b"\r\nGET / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.10\r\n", 400),
        (b"GET / http/1.1\r\n", 400),
        (b"GET / HTTP/ 1.1\r\n", 400),
        (b"GET / HTTP/1,1\r\n", 400),
        ("GET / HTTP/1.\u00b9\r\n".encode("latin-1"), 400),
        (b"GET /\x00 HTTP/1.1\r\n", 400),
        (b"GET /\x7f HTTP/1.1\r\n", 400),
        (b"GET /\xc3\xa4 HTTP/1.1\r\n", 400),
        (b"GET metrics HTTP/1.1\r\n", 400),
        (b"GET ftp://a/ HTTP/1.1\r\n", 400),
        (b"G(T / HTTP/1.1\r\n", 400),
        (b"GET /\r\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET / HTTP/0.9\r\n", 505),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n", 414),
    ],
)
def test_a_malformed_request_line_is_refused(line: bytes, status: int) -> None:
    """One method, one target, one version, one blank between them."""
    assert refused(line + HOST + b"\r\n") == status


@pytest.mark.parametrize("host", [b"", b"Host: a b\r\n", b"Host: a/b\r\n", b"Host: a@b\r\n", b"Host: a, b\r\n"])
def test_a_request_names_one_host(host: bytes) -> None:
    """HTTP/1.1 asks for exactly one (RFC 9112, section 3.2); an address is one, an empty one too."""
    assert refused(b"GET / HTTP/1.1\r\n" + host + b"\r\n") == 400
    for good in (b"Host:\r\n", b"Host: [::1]:10509\r\n", b"Host: [fe80::1%25eth0]\r\n", b"Host: \r\n"):
        assert refused(b"GET / HTTP/1.1\r\n" + good + b"\r\n") is None


def test_too_many_and_too_long_fields() -> None:
    """The bounds of a head."""
    assert refused(b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 100 + b"\r\n") == 431
    assert refused(b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 99 + b"\r\n") is None
    assert refused(b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 17_000 + b"\r\n\r\n") == 431


@pytest.mark.parametrize(
    "sent", [b"", b"GET", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n" + HOST, b"GET / HTTP/1.1\r\nHost: a"]
)
def test_an_input_that_ends_early_is_no_request(sent: bytes) -> None:
    """Nothing is answered: the client is gone or asks for nothing."""
    assert read(sent) is None


@given(st.binary(max_size=80))
def test_only_a_refusal_is_ever_raised(sent: bytes) -> None:
    """Any bytes, alone and as a field of a request that is well-formed otherwise."""
    refused(sent)
    refused(b"GET / HTTP/1.1\r\n" + HOST + sent + b"\r\n\r\n")


@given(st.integers(0, 255), st.sampled_from([b"X%bY: a\r\n", b"X: a%b\r\n", b"X: %ba\r\n", b"Content-Length: %b1\r\n"]))
def test_every_byte_in_every_place(byte: int, pattern: bytes) -> None:
    """A byte in a name is of a token; in a value it is visible, a blank or beyond ASCII; in a length it is a digit."""
    status = refused(b"GET / HTTP/1.1\r\n" + HOST + pattern % bytes([byte]) + b"\r\n")
    blank, beyond = byte in b" \t", byte >= 0x80
    if pattern.startswith(b"X%b"):
        allowed = (chr(byte).isascii() and chr(byte).isalnum()) or byte in b"!#$%&'*+-.^_`|~:"
    elif pattern.startswith(b"X"):
        allowed = 0x21 <= byte <= 0x7E or blank or beyond
    else:
        allowed = blank or byte in b"0123456789"
    assert status == (None if allowed else 400)


def test_blanks_cost_what_they_weigh() -> None:
    """A long value of blanks that ends badly is refused in the time of one look at it."""
    began = time.process_time()
    for _ in range(20):
        assert refused(b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b" " * 16_000 + b"\x01\r\n\r\n") == 400
    assert time.process_time() - began < 1.0
