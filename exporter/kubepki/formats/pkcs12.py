"""Opens PKCS#12 (RFC 7292).

Rules of this module: pure; total; of the private key only the hash of its public half is returned.
"""

import itertools
import math
from dataclasses import dataclass, field
from functools import partial

from kubepki.formats import der
from kubepki.formats.guard import Refusal, attempt
from kubepki.formats.private_key import private_hash
from kubepki.model import Fault, Reason

# OpenSSL writes 2,048, Java 10,000; OWASP asks for 600,000. Each million takes about half a second, in one call that
# cannot be left, so the sum over the file is bounded.
MAX_ITERATIONS = 1_000_000
_CONSTRUCTED = 0x20
_SEQUENCE, _PEM_BEGIN = bytes((der.SEQUENCE,)), b"-----BEGIN "
_MAX_DEPTH = 16
_MAX_NUMBER_BYTES = 16
_SCRYPT_NUMBERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs12:
    """The DER certificates of a PKCS#12 file, the key's own first, and the hash of its key, if it has one."""

    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    keys: tuple[str, ...] = ()


def is_other(data: bytes) -> bool:
    """Return whether *data* is plainly PEM or a certificate, whatever its file's name promises.

    A PFX begins with its version, an INTEGER (RFC 7292, section 4), a certificate with its contents, a SEQUENCE.
    """
    if not data.startswith(_SEQUENCE):
        return _PEM_BEGIN in data
    return not isinstance(attempt(lambda: der.certificate_fields(data)), Refusal)


def read_pkcs12(data: bytes, password: bytes | None) -> tuple[Pkcs12, Fault | None]:
    """Return what *data* holds and what is wrong with it, None where nothing is.

    Without a password both of its usual stand-ins are tried: none, and an empty one.
    """
    whole = attempt(lambda: der.sequence(data))
    if isinstance(whole, Refusal):
        return Pkcs12(), _unparsable("not PKCS#12, or cut off")
    iterations = attempt(lambda: _iterations(whole))
    if not isinstance(iterations, Refusal) and iterations > MAX_ITERATIONS:
        detail = f"PKCS#12 that asks for {min(iterations, 10**18)} rounds of key derivation; {MAX_ITERATIONS} are done"
        return Pkcs12(), Fault(reason=Reason.TOO_COSTLY, detail=detail)
    for candidate in (password,) if password is not None else (None, b""):
        found = attempt(lambda: _open(data, candidate))  # noqa: B023 - called at once
        if not isinstance(found, Refusal):
            return found, None
        if found.kind != "ValueError":
            return Pkcs12(), _unparsable(f"PKCS#12 of a kind that the library does not support ({found.kind})")
    asked = "without a password" if password is None else "with this password"
    detail = f"PKCS#12 that cannot be opened {asked}; or its encryption is too old for the library"
    return Pkcs12(), Fault(reason=Reason.LOCKED, detail=detail)


def _unparsable(detail: str) -> Fault:
    return Fault(reason=Reason.UNPARSABLE, detail=detail)


def _iterations(members: list[der.Element], depth: int = 0) -> int:
    """Return the rounds of key derivation that a PKCS#12 asks for before it is decrypted.

    In each of its structures they follow the salt: PBES1 (RFC 8018, appendix A.3), PBKDF2 with a key length after them
    (appendix A.2), MacData (RFC 7292, section 4), and scrypt's N, r and p (RFC 7914, section 7), whose product counts.
    """
    total = 0
    for position, member in enumerate(members):
        if member.tag == der.OCTET_STRING:
            following = itertools.takewhile(lambda each: each.tag == der.INTEGER, members[position + 1 : position + 4])
            numbers = [_number(each.content) for each in following]
            total += math.prod(numbers if len(numbers) == _SCRYPT_NUMBERS else numbers[:1]) if numbers else 0
        if depth < _MAX_DEPTH and (member.tag == der.OCTET_STRING or member.tag & _CONSTRUCTED):
            inner = attempt(partial(der.elements, member.content))
            total += 0 if isinstance(inner, Refusal) else _iterations(inner, depth + 1)
    return total


def _number(content: bytes) -> int:
    return 1 << 128 if len(content) > _MAX_NUMBER_BYTES else int.from_bytes(content, "big")


def _open(data: bytes, password: bytes | None) -> Pkcs12:
    # Imported here, for hardly any host has such a file and the module costs memory.
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12  # noqa: PLC0415

    bundle = pkcs12.load_pkcs12(data, password)
    found = [bundle.cert] if bundle.cert is not None else []
    certificates = [each.certificate.public_bytes(Encoding.DER) for each in [*found, *bundle.additional_certs]]
    keys = () if bundle.key is None else (private_hash(bundle.key),)
    return Pkcs12(certificates=tuple(certificates), keys=keys)
