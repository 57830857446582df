"""Reads the public half of an RSA private key from its DER, without the library.

Debian 12's library checks that both factors are primes, which takes seconds at 8,192 bits and minutes at 300,000. The
public half stands in the file (RFC 8017, appendix A.1.2), and what Go checks of the rest is cheap at any size.

Rules of this module: pure; no number of a private key is returned, kept or raised.
"""

import hashlib

from kubepki.formats import der

# OpenSSL verifies nothing above this (OPENSSL_RSA_MAX_MODULUS_BITS), and no component can serve with such a key.
MAX_BITS = 16_384

_NUMBERS = 9
# AlgorithmIdentifier of rsaEncryption with NULL parameters (RFC 3279, section 2.3.1).
_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")


class TooManyBitsError(ValueError):
    """The key is larger than anything that a component can use."""


def rsa_public_hash(pkcs1: bytes) -> str:
    """Return the hex SHA-256 of the DER SubjectPublicKeyInfo of the key in *pkcs1*, a DER RSAPrivateKey.

    ValueError where it is cut off, is no such key, or where its numbers do not belong together, by the relations that
    Go's crypto/rsa demands (rsa.PrivateKey.Validate); TooManyBitsError above `MAX_BITS`.
    """
    members = der.sequence(pkcs1)[:_NUMBERS]
    if len(members) < _NUMBERS or any(member.tag != der.INTEGER or not member.content for member in members):
        raise ValueError
    if any(len(member.content) > MAX_BITS // 8 + 1 for member in members):
        raise TooManyBitsError
    version, modulus, exponent, private, first, second, *_ = (
        int.from_bytes(member.content, "big", signed=True) for member in members
    )
    if version not in {0, 1} or min(modulus, exponent, private) < 1 or min(first, second) <= 1:
        raise ValueError
    # A key of more than two primes (version 1) has further factors; then only the public half is looked at.
    if version == 0 and (
        first * second != modulus or any(exponent * private % (prime - 1) != 1 for prime in (first, second))
    ):
        raise ValueError
    public = der.encode(der.SEQUENCE, members[1].encoded + members[2].encoded)
    return hashlib.sha256(der.encode(der.SEQUENCE, _ALGORITHM + der.encode(der.BIT_STRING, b"\0" + public))).hexdigest()
