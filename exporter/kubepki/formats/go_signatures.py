"""Whether Go's crypto/x509 verifies a signature of a certificate (x509.go, checkSignature). Pure; never raises."""

from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kubepki.formats import der
from kubepki.formats.go_keys import read_algorithm
from kubepki.formats.go_members import Member
from kubepki.formats.guard import attempt
from kubepki.formats.rsa_key import MAX_EXPONENT

# crypto/rsa refuses smaller keys since Go 1.24.
_LEAST_RSA_BITS = 1024
_PSS, _MGF1 = bytes.fromhex("2a864886f70d01010a"), bytes.fromhex("2a864886f70d010108")
_ED25519 = bytes.fromhex("2b6570")
_SHA256, _SHA384, _SHA512 = hashes.SHA256(), hashes.SHA384(), hashes.SHA512()
# Nothing with MD5 or SHA-1 is verified, since Go 1.18.
_PKCS1 = {
    bytes.fromhex(f"2a864886f70d0101{end}"): each for end, each in (("0b", _SHA256), ("0c", _SHA384), ("0d", _SHA512))
}
_ECDSA = {
    bytes.fromhex(f"2a8648ce3d0403{end}"): each for end, each in (("02", _SHA256), ("03", _SHA384), ("04", _SHA512))
}
_HASHES = {f"60864801650304020{number}": each for number, each in ((1, _SHA256), (2, _SHA384), (3, _SHA512))}
_NULLS = (b"", b"\x05\x00")


def is_signature_of(child: Member, issuer: Member) -> bool:
    """Return whether the key of *issuer* signed *child*, by an algorithm that Go verifies."""
    return attempt(lambda: _verified(child, issuer)) is True


def _verified(child: Member, issuer: Member) -> bool:
    name, parameters = read_algorithm(child.algorithm)
    key = load_der_public_key(issuer.spki)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return name == _ED25519 and not parameters and _done(lambda: key.verify(child.signature, child.tbs))
    if isinstance(key, ec.EllipticCurvePublicKey):
        scheme = ec.ECDSA(_ECDSA[name])
        return _done(lambda: key.verify(child.signature, child.tbs, scheme))
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    digest = _PKCS1.get(name) or (_PSS_HASHES.get(parameters) if name == _PSS else None)
    if digest is None or key.key_size < _LEAST_RSA_BITS or key.public_numbers().e > MAX_EXPONENT:
        return False
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    filling = pss if name == _PSS else padding.PKCS1v15()
    return _done(lambda: key.verify(child.signature, child.tbs, filling, digest))


def _done(verify: Callable[[], None]) -> bool:
    verify()
    return True


def _pss_parameters(name: str, size: int, *nulls: bytes) -> bytes:
    """Return the parameters of PSS (RFC 8017, appendix A.2.3) that Go knows: one hash, and a salt of its size."""
    of_hash, of_mask = (der.encode(der.SEQUENCE, der.encode(0x06, bytes.fromhex(name)) + null) for null in nulls)
    mask = der.encode(der.SEQUENCE, der.encode(0x06, _MGF1) + of_mask)
    salt = der.encode(der.INTEGER, bytes([size]))
    fields = ((0xA0, of_hash), (0xA1, mask), (0xA2, salt))
    return der.encode(der.SEQUENCE, b"".join(der.encode(tag, each) for tag, each in fields))


_PSS_HASHES = {
    _pss_parameters(name, digest.digest_size, one, other): digest
    for name, digest in _HASHES.items()
    for one in _NULLS
    for other in _NULLS
}
