"""Reads a private key as Go's crypto/tls does (crypto/x509 pkcs1.go, pkcs8.go, sec1.go, by encoding/asn1).

Rules of this module: pure; it returns numbers and scalars to the one module that makes the public half of them, and
keeps none; what Go refuses raises ValueError. What follows the last field of a structure is passed over unread.
"""

from contextlib import suppress
from dataclasses import dataclass, field

from kubepki.formats.go_der import BIT_STRING, INTEGER, OBJECT, OCTET_STRING, SEQUENCE, Reader, refuse

_REFUSED = "tls: failed to parse private key"
_RSA, _EC, _ED25519 = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2b6570")
_CURVE, _POINT = 0xA0, 0xA1
_SEED_SIZE = 32
_PRIMES = 3


@dataclass(frozen=True, slots=True)
class RsaNumbers:
    """Version, modulus, both exponents, two primes, and what is given of the rest; `several` for more primes."""

    version: int = field(repr=False)
    numbers: tuple[int, ...] = field(repr=False)
    several: bool


@dataclass(frozen=True, slots=True)
class EcScalar:
    """The content of the OBJECT IDENTIFIER of the curve, and the private key."""

    curve: bytes
    scalar: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EdwardsSeed:
    """The seed of an Ed25519 key."""

    seed: bytes = field(repr=False)


GoKey = RsaNumbers | EcScalar | EdwardsSeed


def go_key(content: bytes) -> GoKey:
    """Return what Go reads in *content*, in the order in which crypto/tls tries; ValueError where it reads nothing."""
    for read in (_pkcs1, _pkcs8, _sec1):
        try:
            return read(content)
        except ValueError:
            continue
    return refuse(_REFUSED)


def _pkcs1(content: bytes) -> GoKey:
    whole = Reader(content)
    fields = whole.into(SEQUENCE, _REFUSED)
    if not whole.empty:
        refuse(_REFUSED)
    version = fields.integer(_REFUSED)
    numbers = [fields.integer(_REFUSED) for _ in range(5)]
    # An optional field that is another is passed by; one that is no DER is refused.
    numbers += [fields.integer(_REFUSED) for _ in range(_PRIMES) if not _lacks(fields, INTEGER)]
    several = not _lacks(fields, SEQUENCE)
    if several:
        primes = fields.into(SEQUENCE, _REFUSED)
        several = not primes.empty
        while not primes.empty:
            prime = primes.into(SEQUENCE, _REFUSED)
            first, *_ = [prime.integer(_REFUSED) for _ in range(_PRIMES)]
            if first <= 0:
                refuse(_REFUSED)
    return RsaNumbers(version, tuple(numbers), several)


def _pkcs8(content: bytes) -> GoKey:
    fields = Reader(content).into(SEQUENCE, _REFUSED)
    fields.integer(_REFUSED)
    algorithm = fields.into(SEQUENCE, _REFUSED)
    kind = algorithm.oid(_REFUSED)
    parameters = b"" if algorithm.empty else algorithm.raw(_REFUSED)
    key = fields.read(OCTET_STRING, _REFUSED)
    if kind == _RSA:
        return _pkcs1(key)
    if kind == _EC:
        return _sec1(key, parameters)
    if kind != _ED25519 or parameters:
        refuse(_REFUSED)
    seed = Reader(key).read(OCTET_STRING, _REFUSED)
    return EdwardsSeed(seed) if len(seed) == _SEED_SIZE else refuse(_REFUSED)


def _sec1(content: bytes, parameters: bytes = b"") -> GoKey:
    fields = Reader(content).into(SEQUENCE, _REFUSED)
    if fields.integer(_REFUSED) != 1:
        refuse(_REFUSED)
    scalar = fields.read(OCTET_STRING, _REFUSED)
    curve = fields.oid(_REFUSED) if fields.explicit(_CURVE, OBJECT, _REFUSED) else b""
    if fields.explicit(_POINT, BIT_STRING, _REFUSED):
        fields.bits(_REFUSED)
    # Where its parameters are no name Go takes the curve that the key itself names.
    with suppress(ValueError):
        curve = Reader(parameters).oid(_REFUSED)
    return EcScalar(curve, scalar)


def _lacks(fields: Reader, tag: int) -> bool:
    """Return whether the next field is not the optional one with *tag*; refused where it is no DER at all."""
    if fields.empty:
        return True
    fields.header(_REFUSED)
    return not fields.peek(tag)
