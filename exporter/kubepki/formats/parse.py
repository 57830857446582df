"""What a file's bytes say: certificates, whether keys belong to them, and faults.

Rules of this module: pure; total: any bytes give a `Parsed`. Of a private key only the hash of its public half is
kept. No detail of a fault quotes a file.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from cryptography import x509

from kubepki.formats import pem
from kubepki.formats.certificate import read_certificate
from kubepki.formats.go_certificate import go_reading
from kubepki.formats.go_pem import GoBlock, Readers, consume, go_blocks
from kubepki.formats.guard import Refusal, attempt, quiet
from kubepki.formats.parsed import Container, Parsed, ParsedCertificate, key_match
from kubepki.formats.pkcs12 import is_other, read_pkcs12
from kubepki.formats.plain_pem import plain_blocks
from kubepki.formats.private_key import KeyReading, Unread, key_hash, read_key
from kubepki.formats.rsa_key import MAX_BITS
from kubepki.model import Fault, Reason

__all__ = ["Container", "Parsed", "ParsedCertificate", "content_faults", "key_match", "parse", "with_taken"]

T = TypeVar("T")

_SEQUENCE = b"\x30"
# Kinds of key by their PEM label that are not tried: encrypted, or of no use in TLS.
_TOO_LARGE_KEY = f"an RSA key of more than {MAX_BITS} bits, which nothing can use"
_OPAQUE_LABELS = frozenset({"DSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"})
# What OpenSSL and others write certificates as, and Go's readers pass over.
_FOREIGN_LABELS = frozenset({"TRUSTED CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "CMS"})


_READERS = Readers(key=read_key, certificate=go_reading)

# Of one file. The bundles of operating systems hold about 150.
MAX_CERTIFICATES = 1_000


def parse(data: bytes, *, password: bytes | None = None, container: Container = Container.PEM_OR_DER) -> Parsed:
    """Return what *data* holds; never raises.

    Entries number the certificates of the file from 0, damaged ones included. *password* is for PKCS#12 only:
    encrypted PEM keys are counted and not opened. What is plainly PEM or a certificate is read as that.
    """
    if not data:
        empty = Fault(reason=Reason.EMPTY, detail="the file has no content")
        return Parsed(faults=(empty,), consumed=consume([], _READERS, limit=MAX_CERTIFICATES)[0])
    with quiet():
        if container is Container.PKCS12 and not is_other(data):
            return _pkcs12(data, password)
        # A block is read once for both readings; the caches, which hold its bytes, end with this call.
        readers = Readers(key=_once(read_key), certificate=_once(go_reading))
        plain = plain_blocks(data)
        if plain is None:
            blocks, parsed = list(go_blocks(data)), _parse(data, readers)
        else:
            blocks, parsed = [GoBlock(*each, headers=False) for each in plain], _pem(pem.numbered(plain), readers)
        consumed, taken = consume(blocks, readers, limit=MAX_CERTIFICATES)
        # As of certificates, our own splitting may see fewer keys than Go's.
        missed = (consumed.key,) if consumed.key is not None and consumed.key not in parsed.keys else ()
        return replace(with_taken(parsed, taken), keys=(*parsed.keys, *missed), consumed=consumed)


def _once(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Return *read*, which reads the same content once."""
    known: dict[bytes, T] = {}

    def reading(content: bytes) -> T:
        found = known.get(content)
        if found is None:
            found = known[content] = read(content)
        return found

    return reading


def _parse(data: bytes, readers: Readers) -> Parsed:
    if pem.looks_like_pem(data):
        return _pem(pem.blocks(data), readers)
    if data.startswith(_SEQUENCE):
        return _der(data, readers)
    if not data.strip(b"\0"):
        return _unparsable("only NUL bytes, as a power cut leaves them")
    return _unparsable("neither PEM nor DER")


def _read_anew(encoded: bytes, entry: str) -> tuple[ParsedCertificate | None, str]:
    return read_certificate(encoded, entry, go_reading(encoded))


def with_taken(
    parsed: Parsed,
    taken: Iterable[bytes],
    read: Callable[[bytes, str], tuple[ParsedCertificate | None, str]] = _read_anew,
) -> Parsed:
    """Return *parsed* with each certificate that Go has *taken* from the file, or a warning that we cannot *read* it.

    Our own splitting into blocks may see less than Go's.
    """
    known = {each.der for each in parsed.certificates}
    missed = [each for each in dict.fromkeys(taken) if each not in known]
    if not missed:
        return parsed
    position = 1 + max((int(each.certificate.entry) for each in parsed.certificates), default=-1)
    outcomes = [read(each, str(number)) for number, each in enumerate(missed, position)]
    unread = [problem for found, problem in outcomes if found is None]
    faults = parsed.faults
    if unread:
        detail = f"a certificate that Kubernetes takes and this exporter cannot read: {unread[0]}"
        faults = (*faults, Fault(reason=Reason.UNREADABLE, detail=detail))
    return replace(
        parsed, certificates=(*parsed.certificates, *(found for found, _ in outcomes if found)), faults=faults
    )


def _unparsable(detail: str) -> Parsed:
    return Parsed(faults=(Fault(reason=Reason.UNPARSABLE, detail=detail),))


def content_faults(problems: Sequence[str]) -> tuple[Fault, ...]:
    """Return one `UNPARSABLE` with the first of *problems* and the number of the others; nothing for none."""
    if not problems:
        return ()
    more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
    return (Fault(reason=Reason.UNPARSABLE, detail=problems[0] + more),)


def _pem(blocks: Iterable[pem.Block], readers: Readers) -> Parsed:
    certificates: list[ParsedCertificate] = []
    keys: list[str] = []
    problems: list[str] = []
    costs: list[str] = []
    position = opaque = other = foreign = 0
    for block in blocks:
        problem = block.problem
        is_certificate = block.label == "CERTIFICATE"
        if block.content is None or (is_certificate and position >= MAX_CERTIFICATES):
            pass
        elif is_certificate:
            found, problem = read_certificate(block.content, str(position), readers.certificate(block.content))
            certificates += [found] if found else []
        elif not block.label.endswith("PRIVATE KEY"):
            other += 1
            foreign += block.label in _FOREIGN_LABELS
        else:
            ours = block.encrypted or block.label in _OPAQUE_LABELS
            key = KeyReading(unread=Unread.OPAQUE) if ours else readers.key(block.content)
            keys += [key.hash] if key.unread is None else []
            opaque += key.unread in {Unread.OPAQUE, Unread.TOO_COSTLY}
            costs += [f"{block.title}: {_TOO_LARGE_KEY}"] if key.unread is Unread.TOO_COSTLY else []
            problem = "not a private key, or cut off" if key.unread is Unread.DAMAGED else ""
        position += is_certificate
        problems += [f"{block.title}: {problem}"] if problem else []
    if not (certificates or keys or opaque or other or problems):
        problems.append("no PEM block")
    return Parsed(
        certificates=tuple(certificates),
        keys=tuple(keys),
        opaque_keys=opaque,
        other_blocks=other,
        foreign_certificates=foreign,
        faults=(*content_faults(problems), *_costs(costs)),
        omitted=max(0, position - MAX_CERTIFICATES),
    )


def _der(data: bytes, readers: Readers) -> Parsed:
    found, problem = read_certificate(data, "0", readers.certificate(data))
    if found:
        return Parsed(certificates=(found,), faults=content_faults([problem] if problem else []))
    key = key_hash(data)
    if isinstance(key, str):
        return Parsed(keys=(key,))
    if key is Unread.TOO_COSTLY:
        return Parsed(opaque_keys=1, faults=_costs([_TOO_LARGE_KEY]))
    if _loads(data, (x509.load_der_x509_csr, x509.load_der_x509_crl)):
        return Parsed(other_blocks=1)
    return _unparsable(f"DER, {problem}")


def _costs(details: Sequence[str]) -> tuple[Fault, ...]:
    return tuple(Fault(reason=Reason.TOO_COSTLY, detail=detail) for detail in details[:1])


def _loads(data: bytes, loaders: Iterable[Callable[[bytes], object]]) -> bool:
    return any(not isinstance(attempt(partial(loader, data)), Refusal) for loader in loaders)


def _pkcs12(data: bytes, password: bytes | None) -> Parsed:
    content, fault = read_pkcs12(data, password)
    certificates: list[ParsedCertificate] = []
    problems: list[str] = []
    for position, encoded in enumerate(content.certificates[:MAX_CERTIFICATES]):
        found, problem = read_certificate(encoded, str(position), go_reading(encoded))
        certificates += [found] if found else []
        problems += [f"certificate {position}: {problem}"] if problem else []
    return Parsed(
        certificates=tuple(certificates),
        keys=content.keys,
        faults=(fault,) if fault else content_faults(problems),
        omitted=max(0, len(content.certificates) - MAX_CERTIFICATES),
    )
