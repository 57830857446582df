"""Reads DER as strictly as Go's cryptobyte does, value by value.

Rules of this module: pure; what Go refuses raises `Refused` with Go's words, which never quote a file.
"""

from functools import lru_cache
from typing import NoReturn

SEQUENCE, SET, INTEGER, BOOLEAN = 0x30, 0x31, 0x02, 0x01
BIT_STRING, OCTET_STRING, OBJECT = 0x03, 0x04, 0x06
_HIGH_TAG = 0x1F
_CONSTRUCTED = 0x20
LONG_FORM = 0x80
_MAX_WIDTH = 4
_ORDINARY_OBJECT = 32


class Refused(ValueError):  # noqa: N818 - it is what a consumer does, not an error of ours
    """The consumer refuses; the text is its own, without any content of the file."""


def refuse(words: str) -> NoReturn:
    """Raise Refused with the consumer's *words*."""
    raise Refused(words)


def end_of(data: bytes, tag: int, start: int) -> int:
    """Return where the value with *tag* ends that begins at *start*, below 64 KiB; it may be beyond *data*.

    ValueError where it is another, IndexError where not even its length is there.
    """
    length, begin = data[start + 1], start + 2
    if length >= LONG_FORM:
        width = length - LONG_FORM
        length, begin = int.from_bytes(data[begin : begin + width], "big"), begin + width
        if width not in {1, 2} or length < (LONG_FORM, 0x100)[width - 1]:
            raise ValueError
    if data[start] != tag:
        raise ValueError
    return begin + length


class Reader:
    """The values that follow each other in some DER."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def empty(self) -> bool:
        """Whether everything was read."""
        return self._position >= len(self._data)

    def peek(self, tag: int) -> bool:
        """Return whether the next value has *tag*."""
        return not self.empty and self._data[self._position] == tag

    def any(self, complaint: str) -> tuple[int, bytes, bytes]:
        """Return tag, content and whole encoding of the next value; raises Refused with *complaint*."""
        data, start = self._data, self._position
        begin = start + 2
        if begin > len(data) or data[start] & _HIGH_TAG == _HIGH_TAG:
            refuse(complaint)
        length = data[start + 1]
        if length >= LONG_FORM:
            width = length - LONG_FORM
            octets = data[begin : begin + width]
            length, begin = int.from_bytes(octets, "big"), begin + width
            # X.690, section 10.1: the shortest form.
            shortest = length >= LONG_FORM and bool(octets) and octets[0] != 0
            if not 0 < width <= _MAX_WIDTH or len(octets) != width or not shortest:
                refuse(complaint)
        end = begin + length
        if end > len(data):
            refuse(complaint)
        self._position = end
        return data[start], data[begin:end], data[start:end]

    def explicit(self, tag: int, inner: int, complaint: str) -> bool:
        """Return whether the next value has the explicit *tag* with *inner* in it; its tag and length are passed then.

        As in encoding/asn1, where it ends is not looked at, and with another value in it, it is another field.
        """
        if self.empty:
            return False
        before, (length, inside) = self._position, self.header(complaint)
        # Nothing behind its length refuses any value here, and nothing in it the primitive form of the tag, too.
        if inside >= len(self._data) or (not length and self.peek(tag & ~_CONSTRUCTED)):
            refuse(complaint)
        if not self.peek(tag):
            return False
        self._position = inside
        if not length:
            refuse(complaint)
        self.header(complaint)
        if self.peek(inner):
            return True
        self._position = before
        return False

    def raw(self, complaint: str) -> bytes:
        """Return the encoding of the next value, whatever its tag, as encoding/asn1 takes a RawValue."""
        start, (length, inside) = self._position, self.header(complaint)
        if inside + length > len(self._data):
            refuse(complaint)
        self._position = inside + length
        return self._data[start : self._position]

    def header(self, complaint: str) -> tuple[int, int]:
        """Return the length of the next value and where it begins, as encoding/asn1 reads tags and lengths."""
        data, position = self._data, self._position + 1
        if data[self._position] & _HIGH_TAG == _HIGH_TAG:
            start = position
            while position < len(data) and data[position] >= LONG_FORM:
                position += 1
            position += 1
            small = position - start == 1 and data[start] < _HIGH_TAG if start < len(data) else True
            if small or data[start] == LONG_FORM or position - start > _MAX_WIDTH:
                refuse(complaint)
        if position >= len(data):
            refuse(complaint)
        length, position = data[position], position + 1
        if length >= LONG_FORM:
            octets = data[position : position + length - LONG_FORM]
            position += length - LONG_FORM
            length = int.from_bytes(octets, "big")
            if not octets or position > len(data) or not octets[0] or length < LONG_FORM or length >= 1 << 31:
                refuse(complaint)
        return length, position

    def read(self, tag: int, complaint: str) -> bytes:
        """Return the content of the next value, which must have *tag*."""
        data, start = self._data, self._position
        if start >= len(data) or data[start] != tag:
            refuse(complaint)
        # Most values are short.
        if start + 1 < len(data) and data[start + 1] < LONG_FORM and tag & _HIGH_TAG != _HIGH_TAG:
            end = start + 2 + data[start + 1]
            if end <= len(data):
                self._position = end
                return data[start + 2 : end]
        return self.any(complaint)[1]

    def whole(self, tag: int, complaint: str) -> bytes:
        """Return the encoding of the next value, which must have *tag*."""
        start = self._position
        self.read(tag, complaint)
        return self._data[start : self._position]

    def into(self, tag: int, complaint: str) -> "Reader":
        """Return a reader of the content of the next value, which must have *tag*."""
        return Reader(self.read(tag, complaint))

    def integer(self, complaint: str) -> int:
        """Return the next value, an INTEGER in its shortest form."""
        content = self.read(INTEGER, complaint)
        padded = len(content) > 1 and (content[0], content[1] >> 7) in {(0, 0), (0xFF, 1)}
        if not content or padded:
            refuse(complaint)
        return int.from_bytes(content, "big", signed=True)

    def boolean(self, complaint: str) -> bool:
        """Return the next value, a BOOLEAN that is 0 or 255."""
        content = self.read(BOOLEAN, complaint)
        if content not in {b"\0", b"\xff"}:
            refuse(complaint)
        return content == b"\xff"

    def bits(self, complaint: str) -> bytes:
        """Return the octets of the next value, a BIT STRING whose padding is zero."""
        content = self.read(BIT_STRING, complaint)
        unused = content[0] if content else 8
        if unused > 7 or (len(content) == 1 and unused) or (unused and content[-1] & ((1 << unused) - 1)):  # noqa: PLR2004
            refuse(complaint)
        return content[1:]

    def oid(self, complaint: str) -> bytes:
        """Return the content of the next value, an OBJECT IDENTIFIER whose arcs are whole and fit 31 bits."""
        content = self.read(OBJECT, complaint)
        if not content or content[-1] >= LONG_FORM or not _arcs_are_fit(content):
            refuse(complaint)
        return content


def has_whole_arcs(content: bytes) -> bool:
    """Return whether an OBJECT IDENTIFIER is whole and each of its arcs in its shortest form, however large it is."""
    if not content or content[-1] >= LONG_FORM:
        return False
    starts = (True, *(each < LONG_FORM for each in content))
    return not any(starting and each == LONG_FORM for starting, each in zip(starts, content, strict=False))


def _arcs_are_fit(content: bytes) -> bool:
    # The same few identifiers are in all certificates.
    return (_arcs_fit if len(content) <= _ORDINARY_OBJECT else _arcs_fit.__wrapped__)(content)


@lru_cache(maxsize=256)
def _arcs_fit(content: bytes) -> bool:
    arc = 0
    start = True
    for byte in content:
        if start and byte == LONG_FORM:
            return False
        arc = arc << 7 | byte & 0x7F
        start = byte < LONG_FORM
        if arc >= 1 << 31:
            return False
        arc = 0 if start else arc
    return True
