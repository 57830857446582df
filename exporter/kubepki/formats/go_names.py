"""Which distinguished names Go's crypto/x509 takes (parser.go, parseName and parseASN1String). Pure."""

from collections.abc import Callable
from functools import lru_cache

from kubepki.formats.go_der import SEQUENCE, SET, Reader, refuse
from kubepki.formats.guard import Refusal, attempt

_PRINTABLE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'()+,-./ :=?*&")
_NUMERIC = frozenset(b"0123456789 ")
_ORDINARY_NAME = 256


def check_name(encoded: bytes) -> None:
    """Read the Name that is *encoded*; raises Refused as Go would."""
    # The certificates of a host have few issuers, and few subjects.
    (_name if len(encoded) <= _ORDINARY_NAME else _name.__wrapped__)(encoded)


@lru_cache(maxsize=64)
def _name(encoded: bytes) -> None:
    names = Reader(encoded).into(SEQUENCE, "x509: malformed issuer")
    while not names.empty:
        relative = names.into(SET, "x509: invalid RDNSequence")
        while not relative.empty:
            attribute = relative.into(SEQUENCE, "x509: invalid RDNSequence: invalid attribute")
            attribute.oid("x509: invalid RDNSequence: invalid attribute type")
            tag, value, _ = attribute.any("x509: invalid RDNSequence: invalid attribute value")
            if not _is_string(tag, value):
                refuse("x509: invalid RDNSequence: invalid attribute value: invalid or unsupported string")


def _is_string(tag: int, value: bytes) -> bool:
    is_legal = _STRINGS.get(tag)
    return is_legal is not None and is_legal(value)


def _is_utf8(value: bytes) -> bool:
    return value.isascii() or not isinstance(attempt(lambda: value.decode("utf-8")), Refusal)


def _is_ucs2(value: bytes) -> bool:
    return len(value) % 2 == 0 and not any(map(_is_no_character, value[::2], value[1::2]))


def _is_no_character(high: int, low: int) -> bool:
    point = high << 8 | low
    return point in {0xFFFE, 0xFFFF} or 0xFDD0 <= point <= 0xFDEF or 0xD800 <= point <= 0xDFFF  # noqa: PLR2004


# Tags of the string types that parseASN1String knows.
_STRINGS: dict[int, Callable[[bytes], bool]] = {
    0x0C: _is_utf8,
    0x12: lambda value: set(value) <= _NUMERIC,
    0x13: lambda value: set(value) <= _PRINTABLE,
    0x14: lambda _: True,
    0x16: bytes.isascii,
    0x1E: _is_ucs2,
}
