"""Splits PEM into blocks (RFC 7468), one by one, so that a bad block does not hide the good ones.

Rules of this module: pure; total. It takes what Go's encoding/pem takes, for Go is what reads these files: markers
at the start of a line, text between blocks, headers, CRLF, and blanks in the base64.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kubepki.formats.base64_text import decoded

_MARKER = re.compile(rb"^-----(BEGIN|END) ([^\r\n]{0,64}?)-----[ \t]*\r?$", re.MULTILINE)
_BLANKS = b" \t\r\n"
_KNOWN_LABELS = frozenset(
    {
        "CERTIFICATE",
        "CERTIFICATE REQUEST",
        "DSA PRIVATE KEY",
        "EC PARAMETERS",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PRIVATE KEY",
        "PUBLIC KEY",
        "RSA PRIVATE KEY",
        "X509 CRL",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One PEM block: `number` from 1; `content` is None and `problem` says why where it is damaged."""

    number: int
    label: str
    content: bytes | None = field(repr=False)
    encrypted: bool = False
    problem: str = ""

    @property
    def title(self) -> str:
        """The block in words, with its label only if that is one of the usual ones."""
        return f"block {self.number} ({self.label})" if self.label in _KNOWN_LABELS else f"block {self.number}"


def looks_like_pem(data: bytes) -> bool:
    """Tell whether any line of *data* begins as a PEM block begins."""
    return data.startswith(b"-----BEGIN") or b"\n-----BEGIN" in data


def blocks(data: bytes) -> Iterator[Block]:
    """Yield the blocks of *data* in order, damaged ones too; nothing for text without a BEGIN line."""
    number = 0
    begin: re.Match[bytes] | None = None
    for marker in _MARKER.finditer(data):
        opens = marker[1] == b"BEGIN"
        if begin is not None:
            number += 1
            yield _block(number, begin, data, None if opens else marker)
        begin = marker if opens else None
    if begin is not None:
        yield _block(number + 1, begin, data, None)
        return
    last_line = data[data.rfind(b"\n") + 1 :]
    if last_line.startswith(b"-----B") and not _MARKER.match(last_line):
        yield Block(number=number + 1, label="", content=None, problem="cut off in its BEGIN line")


def numbered(plain: Iterable[tuple[bytes, bytes]]) -> Iterator[Block]:
    """Yield the labels and contents of `plain_pem` as blocks."""
    for number, (label, content) in enumerate(plain, 1):
        yield Block(number=number, label=label.decode("ascii"), content=content)


def _block(number: int, begin: re.Match[bytes], data: bytes, end: re.Match[bytes] | None) -> Block:
    label = begin[2].decode("ascii", "replace")
    if end is None:
        return Block(number=number, label=label, content=None, problem="cut off, it has no END line")
    if end[2] != begin[2]:
        return Block(number=number, label=label, content=None, problem="its END line has another label")
    headers, body = _split_headers(data[begin.end() : end.start()])
    content = decoded(body.translate(None, _BLANKS))
    problem = "its base64 is damaged" if content is None else ""
    encrypted = b"ENCRYPTED" in headers
    return Block(number=number, label=label, content=content, encrypted=encrypted, problem=problem)


def _split_headers(body: bytes) -> tuple[bytes, bytes]:
    # RFC 1421, section 4.6: header lines hold a colon, which base64 cannot; OpenSSL's legacy encryption uses them.
    split = body.rfind(b":")
    if split < 0:
        return b"", body
    split = body.find(b"\n", split)
    return (body, b"") if split < 0 else (body[:split], body[split:])
