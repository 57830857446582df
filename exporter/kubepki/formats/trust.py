"""Who signed whom: signatures and names only, never validity times.

Rules of this module: pure; total: what cannot be read or verified is simply not issued. Times are left to
`evaluate`, for a chain must be judged the same while every clock is wrong.
"""

from collections.abc import Sequence
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from kubepki.formats import der
from kubepki.formats.guard import attempt, quiet

# No component presents a longer chain, and a file with a bundle in it must not cost a square of signatures.
_MAX_CHAIN = 32


def signed_by(certificate: bytes, issuer: bytes) -> bool:
    """Tell whether the DER certificate *issuer* signed the DER *certificate* and bears its issuer's name.

    RSA (PKCS#1 v1.5, and PSS where the library knows its parameters), ECDSA, Ed25519 and Ed448.
    """
    with quiet():
        return attempt(lambda: _signed_by(certificate, issuer)) is True


def issued_by(leaf: bytes, intermediates: Sequence[bytes], cas: Sequence[bytes]) -> bool:
    """Tell whether a chain of signatures leads from *leaf* over any of *intermediates* to one of *cas* (all DER).

    An intermediate must be a CA (RFC 5280, section 4.2.1.9); what is in *cas* is trusted as it is.
    """
    with quiet():
        waiting = [leaf]
        unused = [each for each in intermediates[:_MAX_CHAIN] if attempt(partial(_is_ca, each)) is True]
        while waiting:
            certificate = waiting.pop()
            if any(signed_by(certificate, ca) for ca in cas):
                return True
            issuers = [each for each in unused if signed_by(certificate, each)]
            unused = [each for each in unused if each not in issuers]
            waiting += issuers
    return False


def self_signed_anchor(chain: Sequence[bytes]) -> int | None:
    """Return the position in *chain* (DER, leaf first) of the self-signed certificate at which the leaf's chain ends.

    0 where the leaf signed itself; None where the chain does not end in this file.
    """
    position = 0
    seen: set[int] = set()
    chain = chain[:_MAX_CHAIN]
    while position not in seen and position < len(chain):
        seen.add(position)
        if signed_by(chain[position], chain[position]):
            return position
        position = next(
            (other for other in range(1, len(chain)) if other not in seen and signed_by(chain[position], chain[other])),
            position,
        )
    return None


def _is_ca(certificate: bytes) -> bool:
    extensions = x509.load_der_x509_certificate(certificate).extensions
    return extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def _signed_by(certificate: bytes, issuer: bytes) -> bool:
    # Names are compared as encoded, as Go does.
    if der.certificate_fields(certificate).issuer != der.certificate_fields(issuer).subject:
        return False
    child = x509.load_der_x509_certificate(certificate)
    key = x509.load_der_x509_certificate(issuer).public_key()
    # The library's own verify_directly_issued_by exists since 40 only; this is the same on all supported versions.
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(child.signature, child.tbs_certificate_bytes)
        return True
    digest = child.signature_hash_algorithm
    if digest is None:
        return False
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(child.signature, child.tbs_certificate_bytes, ec.ECDSA(digest))
        return True
    if isinstance(key, rsa.RSAPublicKey):
        # Since cryptography 41; before, a PSS signature has no hash algorithm and ends above.
        parameters = getattr(child, "signature_algorithm_parameters", None)
        scheme = parameters if isinstance(parameters, padding.PSS) else padding.PKCS1v15()
        key.verify(child.signature, child.tbs_certificate_bytes, scheme, digest)
        return True
    return False
