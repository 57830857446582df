"""Whether Go's crypto/x509.ParseCertificate takes a certificate, what it reads in it, and what it says if not.

Rules of this module: pure; total. It follows crypto/x509/parser.go of Go 1.26, in its order, for the first complaint is
what stands in a component's log. Values are never quoted. Parts that the certificates of a host share are judged once.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from kubepki.formats.go_der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    LONG_FORM,
    OCTET_STRING,
    SEQUENCE,
    Reader,
    Refused,
    end_of,
    refuse,
)
from kubepki.formats.go_extensions import check_extension
from kubepki.formats.go_keys import check_public_key, read_algorithm
from kubepki.formats.go_names import check_name
from kubepki.formats.go_times import read_time, usual_time
from kubepki.formats.guard import Refusal, attempt

_VERSIONS = 3
_ORDINARY_EXTENSION, _ORDINARY_EXTENSIONS = 128, 1024
_VERSION_3 = b"\xa0\x03\x02\x01\x02"
_VALIDITY = re.compile(rb"\x30\x1e\x17\x0d([0-9]{12}Z)\x17\x0d([0-9]{12}Z)")
_VALIDITY_SIZE = 32

_Extension = tuple[bytes, bool, bytes]


@dataclass(frozen=True, slots=True)
class GoCertificate:
    """What Go reads: Unix seconds, encodings, and by identifier the values of the extensions; only version 3 has any.

    `presentable` tells whether crypto/tls knows the kind of its public key.
    """

    serial: int
    not_before: float
    not_after: float
    presentable: bool
    issuer: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    spki: bytes = field(repr=False)
    extensions: Mapping[bytes, bytes] = field(repr=False)


def go_reading(encoded: bytes) -> GoCertificate | str:
    """Return what Go's crypto/x509 reads in a DER certificate, or what it says against it, which is never empty."""
    outcome = attempt(lambda: _reading(encoded))
    return f"x509: malformed certificate ({outcome.kind})" if isinstance(outcome, Refusal) else outcome


def certificate_refusal(encoded: bytes) -> str:
    """Return what Go's crypto/x509 says against a DER certificate; empty where it takes it."""
    outcome = go_reading(encoded)
    return outcome if isinstance(outcome, str) else ""


def _reading(encoded: bytes) -> GoCertificate | str:
    usual = attempt(lambda: _usual(encoded))
    if isinstance(usual, GoCertificate):
        return usual
    try:
        return _certificate(encoded)
    except Refused as refused:
        return str(refused)


def _usual(encoded: bytes) -> GoCertificate | None:
    """Return what `_certificate` reads in a certificate as nearly all are, in less time.

    None, or whatever is raised, where it is another, or anything is wrong with it.
    """
    # Where each value ends; of the serial number, where its value begins.
    begin = 2 + max(0, encoded[1] - LONG_FORM)
    body = end_of(encoded, SEQUENCE, begin)
    begin += 2 + max(0, encoded[begin + 1] - LONG_FORM)
    number = begin + len(_VERSION_3) + 2
    serial = end_of(encoded, INTEGER, number - 2)
    algorithm = end_of(encoded, SEQUENCE, serial)
    issuer = end_of(encoded, SEQUENCE, algorithm)
    subject = end_of(encoded, SEQUENCE, issuer + _VALIDITY_SIZE)
    spki = end_of(encoded, SEQUENCE, subject)
    named, validity = encoded[serial:algorithm], _VALIDITY.fullmatch(encoded, issuer, issuer + _VALIDITY_SIZE)
    signature = body + len(named)
    if (
        not encoded.startswith(_VERSION_3, begin)
        or encoded[number - 1] >= LONG_FORM
        or number == serial
        or not 0 < encoded[number] < LONG_FORM
        or validity is None
        or spki > body
        or not encoded.startswith(named, body)
        or not len(encoded) == end_of(encoded, SEQUENCE, 0) == end_of(encoded, BIT_STRING, signature)
    ):
        return None
    read_algorithm(named)
    names = encoded[algorithm:issuer], encoded[issuer + _VALIDITY_SIZE : subject]
    for each in names:
        check_name(each)
    times = usual_time(validity[1]), usual_time(validity[2])
    presentable = check_public_key(encoded[subject:spki])
    further = encoded[spki:body]
    extensions = (_further if len(further) <= _ORDINARY_EXTENSIONS else _further.__wrapped__)(further)
    Reader(encoded[signature:]).bits("")
    if times[0] is None or times[1] is None:
        return None
    value = int.from_bytes(encoded[number:serial], "big")
    return GoCertificate(value, times[0], times[1], presentable, *names, encoded[subject:spki], extensions)


@lru_cache(maxsize=64)
def _further(encoded: bytes) -> Mapping[bytes, bytes]:
    return _after_key(Reader(encoded), _VERSIONS)


def _certificate(encoded: bytes) -> GoCertificate:
    whole = Reader(encoded)
    outer = whole.into(SEQUENCE, "x509: malformed certificate")
    tbs = outer.into(SEQUENCE, "x509: malformed tbs certificate")
    version = 1
    if tbs.peek(0xA0):
        written = tbs.into(0xA0, "x509: malformed version")
        version += written.integer("x509: malformed version")
        if not written.empty:
            refuse("x509: malformed version")
    if version < 1:
        refuse("x509: malformed version")
    if version > _VERSIONS:
        refuse("x509: invalid version")
    serial = tbs.integer("x509: malformed serial number")
    if serial < 0:
        refuse("x509: negative serial number (Go 1.23 and later)")
    algorithm = tbs.whole(SEQUENCE, "x509: malformed signature algorithm identifier")
    if outer.whole(SEQUENCE, "x509: malformed algorithm identifier") != algorithm:
        refuse("x509: inner and outer signature algorithm identifiers don't match")
    read_algorithm(algorithm)
    issuer = tbs.whole(SEQUENCE, "x509: malformed issuer")
    check_name(issuer)
    validity = tbs.into(SEQUENCE, "x509: malformed validity")
    not_before, not_after = read_time(validity), read_time(validity)
    subject = tbs.whole(SEQUENCE, "x509: malformed issuer")
    check_name(subject)
    spki = tbs.whole(SEQUENCE, "x509: malformed spki")
    presentable = check_public_key(spki)
    extensions = _after_key(tbs, version) if version > 1 else {}
    outer.bits("x509: malformed signature")
    if not whole.empty:
        refuse("x509: trailing data")
    return GoCertificate(serial, not_before, not_after, presentable, issuer, subject, spki, extensions)


def _after_key(tbs: Reader, version: int) -> dict[bytes, bytes]:
    for tag, name in ((0x81, "issuerUniqueID"), (0x82, "subjectUniqueID")):
        if tbs.peek(tag):
            tbs.any(f"x509: malformed {name}")
    if version < _VERSIONS or not tbs.peek(0xA3):
        return {}
    extensions = tbs.into(0xA3, "x509: malformed extensions").into(SEQUENCE, "x509: malformed extensions")
    found: dict[bytes, tuple[bytes, _Extension]] = {}
    while not extensions.empty:
        encoded = extensions.whole(SEQUENCE, "x509: malformed extension")
        extension = (_extension if len(encoded) <= _ORDINARY_EXTENSION else _extension.__wrapped__)(encoded)
        if extension[0] in found:
            refuse("x509: certificate contains duplicate extension")
        found[extension[0]] = (encoded, extension)
    for encoded, extension in found.values():
        (_checked if len(encoded) <= _ORDINARY_EXTENSION else _checked.__wrapped__)(extension)
    return {name: extension[2] for name, (_, extension) in found.items()}


@lru_cache(maxsize=128)
def _extension(encoded: bytes) -> _Extension:
    extension = Reader(encoded).into(SEQUENCE, "x509: malformed extension")
    name = extension.oid("x509: malformed extension OID field")
    critical = extension.peek(BOOLEAN) and extension.boolean("x509: malformed extension critical field")
    return name, critical, extension.read(OCTET_STRING, "x509: malformed extension value field")


@lru_cache(maxsize=128)
def _checked(extension: _Extension) -> None:
    name, critical, value = extension
    check_extension(name, value, critical=critical)
