"""Turns a private key into the hash of its public key, the only thing that may leave this module.

Rules of this module: pure; no key object, no bytes of one and no error text of the library is returned, kept or raised.
"""

from __future__ import annotations  # the types of keys have other names in older libraries

import hashlib
from enum import Enum, auto
from typing import TYPE_CHECKING

import cryptography
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from kubepki.formats import der
from kubepki.formats.guard import Refusal, attempt

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_SKIP_SINCE = 39
# The check takes 40 ms for RSA with 2048 bits, and comparing public halves does not need it. Without the option the
# cost is paid: it is the price of Debian 12's library, once per file and change.
_OPTIONS: dict[str, bool] = (
    {"unsafe_skip_rsa_key_validation": True} if int(cryptography.__version__.split(".")[0]) >= _SKIP_SINCE else {}
)
_EC = "1.2.840.10045.2.1"
_KNOWN_ALGORITHMS = frozenset({_EC, "1.2.840.113549.1.1.1", "1.3.101.112", "1.3.101.113"})
_PKCS8_TAGS = [der.INTEGER, der.SEQUENCE, der.OCTET_STRING]


class Unread(Enum):
    """Why a key gave no hash."""

    OPAQUE = auto()
    DAMAGED = auto()


def public_hash(key: PublicKeyTypes) -> str:
    """Return the hex SHA-256 of the DER SubjectPublicKeyInfo; raises what the library raises."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def private_hash(key: PrivateKeyTypes) -> str:
    """Return `public_hash` of a private key's public half."""
    return public_hash(key.public_key())


def key_hash(content: bytes) -> str | Unread:
    """Return `public_hash` of an unencrypted DER private key in PKCS#8, PKCS#1 or SEC1.

    `OPAQUE`: of a kind that the library does not support. `DAMAGED`: cut off, or no key at all.
    """
    found = attempt(lambda: private_hash(load_der_private_key(content, None, **_OPTIONS)))
    if not isinstance(found, Refusal):
        return found
    if found.kind == "UnsupportedAlgorithm":
        return Unread.OPAQUE
    foreign = attempt(lambda: _is_foreign(content))
    return Unread.OPAQUE if foreign is True else Unread.DAMAGED


def _is_foreign(content: bytes) -> bool:
    # Older libraries answer a key of an unknown kind with the ValueError that also means damage.
    members = der.sequence(content)
    if [member.tag for member in members[:3]] == _PKCS8_TAGS:
        algorithm, *parameters = der.elements(members[1].content)
        name = der.oid_text(algorithm.content)
        return name not in _KNOWN_ALGORITHMS or (name == _EC and parameters[0].tag == der.SEQUENCE)
    # RFC 5915, section 3: parameters are a name ([0] OBJECT IDENTIFIER), or explicit and then unsupported.
    return any(member.tag == der.CONTEXT_0 and member.content[0] == der.SEQUENCE for member in members)
