"""Names, serial numbers and usages of certificates as the contract writes them.

Rules of this module: pure. What the library refuses to render is rendered from DER, never left out.
"""

from collections.abc import Callable
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from kubepki.formats import der
from kubepki.formats.guard import Refusal, attempt
from kubepki.model import Usage
from kubepki.texts import bounded_text

# T61String, read as Latin-1 as Go does, and BMPString.
_ORDINARY_NAME = 256
_LARGEST_NAME = 1 << 14
# An AlgorithmIdentifier, and a Name without any part.
_ED25519, _NO_NAME = bytes.fromhex("300506032b6570"), b"\x30\0"
_UTC_TIME = 0x17
_ENCODINGS = {0x14: "latin-1", 0x1E: "utf-16-be"}


def name_text(read: Callable[[], x509.Name], encoded: Callable[[], bytes]) -> str:
    """Return the name that *read* gives as an RFC 4514 string.

    Where the library refuses it, *encoded* gives its DER, which is written with every value in the `#hex` form of
    RFC 4514, section 2.4; an empty string where even that is impossible. One of more than 16 KiB is written as its DER,
    for of its parts, which may be tens of thousands, a label holds none to the end.
    """
    raw = attempt(encoded)
    if not isinstance(raw, Refusal) and len(raw) > _LARGEST_NAME:
        return bounded_text(f"#{raw.hex()}")
    text = attempt(lambda: read().rfc4514_string())
    if isinstance(text, Refusal):
        text = attempt(lambda: _hex_name(encoded()))
    return "" if isinstance(text, Refusal) else bounded_text(text)


def text_of_name(encoded: bytes) -> str:
    """Return the Name that is *encoded* as `name_text` gives that of a certificate which the library loads."""
    # The certificates of a host have few issuers, and few subjects.
    return (_text_of_name if len(encoded) <= _ORDINARY_NAME else _text_of_name.__wrapped__)(encoded)


@lru_cache(maxsize=128)
def _text_of_name(encoded: bytes) -> str:
    if len(encoded) > _LARGEST_NAME:
        return name_text(lambda: x509.Name(()), lambda: encoded)
    # The library reads names in certificates only.
    loaded = attempt(lambda: x509.load_der_x509_certificate(_certificate_of(encoded)))
    if isinstance(loaded, Refusal):
        return name_text(lambda: name_from_der(encoded), lambda: encoded)
    return name_text(lambda: loaded.subject, lambda: encoded)


def _certificate_of(subject: bytes) -> bytes:
    """Return the DER of a certificate with this subject, all of whose other values are of no meaning."""
    key = der.encode(der.BIT_STRING, bytes(33))
    validity = der.encode(der.SEQUENCE, 2 * der.encode(_UTC_TIME, b"700101000000Z"))
    spki = der.encode(der.SEQUENCE, _ED25519 + key)
    body = der.encode(der.INTEGER, b"\1") + _ED25519 + _NO_NAME + validity + subject + spki
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, body) + _ED25519 + key)


def name_from_der(encoded: bytes) -> x509.Name:
    """Return a Name of the library from DER, for a certificate that it does not load; raises what is raised."""
    return x509.Name(
        x509.RelativeDistinguishedName(
            x509.NameAttribute(
                x509.ObjectIdentifier(der.oid_text(kind.content)),
                value.content.decode(_ENCODINGS.get(value.tag, "utf-8")),
            )
            for kind, value in (der.elements(attribute.content) for attribute in der.elements(relative.content))
        )
        for relative in der.sequence(encoded)
    )


def _hex_name(encoded: bytes) -> str:
    names = []
    for relative in reversed(der.sequence(encoded)):
        parts = []
        for attribute in der.elements(relative.content):
            kind, value = der.elements(attribute.content)
            parts.append(f"{der.oid_text(kind.content)}=#{value.encoded.hex()}")
        names.append("+".join(parts))
    return ",".join(names)


def serial_text(serial: int) -> str:
    """Return a serial number as `openssl x509 -serial` prints it: upper-case, whole bytes, `-` before a negative."""
    digits = f"{abs(serial):X}"
    return bounded_text(("-" if serial < 0 else "") + ("0" if len(digits) % 2 else "") + digits)


def usage(extensions: x509.Extensions) -> Usage:
    """Return what a certificate is for (RFC 5280, sections 4.2.1.3, 4.2.1.9 and 4.2.1.12).

    A CA is a CA whatever else it may do. A leaf without extended key usages is `OTHER`: it is allowed everything, but
    nothing says that a component presents it. `anyExtendedKeyUsage` allows both directions and is `PEER`.
    """
    constraints: x509.BasicConstraints | None = None
    key_usage: x509.KeyUsage | None = None
    purposes: frozenset[x509.ObjectIdentifier] = frozenset()
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints):
            constraints = value
        elif isinstance(value, x509.KeyUsage):
            key_usage = value
        elif isinstance(value, x509.ExtendedKeyUsage):
            purposes = frozenset(value)
    if constraints.ca if constraints is not None else key_usage is not None and key_usage.key_cert_sign:
        return Usage.CA
    anything = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes
    client = anything or ExtendedKeyUsageOID.CLIENT_AUTH in purposes
    server = anything or ExtendedKeyUsageOID.SERVER_AUTH in purposes
    if client and server:
        return Usage.PEER
    if client:
        return Usage.CLIENT
    return Usage.SERVER if server else Usage.OTHER
