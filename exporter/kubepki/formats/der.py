"""Reads the outer structure of DER, where the X.509 library gives no access or refuses.

Rules of this module: pure; nothing is decoded but tags and lengths (X.690, section 8.1); any bytes give a result or
a ValueError that quotes nothing.
"""

from dataclasses import dataclass, field

SEQUENCE = 0x30
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
CONTEXT_0 = 0xA0
_LONG_FORM = 0x80
_HIGH_TAG = 0x1F
_MAX_LENGTH_BYTES = 4
# Far above any that is registered. Decoding takes time with the square of the length, and so a bound.
_MAX_OID_BYTES = 128


@dataclass(frozen=True, slots=True)
class Element:
    """One value: its tag, its content, and the whole encoding."""

    tag: int
    content: bytes = field(repr=False)
    encoded: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFields:
    """Encodings inside a certificate (RFC 5280, section 4.1)."""

    issuer: bytes
    subject: bytes
    spki: bytes


def elements(data: bytes) -> list[Element]:
    """Return the values that follow each other in *data*; ValueError where it is cut off or no DER."""
    found = []
    position = 0
    while position < len(data):
        found.append(_element(data, position))
        position += len(found[-1].encoded)
    return found


def _element(data: bytes, start: int) -> Element:
    position = start
    if position + 2 > len(data) or data[position] & _HIGH_TAG == _HIGH_TAG:
        raise ValueError
    length = data[position + 1]
    position += 2
    if length >= _LONG_FORM:
        width = length - _LONG_FORM
        if not 0 < width <= _MAX_LENGTH_BYTES or position + width > len(data):
            raise ValueError
        length = int.from_bytes(data[position : position + width], "big")
        position += width
    if position + length > len(data):
        raise ValueError
    return Element(data[start], data[position : position + length], data[start : position + length])


def leading(data: bytes, tag: int) -> Element:
    """Return the value with *tag* that *data* begins with, whatever follows it; ValueError where there is none."""
    found = _element(data, 0)
    if found.tag != tag:
        raise ValueError
    return found


def sequence(data: bytes) -> list[Element]:
    """Return the members of the one SEQUENCE that *data* is; ValueError where it is none or not whole."""
    outer = elements(data)
    if len(outer) != 1 or outer[0].tag != SEQUENCE:
        raise ValueError
    return elements(outer[0].content)


def encode(tag: int, content: bytes) -> bytes:
    """Return the DER of one value (X.690, section 10.1: the shortest form of the length)."""
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(octets))) + octets + content


def certificate_fields(certificate: bytes) -> CertificateFields:
    """Return the raw issuer, subject and SubjectPublicKeyInfo of a DER certificate; ValueError where there are none."""
    outer = sequence(certificate)
    if not outer or outer[0].tag != SEQUENCE:
        raise ValueError
    tbs = elements(outer[0].content)
    if tbs and tbs[0].tag == CONTEXT_0:
        del tbs[0]
    try:
        _serial, _signature, issuer, _validity, subject, spki, *_ = tbs
    except ValueError:
        raise ValueError from None
    return CertificateFields(issuer=issuer.encoded, subject=subject.encoded, spki=spki.encoded)


def oid_text(content: bytes) -> str:
    """Return an OBJECT IDENTIFIER's content in dotted form (X.690, section 8.19).

    ValueError where it is cut off, or longer than any that is in use.
    """
    if len(content) > _MAX_OID_BYTES:
        raise ValueError
    arcs = []
    value = 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if byte < _LONG_FORM:
            arcs.append(value)
            value = 0
    if not arcs or content[-1] >= _LONG_FORM:
        raise ValueError
    top = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (top, arcs[0] - 40 * top, *arcs[1:]))
