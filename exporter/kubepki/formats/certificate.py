"""Reads one DER certificate into the values that are published.

Rules of this module: pure; total. What a certificate says wrongly costs as little of it as possible.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass, field

from cryptography import x509

from kubepki.formats import der
from kubepki.formats.guard import Refusal, attempt
from kubepki.formats.names import name_text, serial_text, usage
from kubepki.formats.private_key import public_hash
from kubepki.model import Certificate, Usage

# Since cryptography 42; the naive attributes of before are UTC, not local time.
_HAS_UTC = hasattr(x509.Certificate, "not_valid_before_utc")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCertificate:
    """A certificate with what is needed to compare it.

    `der` is its encoding; `spki_sha256` the hex SHA-256 of its DER SubjectPublicKeyInfo, as the library writes it (as
    the file has it, where the library does not know the kind of key).
    """

    certificate: Certificate
    der: bytes = field(repr=False)
    spki_sha256: str


def read_certificate(encoded: bytes, entry: str) -> tuple[ParsedCertificate | None, str]:
    """Return the certificate in *encoded* and what is wrong with it, an empty string where nothing is.

    There may be both: a certificate whose extensions cannot be read still has its dates; its usage is then `OTHER`.
    """
    loaded = attempt(lambda: x509.load_der_x509_certificate(encoded))
    if isinstance(loaded, Refusal):
        return None, f"not a certificate that the X.509 library accepts ({loaded.kind})"
    dates = attempt(lambda: _dates(loaded))
    if isinstance(dates, Refusal):
        return None, f"a certificate with dates that cannot be read ({dates.kind})"
    serial = attempt(lambda: serial_text(loaded.serial_number))
    if isinstance(serial, Refusal):
        return None, f"a certificate with a serial number that cannot be read ({serial.kind})"
    extensions = attempt(lambda: loaded.extensions)
    certificate = Certificate(
        entry=entry,
        usage=Usage.OTHER if isinstance(extensions, Refusal) else usage(extensions),
        subject=name_text(lambda: loaded.subject, lambda: der.certificate_fields(encoded).subject),
        issuer=name_text(lambda: loaded.issuer, lambda: der.certificate_fields(encoded).issuer),
        serial=serial,
        fingerprint_sha256=hashlib.sha256(encoded).hexdigest(),
        not_before=dates[0],
        not_after=dates[1],
    )
    problem = ""
    if isinstance(extensions, Refusal):
        problem = f"a certificate with extensions that cannot be read ({extensions.kind})"
    return ParsedCertificate(certificate=certificate, der=encoded, spki_sha256=_spki(loaded, encoded)), problem


def _dates(loaded: x509.Certificate) -> tuple[float, float]:
    if _HAS_UTC:
        return loaded.not_valid_before_utc.timestamp(), loaded.not_valid_after_utc.timestamp()
    not_before, not_after = loaded.not_valid_before, loaded.not_valid_after
    return not_before.replace(tzinfo=dt.UTC).timestamp(), not_after.replace(tzinfo=dt.UTC).timestamp()


def _spki(loaded: x509.Certificate, encoded: bytes) -> str:
    # Written anew by the library, for the same key may be encoded in two ways (absent parameters, compressed points).
    found = attempt(lambda: public_hash(loaded.public_key()))
    if isinstance(found, Refusal):
        found = attempt(lambda: hashlib.sha256(der.certificate_fields(encoded).spki).hexdigest())
    return "" if isinstance(found, Refusal) else found
