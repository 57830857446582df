"""What a certificate's extensions say of its usage and its issuer's key, read without the X.509 library.

Rules of this module: pure; what cannot be read raises Refused. The library refuses some that Go takes: those of old or
home-made authorities with a default that is written out, or a path length without a CA.
"""

from collections.abc import Mapping
from functools import lru_cache

from kubepki.formats.go_der import BOOLEAN, INTEGER, OCTET_STRING, SEQUENCE, Reader
from kubepki.model import Usage

_V3 = 2
_VERSION, _UNIQUE_IDS, _EXTENSIONS = 0xA0, (0x81, 0x82), 0xA3
_BASIC_CONSTRAINTS, _KEY_USAGE, _PURPOSES = b"\x55\x1d\x13", b"\x55\x1d\x0f", b"\x55\x1d\x25"
_AUTHORITY_KEY, _SUBJECT_KEY, _KEY_ID = b"\x55\x1d\x23", b"\x55\x1d\x0e", 0x80
_ANY = b"\x55\x1d\x25\x00"
_SERVER, _CLIENT = bytes.fromhex("2b06010505070301"), bytes.fromhex("2b06010505070302")
# RFC 5280, section 4.2.1.3: keyCertSign is bit 5.
_KEY_CERT_SIGN = 0x04
_ORDINARY_VALUE = 64


def extensions_in(encoded: bytes) -> dict[bytes, bytes]:
    """Return the values of the extensions of a DER certificate that Go may refuse; raises Refused where it is none."""
    tbs = Reader(encoded).into(SEQUENCE, "x509: malformed certificate").into(SEQUENCE, "x509: malformed certificate")
    version = _version(tbs)
    for _ in range(6):
        tbs.any("x509: malformed certificate")
    return _extensions(tbs, version)


def authority_key_in(extensions: Mapping[bytes, bytes]) -> str:
    """Return the key identifier of the CA that *extensions* name (RFC 5280, section 4.2.1.1), in hexadecimal.

    Empty where they name none. Raises Refused where that cannot be read.
    """
    value = extensions.get(_AUTHORITY_KEY)
    if value is None:
        return ""
    identifier = Reader(value).into(SEQUENCE, "x509: invalid authority key identifier")
    return identifier.read(_KEY_ID, "").hex() if identifier.peek(_KEY_ID) else ""


def subject_key_in(extensions: Mapping[bytes, bytes]) -> str:
    """Return the identifier of a certificate's own key (RFC 5280, section 4.2.1.2), as `authority_key_in` does."""
    value = extensions.get(_SUBJECT_KEY)
    return "" if value is None else Reader(value).read(OCTET_STRING, "x509: invalid subject key identifier").hex()


def _version(tbs: Reader) -> int:
    """Return the version of a certificate as it is written: 2 is v3 (RFC 5280, section 4.1.2.1)."""
    return tbs.into(_VERSION, "x509: malformed version").integer("x509: malformed version") if tbs.peek(_VERSION) else 0


def usage_in(values: Mapping[bytes, bytes]) -> Usage:
    """Return what `names.usage` says, from the raw extensions; raises Refused where they cannot be read."""
    told = (values.get(_BASIC_CONSTRAINTS), values.get(_KEY_USAGE), values.get(_PURPOSES, b"\x30\x00"))
    # The certificates of a host are of few kinds.
    ordinary = all(value is None or len(value) <= _ORDINARY_VALUE for value in told)
    return (_usage if ordinary else _usage.__wrapped__)(*told)


@lru_cache(maxsize=64)
def _usage(constraints: bytes | None, key_usage: bytes | None, allowed: bytes) -> Usage:
    if _is_ca(constraints) if constraints is not None else _signs(key_usage):
        return Usage.CA
    purposes = _purposes(allowed)
    client, server = bool(purposes & {_ANY, _CLIENT}), bool(purposes & {_ANY, _SERVER})
    if client and server:
        return Usage.PEER
    if client:
        return Usage.CLIENT
    return Usage.SERVER if server else Usage.OTHER


def _extensions(tbs: Reader, version: int) -> dict[bytes, bytes]:
    """Return the values of the extensions; only v3 has any, and Go passes over those of another version."""
    found: dict[bytes, bytes] = {}
    if version != _V3:
        return found
    for identifier in _UNIQUE_IDS:
        if tbs.peek(identifier):
            tbs.any("x509: malformed unique identifier")
    if not tbs.peek(_EXTENSIONS):
        return found
    extensions = tbs.into(_EXTENSIONS, "").into(SEQUENCE, "x509: malformed extensions")
    while not extensions.empty:
        extension = extensions.into(SEQUENCE, "x509: malformed extension")
        name = extension.oid("x509: malformed extension OID field")
        if extension.peek(BOOLEAN):
            extension.any("x509: malformed extension critical field")
        found.setdefault(name, extension.read(OCTET_STRING, "x509: malformed extension value field"))
    return found


def _is_ca(constraints: bytes) -> bool:
    fields = Reader(constraints).into(SEQUENCE, "x509: invalid basic constraints")
    return not fields.peek(INTEGER) and fields.peek(BOOLEAN) and fields.boolean("x509: invalid basic constraints")


def _signs(key_usage: bytes | None) -> bool:
    bits = b"" if key_usage is None else Reader(key_usage).bits("x509: invalid key usage")
    return bool(bits) and bool(bits[0] & _KEY_CERT_SIGN)


def _purposes(value: bytes) -> set[bytes]:
    purposes = Reader(value).into(SEQUENCE, "x509: invalid extended key usages")
    found = set()
    while not purposes.empty:
        found.add(purposes.oid("x509: invalid extended key usages"))
    return found
