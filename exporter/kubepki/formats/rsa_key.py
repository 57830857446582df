"""Reads the public half of an RSA private key from its DER, without the library.

Debian 12's library checks that both factors are primes, which takes seconds at 8,192 bits and minutes at 300,000. The
public half stands in the file (RFC 8017, appendix A.1.2), and what Go checks of the rest is cheap at any size.

Rules of this module: pure; no number of a private key is returned, kept or raised.
"""

import hashlib
from collections.abc import Sequence

from kubepki.formats import der

# OpenSSL verifies nothing above this (OPENSSL_RSA_MAX_MODULUS_BITS), and no component can serve with such a key.
MAX_BITS = 16_384

# crypto/internal/fips140/rsa, checkPublicKey.
MAX_EXPONENT = (1 << 31) - 1

_NUMBERS = 9
# The last three may be left out; Go computes them.
_NEEDED = 6
# AlgorithmIdentifier of rsaEncryption with NULL parameters (RFC 3279, section 2.3.1).
ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")


class TooManyBitsError(ValueError):
    """The key is larger than anything that a component can use."""


def rsa_public_hash(pkcs1: bytes) -> str:
    """Return the hex SHA-256 of the DER SubjectPublicKeyInfo of the key in *pkcs1*, a DER RSAPrivateKey.

    ValueError where it is cut off, is no such key, or where its numbers do not belong together, by the relations that
    Go's crypto/rsa demands (rsa.PrivateKey.Validate); TooManyBitsError above `MAX_BITS`.
    """
    members = der.sequence(pkcs1)
    several = len(members) > _NUMBERS and members[_NUMBERS].tag == der.SEQUENCE
    members = members[:_NUMBERS]
    if len(members) < _NEEDED or any(member.tag != der.INTEGER or not member.content for member in members):
        raise ValueError
    if any(len(member.content) > MAX_BITS // 8 + 1 for member in members):
        raise TooManyBitsError
    version, *numbers = (int.from_bytes(each.content, "big", signed=True) for each in members)
    return public_hash_of(version, numbers, several=several)


def public_hash_of(version: int, numbers: Sequence[int], *, several: bool) -> str:
    """Return what `rsa_public_hash` does for the *numbers* of a key: n, e, d, p, q and what is given of the rest.

    *several* means that there are more than two primes.
    """
    if any(number.bit_length() > MAX_BITS + 7 for number in numbers):
        raise TooManyBitsError
    modulus, exponent, *private = numbers
    if version > 1 or min(modulus, *private) < 1 or not modulus % 2:
        raise ValueError
    if exponent not in range(3, MAX_EXPONENT + 1, 2) or private[0] >= modulus:
        raise ValueError
    # Of a key of more than two primes only the public half is looked at.
    if not several and not _belong_together(modulus, exponent, private):
        raise ValueError
    public = der.encode(der.SEQUENCE, _integer(modulus) + _integer(exponent))
    return hashlib.sha256(der.encode(der.SEQUENCE, ALGORITHM + der.encode(der.BIT_STRING, b"\0" + public))).hexdigest()


def _integer(number: int) -> bytes:
    return der.encode(der.INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _belong_together(modulus: int, exponent: int, private: Sequence[int]) -> bool:
    """Return whether Go finds the numbers to be one key: d, p, q and, where given, two exponents and 1/q."""
    whole, first, second, *crt = private
    if min(first, second) <= 1 or first * second != modulus:
        return False
    orders = (first - 1, second - 1)
    if any(exponent * whole % order != 1 for order in orders):
        return False
    # Go makes all three anew where one is missing.
    if len(crt) < _NUMBERS - _NEEDED:
        return True
    # An exponent of its own for each prime is what d is there (RFC 8017, section 3.2).
    if any(given != whole % order for given, order in zip(crt, orders, strict=False)):
        return False
    return crt[2] < first and crt[2] * second % first == 1
