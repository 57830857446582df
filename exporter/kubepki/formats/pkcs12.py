"""Opens PKCS#12 (RFC 7292).

Rules of this module: pure; total; of the private key only the hash of its public half is returned.
"""

from dataclasses import dataclass, field

from kubepki.formats import der
from kubepki.formats.guard import Refusal, attempt
from kubepki.formats.private_key import private_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs12:
    """The DER certificates of a PKCS#12 file, the key's own first, and the hash of its key, if it has one."""

    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    keys: tuple[str, ...] = ()


def read_pkcs12(data: bytes, password: bytes | None) -> tuple[Pkcs12, str]:
    """Return what *data* holds and what is wrong with it, an empty string where nothing is.

    Without a password both of its usual stand-ins are tried: none, and an empty one.
    """
    whole = attempt(lambda: der.sequence(data))
    if isinstance(whole, Refusal):
        return Pkcs12(), "not PKCS#12, or cut off"
    for candidate in (password,) if password is not None else (None, b""):
        found = attempt(lambda: _open(data, candidate))  # noqa: B023 - called at once
        if not isinstance(found, Refusal):
            return found, ""
        if found.kind != "ValueError":
            return Pkcs12(), f"PKCS#12 of a kind that the library does not support ({found.kind})"
    asked = "without a password" if password is None else "with this password"
    return Pkcs12(), f"PKCS#12 that cannot be opened {asked}; or its encryption is too old for the library"


def _open(data: bytes, password: bytes | None) -> Pkcs12:
    # Imported here, for hardly any host has such a file and the module costs memory.
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12  # noqa: PLC0415

    bundle = pkcs12.load_pkcs12(data, password)
    found = [bundle.cert] if bundle.cert is not None else []
    certificates = [each.certificate.public_bytes(Encoding.DER) for each in [*found, *bundle.additional_certs]]
    keys = () if bundle.key is None else (private_hash(bundle.key),)
    return Pkcs12(certificates=tuple(certificates), keys=keys)
