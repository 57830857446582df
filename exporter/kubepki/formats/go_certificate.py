"""Whether Go's crypto/x509.ParseCertificate takes a certificate, and what it says if not.

Rules of this module: pure; total. It follows crypto/x509/parser.go of Go 1.26, in its order, for the first complaint is
what stands in a component's log. Values are never quoted.
"""

from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec

from kubepki.formats.go_der import BOOLEAN, OCTET_STRING, SEQUENCE, SET, Reader, Refused, refuse
from kubepki.formats.go_extensions import check_extension
from kubepki.formats.go_times import read_time
from kubepki.formats.guard import Refusal, attempt

_RSA, _DSA = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce380401")
_EC, _ED25519 = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2b6570")
_CURVES: dict[bytes, ec.EllipticCurve] = {
    bytes.fromhex("2b81040021"): ec.SECP224R1(),
    bytes.fromhex("2a8648ce3d030107"): ec.SECP256R1(),
    bytes.fromhex("2b81040022"): ec.SECP384R1(),
    bytes.fromhex("2b81040023"): ec.SECP521R1(),
}
_PRINTABLE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'()+,-./ :=?*&")
_NUMERIC = frozenset(b"0123456789 ")
_PRESENTABLE = frozenset({_RSA, _EC, _ED25519})
_EDWARDS_SIZE = 32
_VERSIONS = 3
_ORDINARY_NAME = 256


def certificate_refusal(encoded: bytes) -> str:
    """Return what Go's crypto/x509 says against a DER certificate; empty where it takes it."""
    outcome = attempt(lambda: _complaint(encoded))
    return f"x509: malformed certificate ({outcome.kind})" if isinstance(outcome, Refusal) else outcome


def presentable(encoded: bytes) -> bool:
    """Return whether crypto/tls knows the kind of the public key of a certificate that `certificate_refusal` takes."""
    tbs = Reader(encoded).into(SEQUENCE, "").into(SEQUENCE, "")
    for _ in range(7 if tbs.peek(0xA0) else 6):
        spki = tbs.any("")[1]
    return Reader(spki).into(SEQUENCE, "").oid("") in _PRESENTABLE


def _complaint(encoded: bytes) -> str:
    try:
        _certificate(encoded)
    except Refused as refused:
        return str(refused)
    return ""


def _certificate(encoded: bytes) -> None:
    whole = Reader(encoded)
    outer = whole.into(SEQUENCE, "x509: malformed certificate")
    tbs = outer.into(SEQUENCE, "x509: malformed tbs certificate")
    version = 1
    if tbs.peek(0xA0):
        field = tbs.into(0xA0, "x509: malformed version")
        version += field.integer("x509: malformed version")
        if not field.empty:
            refuse("x509: malformed version")
    if version < 1:
        refuse("x509: malformed version")
    if version > _VERSIONS:
        refuse("x509: invalid version")
    if tbs.integer("x509: malformed serial number") < 0:
        refuse("x509: negative serial number (Go 1.23 and later)")
    algorithm = tbs.read(SEQUENCE, "x509: malformed signature algorithm identifier")
    if outer.read(SEQUENCE, "x509: malformed algorithm identifier") != algorithm:
        refuse("x509: inner and outer signature algorithm identifiers don't match")
    _algorithm(Reader(algorithm))
    _check_name(tbs.read(SEQUENCE, "x509: malformed issuer"))
    validity = tbs.into(SEQUENCE, "x509: malformed validity")
    read_time(validity)
    read_time(validity)
    _check_name(tbs.read(SEQUENCE, "x509: malformed issuer"))
    _public_key(tbs.into(SEQUENCE, "x509: malformed spki"))
    if version > 1:
        _after_key(tbs, version)
    outer.bits("x509: malformed signature")
    if not whole.empty:
        refuse("x509: trailing data")


def _after_key(tbs: Reader, version: int) -> None:
    for tag, field in ((0x81, "issuerUniqueID"), (0x82, "subjectUniqueID")):
        if tbs.peek(tag):
            tbs.any(f"x509: malformed {field}")
    if version < _VERSIONS or not tbs.peek(0xA3):
        return
    extensions = tbs.into(0xA3, "x509: malformed extensions").into(SEQUENCE, "x509: malformed extensions")
    seen: list[tuple[bytes, bool, bytes]] = []
    while not extensions.empty:
        extension = extensions.into(SEQUENCE, "x509: malformed extension")
        name = extension.oid("x509: malformed extension OID field")
        critical = extension.peek(BOOLEAN) and extension.boolean("x509: malformed extension critical field")
        value = extension.read(OCTET_STRING, "x509: malformed extension value field")
        if any(name == other for other, _, _ in seen):
            refuse("x509: certificate contains duplicate extension")
        seen.append((name, critical, value))
    for name, critical, value in seen:
        check_extension(name, value, critical=critical)


def _algorithm(fields: Reader) -> tuple[bytes, bytes]:
    name = fields.oid("x509: malformed OID")
    return name, b"" if fields.empty else fields.any("x509: malformed parameters")[2]


def _check_name(content: bytes) -> None:
    # The certificates of a host have few issuers.
    (_name if len(content) <= _ORDINARY_NAME else _name.__wrapped__)(content)


@lru_cache(maxsize=64)
def _name(content: bytes) -> None:
    names = Reader(content)
    while not names.empty:
        relative = names.into(SET, "x509: invalid RDNSequence")
        while not relative.empty:
            attribute = relative.into(SEQUENCE, "x509: invalid RDNSequence: invalid attribute")
            attribute.oid("x509: invalid RDNSequence: invalid attribute type")
            tag, value, _ = attribute.any("x509: invalid RDNSequence: invalid attribute value")
            if not _is_string(tag, value):
                refuse("x509: invalid RDNSequence: invalid attribute value: invalid or unsupported string")


def _is_string(tag: int, value: bytes) -> bool:
    is_legal = _STRINGS.get(tag)
    return is_legal is not None and is_legal(value)


def _is_utf8(value: bytes) -> bool:
    return value.isascii() or not isinstance(attempt(lambda: value.decode("utf-8")), Refusal)


def _is_ucs2(value: bytes) -> bool:
    return len(value) % 2 == 0 and not any(map(_is_no_character, value[::2], value[1::2]))


def _is_no_character(high: int, low: int) -> bool:
    point = high << 8 | low
    return point in {0xFFFE, 0xFFFF} or 0xFDD0 <= point <= 0xFDEF or 0xD800 <= point <= 0xDFFF  # noqa: PLR2004


def _public_key(spki: Reader) -> None:
    kind, parameters = _algorithm(spki.into(SEQUENCE, "x509: malformed public key algorithm identifier"))
    key = spki.bits("x509: malformed subjectPublicKey")
    if kind in _KEYS:
        _KEYS[kind](key, parameters)


def _rsa(key: bytes, parameters: bytes) -> None:
    if parameters != b"\x05\x00":
        refuse("x509: RSA key missing NULL parameters")
    numbers = Reader(key).into(SEQUENCE, "x509: invalid RSA public key")
    if numbers.integer("x509: invalid RSA modulus") <= 0:
        refuse("x509: RSA modulus is not a positive number")
    exponent = numbers.integer("x509: invalid RSA public exponent")
    if exponent >= 1 << 63:
        refuse("x509: invalid RSA public exponent")
    if exponent <= 0:
        refuse("x509: RSA public exponent is not a positive number")


def _ecdsa(key: bytes, parameters: bytes) -> None:
    curve = _CURVES.get(Reader(parameters).oid("x509: invalid ECDSA parameters"))
    if curve is None:
        refuse("x509: unsupported elliptic curve")
    point = attempt(lambda: ec.EllipticCurvePublicKey.from_encoded_point(curve, key))
    if isinstance(point, Refusal) or key[:1] != b"\x04":
        refuse("x509: the point of the public key is not on its curve, or compressed")


def _edwards(key: bytes, parameters: bytes) -> None:
    if parameters or len(key) != _EDWARDS_SIZE:
        refuse("x509: Ed25519 key encoded with illegal parameters or of a wrong size")


def _dsa(key: bytes, parameters: bytes) -> None:
    values = [Reader(key).integer("x509: invalid DSA public key")]
    numbers = Reader(parameters).into(SEQUENCE, "x509: invalid DSA parameters")
    values += [numbers.integer("x509: invalid DSA parameters") for _ in range(3)]
    if min(values) <= 0:
        refuse("x509: zero or negative DSA parameter")


_KEYS: dict[bytes, Callable[[bytes, bytes], None]] = {
    _RSA: _rsa,
    _EC: _ecdsa,
    _ED25519: _edwards,
    _DSA: _dsa,
}
# Tags of the string types that parseASN1String knows.
_STRINGS: dict[int, Callable[[bytes], bool]] = {
    0x0C: _is_utf8,
    0x12: lambda value: set(value) <= _NUMERIC,
    0x13: lambda value: set(value) <= _PRINTABLE,
    0x14: lambda _: True,
    0x16: bytes.isascii,
    0x1E: _is_ucs2,
}
