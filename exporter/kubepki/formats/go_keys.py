"""Which public keys Go's crypto/x509 takes (parser.go, parsePublicKey), and their hash. Pure."""

import hashlib
from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kubepki.formats import der
from kubepki.formats.go_der import BIT_STRING, INTEGER, OBJECT, SEQUENCE, Reader, refuse
from kubepki.formats.guard import Refusal, attempt
from kubepki.formats.private_key import P256_SPKI, public_hash
from kubepki.formats.rsa_key import ALGORITHM as _RSA_ALGORITHM

_RSA, _DSA = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce380401")
_EC, _ED25519 = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2b6570")
_P256 = bytes.fromhex("2a8648ce3d030107")
_CURVES: dict[bytes, ec.EllipticCurve] = {
    bytes.fromhex("2b81040021"): ec.SECP224R1(),
    _P256: ec.SECP256R1(),
    bytes.fromhex("2b81040022"): ec.SECP384R1(),
    bytes.fromhex("2b81040023"): ec.SECP521R1(),
}
# SEC 2, section 2.4.2: y² = x³ - 3x + b over the field of p.
_P256_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_P256_SIZE = 32
_UNCOMPRESSED = 0x04
# What is before the octets of a key in a SubjectPublicKeyInfo that can be written in one way only.
_PLAIN_ED25519 = bytes.fromhex("302a300506032b6570032100")
_EDWARDS_SIZE = 32
_PRESENTABLE = frozenset({_RSA, _EC, _ED25519})
_ORDINARY_ALGORITHM = 64


def check_public_key(encoded: bytes) -> bool:
    """Read a SubjectPublicKeyInfo and return whether crypto/tls knows its kind; raises Refused as Go would."""
    spki = Reader(encoded).into(SEQUENCE, "x509: malformed spki")
    algorithm = spki.whole(SEQUENCE, "x509: malformed public key algorithm identifier")
    kind, parameters = read_algorithm(algorithm)
    key = spki.bits("x509: malformed subjectPublicKey")
    if kind in _KEYS:
        _KEYS[kind](key, parameters)
    return kind in _PRESENTABLE


def read_algorithm(encoded: bytes) -> tuple[bytes, bytes]:
    """Return the identifier and the encoded parameters of an AlgorithmIdentifier; raises Refused as Go would."""
    return (_algorithm if len(encoded) <= _ORDINARY_ALGORITHM else _algorithm.__wrapped__)(encoded)


@lru_cache(maxsize=64)
def _algorithm(encoded: bytes) -> tuple[bytes, bytes]:
    fields = Reader(encoded).into(SEQUENCE, "x509: malformed algorithm identifier")
    name = fields.oid("x509: malformed OID")
    return name, b"" if fields.empty else fields.any("x509: malformed parameters")[2]


def spki_sha256(encoded: bytes) -> str:
    """Return the hex SHA-256 of a SubjectPublicKeyInfo that Go takes, as the library writes it.

    The same key may be encoded in two ways (what follows a value, compressed points): then the library writes it anew.
    """
    if not _is_plain(encoded):
        written = attempt(lambda: public_hash(load_der_public_key(_without_what_follows(encoded))))
        if not isinstance(written, Refusal):
            return written
    return hashlib.sha256(encoded).hexdigest()


def _without_what_follows(encoded: bytes) -> bytes:
    """Return the key without what Go passes over behind the values of its structures."""
    spki = Reader(encoded).into(SEQUENCE, "")
    kind, parameters = read_algorithm(spki.whole(SEQUENCE, ""))
    key = spki.whole(BIT_STRING, "")
    if kind == _RSA:
        key = _rsa_bits(Reader(key).bits(""))
    return der.encode(SEQUENCE, der.encode(SEQUENCE, der.encode(OBJECT, kind) + parameters) + key)


def _is_plain(encoded: bytes) -> bool:
    """Return whether the library would write the key as it is."""
    for before, size in ((P256_SPKI, 2 * _P256_SIZE), (_PLAIN_ED25519, _EDWARDS_SIZE)):
        if encoded.startswith(before) and len(encoded) == len(before) + size:
            return True
    key = Reader(encoded).into(SEQUENCE, "")
    if key.whole(SEQUENCE, "") != _RSA_ALGORITHM:
        return False
    return encoded == der.encode(SEQUENCE, _RSA_ALGORITHM + _rsa_bits(key.bits("")))


def _rsa_bits(key: bytes) -> bytes:
    """Return the BIT STRING of an RSA key, its two numbers and nothing else."""
    numbers = Reader(key).into(SEQUENCE, "")
    public = der.encode(SEQUENCE, numbers.whole(INTEGER, "") + numbers.whole(INTEGER, ""))
    return der.encode(BIT_STRING, b"\0" + public)


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
    name = Reader(parameters).oid("x509: invalid ECDSA parameters")
    curve = _CURVES.get(name)
    if curve is None:
        refuse("x509: unsupported elliptic curve")
    if not (_is_on_p256(key) if name == _P256 else _is_on(curve, key)):
        refuse("x509: the point of the public key is not on its curve, or compressed")


def _is_on(curve: ec.EllipticCurve, key: bytes) -> bool:
    point = attempt(lambda: ec.EllipticCurvePublicKey.from_encoded_point(curve, key))
    return not isinstance(point, Refusal) and key[:1] == b"\x04"


def _is_on_p256(key: bytes) -> bool:
    # Here the library takes five times as long.
    if len(key) != 1 + 2 * _P256_SIZE or key[0] != _UNCOMPRESSED:
        return False
    x = int.from_bytes(key[1 : 1 + _P256_SIZE], "big")
    y = int.from_bytes(key[1 + _P256_SIZE :], "big")
    return x < _P256_P and y < _P256_P and (y * y - (x * x - 3) * x - _P256_B) % _P256_P == 0


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
