"""What Go's encoding/pem finds in a file, and what crypto/tls and client-go say of it.

Rules of this module: pure; total. Of a private key only the hash of its public half is kept. Where our own reading
(`pem`) counts each damaged block, Go passes over it without a word: this module tells what is left for the consumer.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kubepki.formats.base64_text import decoded
from kubepki.formats.go_certificate import GoCertificate
from kubepki.formats.parsed import Consumed
from kubepki.formats.private_key import KeyReading

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"\n-----END ", b"-----"


@dataclass(frozen=True, slots=True)
class GoBlock:
    """A block that Go decodes."""

    label: bytes
    content: bytes = field(repr=False)
    headers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """`read_key` and `go_reading`, or what has read the same content already."""

    key: Callable[[bytes], KeyReading]
    certificate: Callable[[bytes], GoCertificate | str]


def consume(blocks: Sequence[GoBlock], readers: Readers, *, limit: int) -> tuple[Consumed, list[bytes]]:
    """Return what Go makes of a file with these *blocks*, at most *limit* of its certificates, and those it reads.

    Never raises.
    """
    certificates = [block for block in blocks if block.label == b"CERTIFICATE"]
    plain = [block.content for block in itertools.islice(certificates, limit) if not block.headers]
    refusals = [_refusal(readers.certificate(each)) for each in plain]
    bundle = next(filter(None, refusals), "")
    if not plain:
        bundle = "data does not contain any valid RSA or ECDSA certificates"
    leaf_der = certificates[0].content if certificates else b""
    first = readers.certificate(leaf_der) if certificates else ""
    leaf = _refusal(first) if certificates else _without_certificate(blocks)
    if not isinstance(first, str) and not first.presentable:
        leaf = "tls: unknown public key algorithm"
    key = next((block for block in blocks if (b" " + block.label).endswith(b" PRIVATE KEY")), None)
    found = readers.key(key.content) if key else None
    usable = found.hash if found and found.presentable else None
    consumed = Consumed(
        bundle=bundle,
        leaf=leaf,
        leaf_sha256=hashlib.sha256(leaf_der).hexdigest(),
        trusted=not all(refusals),
        chain=next(filter(None, (_refusal(readers.certificate(each.content)) for each in certificates[1:limit])), ""),
        etcd=next(filter(None, (_refusal(readers.certificate(each.content)) for each in blocks[:limit])), ""),
        key=usable,
        key_refusal="tls: failed to parse private key" if key and usable is None else "",
    )
    # crypto/tls presents what has headers too, and passes over none that follows the leaf.
    read = plain if leaf else [block.content for block in itertools.islice(certificates, limit)]
    return consumed, [each for each in read if not _refusal(readers.certificate(each))]


def _refusal(reading: GoCertificate | str) -> str:
    return reading if isinstance(reading, str) else ""


def _without_certificate(blocks: Sequence[GoBlock]) -> str:
    if not blocks:
        return "tls: failed to find any PEM data in certificate input"
    return 'tls: failed to find "CERTIFICATE" PEM block in certificate input'


def go_blocks(data: bytes) -> Iterator[GoBlock]:
    """Yield the blocks that encoding/pem's Decode finds, one call after the other."""
    scan = 0
    while (end := data.find(_END, scan)) >= 0:
        trailer = end + len(_END)
        begin = data.rfind(_BEGIN, scan, end)
        if begin < 0 or (begin > scan and data[begin - 1 : begin] != b"\n"):
            scan = trailer
            continue
        block, position = _block(data, begin + len(_BEGIN), end, trailer)
        if block is None and position > trailer:
            return
        scan = trailer
        if block is not None:
            yield block
            scan = _line(data, trailer - 1)[1]


def _block(data: bytes, position: int, end: int, trailer: int) -> tuple[GoBlock | None, int]:
    line, position = _line(data, position)
    if not line.endswith(_DASHES):
        return None, position
    label = line.removesuffix(_DASHES)
    headers = False
    while True:
        # Beyond its END line Go gives the whole file up, at the end of the file or later.
        if position >= len(data) or position > trailer:
            return None, len(data) + trailer
        line, after = _line(data, position)
        if b":" not in line:
            break
        headers, position = True, after
    wanted = label + _DASHES
    tail = data[trailer : trailer + len(wanted)]
    if (headers and end < position) or tail != wanted or _line(data, trailer + len(wanted))[0]:
        return None, position
    content = decoded(data[position:end].translate(None, b" \t\r\n")) if end > position else b""
    return (None if content is None else GoBlock(label, content, headers)), position


def _line(data: bytes, position: int) -> tuple[bytes, int]:
    end = data.find(b"\n", position)
    after = len(data) if end < 0 else end + 1
    line = data[position : len(data) if end < 0 else end]
    return (line if end < 0 else line.removesuffix(b"\r")).rstrip(b" \t"), after
