"""Reads one DER certificate into the values that are published.

Rules of this module: pure; total. What a certificate says wrongly costs as little of it as possible.
"""

import datetime as dt
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kubepki.formats import der
from kubepki.formats.by_hand import authority_key, read_by_hand
from kubepki.formats.go_certificate import certificate_refusal
from kubepki.formats.guard import Refusal, attempt
from kubepki.formats.names import name_from_der, name_text, serial_text, usage
from kubepki.formats.parsed import ParsedCertificate
from kubepki.formats.private_key import public_hash
from kubepki.model import Certificate, Usage

# Since cryptography 42; the naive attributes of before are UTC, not local time.
_HAS_UTC = hasattr(x509.Certificate, "not_valid_before_utc")


def read_certificate(encoded: bytes, entry: str) -> tuple[ParsedCertificate | None, str]:
    """Return the certificate in *encoded* and what is wrong with it, an empty string where nothing is.

    There may be both: a certificate whose extensions cannot be read still has its dates; its usage is then `OTHER`.
    """
    loaded = attempt(lambda: x509.load_der_x509_certificate(encoded))
    if isinstance(loaded, Refusal):
        found = _by_hand(encoded, entry)
        return found, "" if found else f"not a certificate that the X.509 library accepts ({loaded.kind})"
    dates = attempt(lambda: _dates(loaded))
    serial = attempt(lambda: serial_text(loaded.serial_number))
    if isinstance(dates, Refusal) or isinstance(serial, Refusal):
        found = _by_hand(encoded, entry)
        kind = "dates" if isinstance(dates, Refusal) else "a serial number"
        return found, "" if found else f"a certificate with {kind} that cannot be read"
    # Go passes over the extensions of another version.
    extensions = attempt(lambda: usage(loaded.extensions) if loaded.version is x509.Version.v3 else Usage.OTHER)
    if isinstance(extensions, Refusal) and (found := _by_hand(encoded, entry)) is not None:
        return found, ""
    certificate = Certificate(
        entry=entry,
        usage=Usage.OTHER if isinstance(extensions, Refusal) else extensions,
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
    parsed = ParsedCertificate(
        certificate=certificate,
        der=encoded,
        spki_sha256=_spki(loaded, encoded),
        authority_key=_authority_key(encoded),
    )
    return parsed, problem


def _by_hand(encoded: bytes, entry: str) -> ParsedCertificate | None:
    """Return the certificate that Go takes and the library does not; None where Go refuses it too."""
    read = Refusal("refused") if certificate_refusal(encoded) else attempt(lambda: read_by_hand(encoded))
    if isinstance(read, Refusal):
        return None
    key = attempt(lambda: public_hash(load_der_public_key(read.spki)))
    certificate = Certificate(
        entry=entry,
        usage=read.usage,
        subject=name_text(lambda: name_from_der(read.subject), lambda: read.subject),
        issuer=name_text(lambda: name_from_der(read.issuer), lambda: read.issuer),
        serial=serial_text(read.serial),
        fingerprint_sha256=hashlib.sha256(encoded).hexdigest(),
        not_before=read.not_before,
        not_after=read.not_after,
    )
    spki = hashlib.sha256(read.spki).hexdigest() if isinstance(key, Refusal) else key
    return ParsedCertificate(
        certificate=certificate, der=encoded, spki_sha256=spki, authority_key=_authority_key(encoded)
    )


def _authority_key(encoded: bytes) -> str:
    found = attempt(lambda: authority_key(encoded))
    return "" if isinstance(found, Refusal) else found


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
