"""Turns a private key into the hash of its public key, the only thing that may leave this module.

Rules of this module: pure; no key object, no bytes of one and no error text of the library is returned, kept or raised.
"""

from __future__ import annotations  # the types of keys have other names in older libraries

import hashlib
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from kubepki.formats import der
from kubepki.formats.go_key import EdwardsSeed, GoKey, RsaNumbers, go_key
from kubepki.formats.guard import Refusal, attempt
from kubepki.formats.rsa_key import TooManyBitsError, public_hash_of, rsa_public_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_RSA = "1.2.840.113549.1.1.1"
_EC = "1.2.840.10045.2.1"
_EDWARDS = frozenset({"1.3.101.112", "1.3.101.113"})
_GO_CURVES = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})
# SEC 1, section C.4: the octets of a private key on the curves that Go knows, P-224 to P-521.
_SCALAR_BYTES = {
    "1.3.132.0.33": 28,
    "1.2.840.10045.3.1.7": 32,
    "1.3.132.0.34": 48,
    "1.3.132.0.35": 66,
}
_OBJECT_IDENTIFIER = 0x06
_PKCS8_TAGS = [der.INTEGER, der.SEQUENCE, der.OCTET_STRING]
_SEC1_TAGS = [der.INTEGER, der.OCTET_STRING]


# What is around the private number of a key of P-256 as kubelet, kubeadm and OpenSSL write it, in PKCS#8 and SEC1:
# before it, and from it to the octets of the public half.
_USUAL_SIZE, _USUAL_POINT = 32, 64
_USUAL_AFTER = bytes.fromhex("a14403420004")
_USUAL_CURVE = bytes.fromhex("a00a06082a8648ce3d030107")
_USUAL = (
    (bytes.fromhex("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420"), _USUAL_AFTER),
    (bytes.fromhex("30770201010420"), _USUAL_CURVE + _USUAL_AFTER),
)
_PLAIN_P256 = bytes.fromhex("30310201010420")
# What is before the octets of a public key of P-256 in its SubjectPublicKeyInfo.
P256_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
# SEC 2, section 2.4.2: the generator, which is the public half of 1.
_P256_GENERATOR = bytes.fromhex(
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


class Unread(Enum):
    """Why a key gave no hash."""

    OPAQUE = auto()
    DAMAGED = auto()
    TOO_COSTLY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReading:
    """A private key's `public_hash`, or why there is none; `presentable` if Go's crypto/tls takes its kind."""

    hash: str = ""
    presentable: bool = False
    unread: Unread | None = None


def public_hash(key: PublicKeyTypes) -> str:
    """Return the hex SHA-256 of the DER SubjectPublicKeyInfo; raises what the library raises."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def private_hash(key: PrivateKeyTypes) -> str:
    """Return `public_hash` of a private key's public half."""
    return public_hash(key.public_key())


def key_hash(content: bytes) -> str | Unread:
    """Return `public_hash` of an unencrypted DER private key in PKCS#8, PKCS#1 or SEC1.

    `OPAQUE`: of a kind that is not supported. `DAMAGED`: cut off, or no key at all. `TOO_COSTLY`: too large to be used.
    """
    found = read_key(content)
    return found.hash if found.unread is None else found.unread


def read_key(content: bytes) -> KeyReading:
    """Return what is known of an unencrypted DER private key in PKCS#8, PKCS#1 or SEC1; never raises."""
    found = attempt(lambda: _read(content))
    return KeyReading(unread=Unread.DAMAGED) if isinstance(found, Refusal) else found


def _read(content: bytes) -> KeyReading:
    """Return what `read_key` does, or raise. The library is asked only for kinds whose cost is bounded by their name.

    It derives the public half of DSA, DH and of a curve with explicit parameters from numbers of any size.
    """
    for before, after in _USUAL:
        rest = len(before) + _USUAL_SIZE
        is_usual = content.startswith(before) and content.startswith(after, rest)
        if is_usual and len(content) == rest + len(after) + _USUAL_POINT:
            return _of_p256(content[len(before) : rest], content[-_USUAL_POINT:])
    taken = attempt(lambda: _taken(go_key(content)))
    if isinstance(taken, KeyReading):
        return taken
    # What Go refuses may be a key all the same: of a kind that it lacks, or not quite DER.
    found = _otherwise(content)
    return KeyReading(hash=found.hash, unread=found.unread)


def _of_p256(scalar: bytes, point: bytes) -> KeyReading:
    """Return what is known of a key of P-256 beside which *point* stands as its public half.

    Go makes the public half anew. To hear from the library that *point* is it costs half of that.
    """
    if _library_compares() and _is_pair(scalar, point):
        return KeyReading(hash=hashlib.sha256(P256_SPKI + point).hexdigest(), presentable=True)
    return _load(_PLAIN_P256 + scalar + _USUAL_CURVE)


@cache
def _library_compares() -> bool:
    """Return whether the library refuses a key beside which another's public half stands; not each version does."""
    one, two = (number.to_bytes(_USUAL_SIZE, "big") for number in (1, 2))
    return _is_pair(one, _P256_GENERATOR) and not _is_pair(two, _P256_GENERATOR)


def _is_pair(scalar: bytes, point: bytes) -> bool:
    before, after = _USUAL[1]
    return not isinstance(attempt(lambda: load_der_private_key(before + scalar + after + point, None)), Refusal)


def _taken(key: GoKey) -> KeyReading:
    """Return what is known of a key that Go reads; raises what stands against its numbers."""
    if isinstance(key, RsaNumbers):
        return KeyReading(hash=public_hash_of(key.version, key.numbers, several=key.several), presentable=True)
    if isinstance(key, EdwardsSeed):
        return _reading(ed25519.Ed25519PrivateKey.from_private_bytes(key.seed))
    size = _SCALAR_BYTES[der.oid_text(key.curve)]
    value = key.scalar.lstrip(b"\0").rjust(size, b"\0")
    if len(value) > size:
        raise ValueError
    name = der.encode(der.CONTEXT_0, der.encode(_OBJECT_IDENTIFIER, key.curve))
    plain = der.encode(der.SEQUENCE, b"\2\1\1" + der.encode(der.OCTET_STRING, value) + name)
    return _reading(load_der_private_key(plain, None))


def _otherwise(content: bytes) -> KeyReading:
    members = der.elements(der.leading(content, der.SEQUENCE).content)
    tags = [member.tag for member in members]
    if tags[:3] == _PKCS8_TAGS:
        return _pkcs8(members, content)
    if tags[:2] != _SEC1_TAGS:
        return _rsa(content)
    # RFC 5915, section 3: parameters are a name ([0] OBJECT IDENTIFIER), or explicit and then unsupported.
    named = [der.elements(member.content)[0] for member in members if member.tag == der.CONTEXT_0]
    if any(each.tag == der.SEQUENCE for each in named):
        return KeyReading(unread=Unread.OPAQUE)
    return _load((_plain_sec1(members, named[0].content) if named else None) or content)


def _pkcs8(members: Sequence[der.Element], content: bytes) -> KeyReading:
    algorithm, *parameters = der.elements(members[1].content)
    name = der.oid_text(algorithm.content)
    if name == _RSA:
        return _rsa(members[2].content)
    if name == _EC and parameters[0].tag != der.SEQUENCE:
        inner = der.elements(der.leading(members[2].content, der.SEQUENCE).content)
        return _load(_plain_sec1(inner, parameters[0].content) or content)
    if name not in _EDWARDS:
        return KeyReading(unread=Unread.OPAQUE)
    return _load(content if parameters else _plain_edwards(algorithm.encoded, members[2].content))


def _load(content: bytes) -> KeyReading:
    found = attempt(lambda: _reading(load_der_private_key(content, None)))
    if isinstance(found, Refusal):
        opaque = found.kind == "UnsupportedAlgorithm"
        return KeyReading(unread=Unread.OPAQUE if opaque else Unread.DAMAGED)
    return found


def _plain_sec1(members: Sequence[der.Element], curve: bytes) -> bytes | None:
    """Return the key of a curve that Go knows as the library wants it; None for other curves.

    Go makes the public half anew and takes a private one with zeros before it (crypto/x509, sec1.go). ValueError for
    what it refuses.
    """
    size = _SCALAR_BYTES.get(der.oid_text(curve))
    if size is None:
        return None
    version, scalar = members[0], members[1]
    if version.tag != der.INTEGER or version.content != b"\1" or scalar.tag != der.OCTET_STRING:
        raise ValueError
    value = scalar.content.lstrip(b"\0").rjust(size, b"\0")
    if len(value) > size:
        raise ValueError
    name = der.encode(der.CONTEXT_0, der.encode(_OBJECT_IDENTIFIER, curve))
    return der.encode(der.SEQUENCE, version.encoded + der.encode(der.OCTET_STRING, value) + name)


def _plain_edwards(algorithm: bytes, content: bytes) -> bytes:
    """Return the key as PKCS#8 of version 0, without a public half or attributes, which Go passes over."""
    inner = der.encode(der.OCTET_STRING, der.leading(content, der.OCTET_STRING).encoded)
    return der.encode(der.SEQUENCE, b"\2\1\0" + der.encode(der.SEQUENCE, algorithm) + inner)


def _reading(key: PrivateKeyTypes) -> KeyReading:
    presentable = isinstance(key, ed25519.Ed25519PrivateKey) or (
        isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _GO_CURVES
    )
    return KeyReading(hash=private_hash(key), presentable=presentable)


def _rsa(content: bytes) -> KeyReading:
    try:
        return KeyReading(hash=rsa_public_hash(content), presentable=True)
    except TooManyBitsError:
        return KeyReading(unread=Unread.TOO_COSTLY)
