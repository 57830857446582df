"""Which URLs and mail addresses Go takes: net/url.Parse, and crypto/x509 of a host and of a mailbox.

Rules of this module: pure; total. Texts are ASCII, or bytes read as Latin-1.
"""

import ipaddress
import re
import string
from dataclasses import dataclass

from kubepki.formats.guard import Refusal, attempt

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):")
_UNRESERVED = string.ascii_letters + string.digits + "-._~"
_IN_HOST = frozenset(_UNRESERVED + "!$&'()*+,;=:[]<>\"")
_IN_USER = frozenset(_UNRESERVED + ":!$&'()*+,;=%@")
_PORT = re.compile("(:[0-9]*)?")
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})?")
_STRICT = frozenset({"http", "https"})
_FIRST_BEYOND_ASCII = 0x80
# RFC 2822, section 3.2.4 and 3.2.5, and what Go takes beyond them: an escaped character outside of quotes.
_QUOTED = re.compile(r'"(?:[\x01-\x08\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"', re.DOTALL)
_ATOMS = re.compile(r"(?:[0-9A-Za-z!#$%&'*+\-/=?^_`{|}~.]|\\.)+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL, empty where it has none: `scheme` in lower case, `host` with its port, `path` as written."""

    scheme: str
    host: str = ""
    path: str = ""


def parse_url(text: str) -> Url | None:
    """Return the parts of a URL, None for what net/url.Parse refuses."""
    text, _, fragment = text.partition("#")
    if any(each < " " or each == "\x7f" for each in text) or not _escapes_are_whole(fragment):
        return None
    scheme, rest = "", text.partition("?")[0]
    if rest.startswith(":"):
        return None
    if found := _SCHEME.match(text):
        scheme, rest = found["scheme"].lower(), text[found.end() :].partition("?")[0]
    if not rest.startswith("/"):
        # Rootless paths are opaque to Go; without a scheme a colon in the first segment would look like one.
        whole = bool(scheme) or (":" not in rest.partition("/")[0] and _escapes_are_whole(rest))
        return Url(scheme, path="" if scheme else rest) if whole else None
    host: str | None = ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        user, at, host = authority.rpartition("@")
        if at and not (set(user) <= _IN_USER and _escapes_are_whole(user)):
            return None
        host = _host(scheme, host)
    return None if host is None or not _escapes_are_whole(rest) else Url(scheme, host, rest)


def _host(scheme: str, host: str) -> str | None:
    """Return *host* without escapes, None for none."""
    bracket = host.rfind("[")
    if bracket > 0:
        return None
    if bracket == 0:
        inside, closed, port = host[1:].rpartition("]")
        address = _address(inside) if closed and _PORT.fullmatch(port) else None
        return None if address is None else f"[{address}]{port}"
    colon = host.find(":")
    if scheme not in _STRICT:
        colon = host.rfind(":")
    if colon >= 0 and not _PORT.fullmatch(host[colon:]):
        return None
    return _unescaped(host, zone=False)


def _address(text: str) -> str | None:
    before, percent, zone = text.partition("%25")
    address, named = _unescaped(before, zone=False), _unescaped(percent + zone, zone=True)
    if address is None or named is None:
        return None
    bare, sign, given = (address + named).partition("%")
    if sign and not given:
        return None
    read = attempt(lambda: ipaddress.IPv6Address(bare))
    return None if isinstance(read, Refusal) else address + named


def _unescaped(text: str, *, zone: bool) -> str | None:
    """Return a host, or the zone of an address, without escapes; None where there is one that may not be there."""
    found = []
    position = 0
    while position < len(text):
        one = text[position]
        if one == "%":
            escape = _ESCAPE.match(text, position)
            code = int(escape[1], 16) if escape and escape[1] else -1
            one = chr(code) if code >= 0 else ""
            may = one == "%" or (one == " " or one in _IN_HOST if zone else code >= _FIRST_BEYOND_ASCII)
            if not one or not may:
                return None
            position += 3
        else:
            if one.isascii() and one not in _IN_HOST:
                return None
            position += 1
        found.append(one)
    return "".join(found)


def _escapes_are_whole(text: str) -> bool:
    return "%" not in text or all(each[1] for each in _ESCAPE.finditer(text))


def is_uri(text: str) -> bool:
    """Return whether crypto/x509 takes *text* as the URI of a subject alternative name."""
    found = parse_url(text)
    return found is not None and is_domain(found.host, constraint=False)


def is_server(text: str) -> bool:
    """Return whether client-go takes *text* as the address of an API server (rest.DefaultServerURL)."""
    if _is_whole(text):
        return True
    found = parse_url(f"https://{text}")
    return found is not None and found.path in {"", "/"}


def server_url(text: str, *, tls: bool) -> str:
    """Return the URL of an API server's address, which may be a host with a port alone; with *tls* that is HTTPS."""
    return text if _is_whole(text) else f"{'https' if tls else 'http'}://{text}"


def _is_whole(text: str) -> bool:
    found = parse_url(text)
    return found is not None and bool(found.scheme and found.host)


def is_domain(text: str, *, constraint: bool) -> bool:
    """Return what crypto/x509's domainNameValid says."""
    if not text:
        return True
    if constraint and len(text) > 1:
        text = text.removeprefix(".")
    return all(part and all("!" <= character <= "~" for character in part) for part in text.split("."))


def is_mailbox(text: str) -> bool:
    """Return whether crypto/x509 takes *text* as a mail address (RFC 2821, and beyond) of a constraint."""
    found = (_QUOTED if text.startswith('"') else _ATOMS).match(text)
    if found is None:
        return False
    local, domain = found[0], text[found.end() :]
    if not local.startswith('"'):
        plain = re.sub(r"\\(.)", r"\1", local, flags=re.DOTALL)
        if plain.startswith(".") or plain.endswith(".") or ".." in plain:
            return False
    domain_part = domain.removeprefix("@")
    return domain.startswith("@") and (not domain_part or is_domain(domain_part, constraint=False))
