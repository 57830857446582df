"""What reading the bytes of a file gave: values only, so that who uses them need not load the X.509 library. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

from kubepki.model import Certificate, Fault, Period


class Container(StrEnum):
    """How a file is to be read; by its name, for PKCS#12 cannot be told from other DER cheaply."""

    PEM_OR_DER = "pem_or_der"
    PKCS12 = "pkcs12"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCertificate:
    """A certificate with what is needed to compare it.

    `der` is its encoding; `spki_sha256` the hex SHA-256 of its DER SubjectPublicKeyInfo, as the library writes it (as
    the file has it, where the library does not know the kind of key). `authority_key` is the key identifier of the CA
    that the certificate names, `subject_key` that of its own key, in hexadecimal; empty where it names none.
    """

    certificate: Certificate
    der: bytes = field(repr=False)
    spki_sha256: str
    authority_key: str = ""
    subject_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumed:
    """What Go's readers make of a file; each text is a refusal, empty where there is none.

    `bundle` is what client-go's util/cert says of it as a file of CA certificates; `leaf` what crypto/tls says of it as
    the certificate of a pair, and `leaf_sha256` the fingerprint of the one that it presents. `key` is the hash of the
    first private key's public half, `key_refusal` what stands against that key; None and empty where there is no key.
    `trusted` says whether one certificate at least is fit for a pool of CAs (crypto/x509, AppendCertsFromPEM).
    `chain` is what the other side of a TLS connection says of the certificates behind the first, which it reads, too.
    `etcd` is what etcd's tlsutil says of it as a file of CAs: each block, whatever its label, must be a certificate.
    """

    bundle: str
    leaf: str
    leaf_sha256: str = ""
    key: str | None = None
    key_refusal: str = ""
    trusted: bool = False
    etcd: str = ""
    chain: str = ""

    @property
    def has_key(self) -> bool:
        """Whether there is a private key, one that Go can use or not."""
        return self.key is not None or bool(self.key_refusal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The content of one file.

    `keys` holds the `spki_sha256` of each private key; `opaque_keys` counts those that are encrypted or unsupported;
    `other_blocks` counts whole PEM blocks (or a DER file) that are neither certificate nor key; of these
    `foreign_certificates` hold one under a label that Go does not read (`TRUSTED CERTIFICATE`). `faults` has at most
    one of `EMPTY` and `UNPARSABLE`. `omitted` counts the certificates beyond `MAX_CERTIFICATES`, which are not read.
    `consumed` is what Go's readers make of it; None of what only we read (PKCS#12).
    """

    certificates: tuple[ParsedCertificate, ...] = ()
    keys: tuple[str, ...] = ()
    opaque_keys: int = 0
    other_blocks: int = 0
    foreign_certificates: int = 0
    faults: tuple[Fault, ...] = ()
    omitted: int = 0
    consumed: Consumed | None = None

    @property
    def leaf(self) -> ParsedCertificate | None:
        """The certificate that Go presents; where it presents none the first, None where that is damaged."""
        consumed = self.consumed
        if consumed is not None and not consumed.leaf:
            wanted = consumed.leaf_sha256
            return next((each for each in self.certificates if each.certificate.fingerprint_sha256 == wanted), None)
        if self.certificates and self.certificates[0].certificate.entry == "0":
            return self.certificates[0]
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """A file's content, and the fingerprint of the CA in the file itself that a serving certificate's chain ends in."""

    parsed: Parsed
    anchor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """When the chains from a certificate to a CA are valid; `refusal` says why Go verifies none, where it is signed."""

    periods: tuple[Period, ...] = ()
    refusal: str = ""


def key_match(leaf_spki: str, *parsed_with_keys: Parsed) -> bool | None:
    """Tell whether a private key of these files belongs to the leaf whose `spki_sha256` is given.

    None where there is no key that could be read, or where only one that could not may be the right one.
    """
    keys = [key for parsed in parsed_with_keys for key in parsed.keys]
    if leaf_spki and leaf_spki in keys:
        return True
    if not keys or not leaf_spki or any(parsed.opaque_keys for parsed in parsed_with_keys):
        return None
    return False
