"""Turns a private key into the hash of its public key, the only thing that may leave this module.

Rules of this module: pure; no key object, no bytes of one and no error text of the library is returned, kept or raised.
"""

from __future__ import annotations  # the types of keys have other names in older libraries

import hashlib
from enum import Enum, auto
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from kubepki.formats import der
from kubepki.formats.guard import Refusal, attempt
from kubepki.formats.rsa_key import TooManyBitsError, rsa_public_hash

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_RSA = "1.2.840.113549.1.1.1"
_EC = "1.2.840.10045.2.1"
_EDWARDS = frozenset({"1.3.101.112", "1.3.101.113"})
_PKCS8_TAGS = [der.INTEGER, der.SEQUENCE, der.OCTET_STRING]
_SEC1_TAGS = [der.INTEGER, der.OCTET_STRING]


class Unread(Enum):
    """Why a key gave no hash."""

    OPAQUE = auto()
    DAMAGED = auto()
    TOO_COSTLY = auto()


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
    found = attempt(lambda: _hash(content))
    return Unread.DAMAGED if isinstance(found, Refusal) else found


def _hash(content: bytes) -> str | Unread:
    """Return what `key_hash` does, or raise. The library is asked only for kinds whose cost is bounded by their name.

    It derives the public half of DSA, DH and of a curve with explicit parameters from numbers of any size.
    """
    members = der.sequence(content)
    tags = [member.tag for member in members]
    if tags[:3] == _PKCS8_TAGS:
        algorithm, *parameters = der.elements(members[1].content)
        name = der.oid_text(algorithm.content)
        if name == _RSA:
            return _rsa(members[2].content)
        explicit = name == _EC and parameters[0].tag == der.SEQUENCE
        if explicit or name not in {_EC, *_EDWARDS}:
            return Unread.OPAQUE
    elif tags[:2] == _SEC1_TAGS:
        # RFC 5915, section 3: parameters are a name ([0] OBJECT IDENTIFIER), or explicit and then unsupported.
        if any(member.tag == der.CONTEXT_0 and member.content[0] == der.SEQUENCE for member in members):
            return Unread.OPAQUE
    else:
        return _rsa(content)
    found = attempt(lambda: private_hash(load_der_private_key(content, None)))
    if isinstance(found, Refusal):
        return Unread.OPAQUE if found.kind == "UnsupportedAlgorithm" else Unread.DAMAGED
    return found


def _rsa(content: bytes) -> str | Unread:
    try:
        return rsa_public_hash(content)
    except TooManyBitsError:
        return Unread.TOO_COSTLY
