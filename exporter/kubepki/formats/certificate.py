"""Reads one DER certificate into the values that are published.

Rules of this module: pure; total. What a certificate says wrongly costs as little of it as possible.
"""

import datetime as dt
import hashlib

from cryptography import x509

from kubepki.formats import der
from kubepki.formats.by_hand import authority_key_in, extensions_in, subject_key_in, usage_in
from kubepki.formats.go_certificate import GoCertificate
from kubepki.formats.go_keys import spki_sha256
from kubepki.formats.guard import Refusal, attempt
from kubepki.formats.names import name_text, serial_text, text_of_name, usage
from kubepki.formats.parsed import ParsedCertificate
from kubepki.formats.private_key import public_hash
from kubepki.model import Certificate, Usage

# Since cryptography 42; the naive attributes of before are UTC, not local time.
_HAS_UTC = hasattr(x509.Certificate, "not_valid_before_utc")


def read_certificate(encoded: bytes, entry: str, go: GoCertificate | str) -> tuple[ParsedCertificate | None, str]:
    """Return the certificate in *encoded* and what is wrong with it, an empty string where nothing is.

    *go* is its `go_reading`. Of what Go takes nothing is left to ask the library, but how to write the names. There may
    be both: a certificate that Go refuses and whose extensions cannot be read still has its dates.
    """
    if isinstance(go, str):
        return _as_the_library_reads(encoded, entry)
    certificate = Certificate(
        entry=entry,
        usage=usage_in(go.extensions),
        subject=text_of_name(go.subject),
        issuer=text_of_name(go.issuer),
        serial=serial_text(go.serial),
        fingerprint_sha256=hashlib.sha256(encoded).hexdigest(),
        not_before=go.not_before,
        not_after=go.not_after,
    )
    parsed = ParsedCertificate(
        certificate=certificate,
        der=encoded,
        spki_sha256=spki_sha256(go.spki),
        authority_key=authority_key_in(go.extensions),
        subject_key=subject_key_in(go.extensions),
    )
    return parsed, ""


def _as_the_library_reads(encoded: bytes, entry: str) -> tuple[ParsedCertificate | None, str]:
    loaded = attempt(lambda: x509.load_der_x509_certificate(encoded))
    if isinstance(loaded, Refusal):
        return None, f"not a certificate that the X.509 library accepts ({loaded.kind})"
    dates = attempt(lambda: _dates(loaded))
    serial = attempt(lambda: serial_text(loaded.serial_number))
    if isinstance(dates, Refusal) or isinstance(serial, Refusal):
        kind = "dates" if isinstance(dates, Refusal) else "a serial number"
        return None, f"a certificate with {kind} that cannot be read"
    # Go passes over the extensions of another version.
    extensions = attempt(lambda: usage(loaded.extensions) if loaded.version is x509.Version.v3 else Usage.OTHER)
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
    found = attempt(lambda: extensions_in(encoded))
    values = {} if isinstance(found, Refusal) else found
    named, own = attempt(lambda: authority_key_in(values)), attempt(lambda: subject_key_in(values))
    parsed = ParsedCertificate(
        certificate=certificate,
        der=encoded,
        spki_sha256=_spki(loaded, encoded),
        authority_key="" if isinstance(named, Refusal) else named,
        subject_key="" if isinstance(own, Refusal) else own,
    )
    return parsed, problem


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
