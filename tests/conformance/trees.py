"""Changes certificates in one or two places, whichever they are: no list of kinds, so that nobody forgets one.

A certificate is read as a tree of its values, one value of it is changed, and the lengths around it are written anew.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import strategies as st

from kubepki.formats import der
from tests.conformance import asn1, odd
from tests.support import pki

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONSTRUCTED, _BITS, _OCTETS = 0x20, 0x03, 0x04


@dataclass
class Value:
    """One value: its tag, its content or what is in it, and what its encoding is if it is not the ordinary one."""

    tag: int
    content: bytes = b""
    inside: list[Value] | None = None
    before: bytes = b""
    written: bytes | None = field(default=None)

    def encoded(self) -> bytes:
        """Return the value with its length as its content is now."""
        return asn1.value(self.tag, self.filled()) if self.written is None else self.written

    def filled(self) -> bytes:
        """Return the content."""
        return self.content if self.inside is None else self.before + b"".join(each.encoded() for each in self.inside)

    def all(self) -> Iterator[Value]:
        """Yield this value and all that are in it."""
        yield self
        for each in self.inside or ():
            yield from each.all()


def tree(encoded: bytes) -> Value:
    """Return the one value that *encoded* is; an OCTET or BIT STRING that holds values is read, too."""
    (found,) = der.elements(encoded)
    made = Value(found.tag, found.content)
    skipped = 1 if found.tag == _BITS else 0
    if found.tag & _CONSTRUCTED or (found.tag in {_BITS, _OCTETS} and found.content[skipped : skipped + 1] == b"0"):
        try:
            made.inside = [tree(each.encoded) for each in der.elements(found.content[skipped:])]
            made.before = found.content[:skipped]
        except ValueError:
            made.inside = None
    return made


def _rich(*, authority: bool) -> bytes:
    """Return a certificate with an extension of each kind that Go reads, and a name of several kinds of text."""
    other = x509.Name(
        [
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(NameOID.COMMON_NAME, "system:node:node30"),
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "système"),
                ]
            ),
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "CH")]),
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@b")]),
        ]
    )
    names = [
        x509.DNSName("node30"),
        x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
        x509.UniformResourceIdentifier("spiffe://a/b"),
        x509.RFC822Name("a@b.example"),
        x509.DirectoryName(other),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
    ]
    policies = x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), ["https://a.example"])]
    )
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://a.example/crl")], None, None, None)
    access = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://a.example/ocsp")
    )
    builder = x509.CertificateBuilder().subject_name(other).issuer_name(other).serial_number(0x1234567890ABCDEF)
    builder = builder.not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    builder = builder.not_valid_after(dt.datetime(2056, 1, 1, tzinfo=dt.UTC))
    key = asn1.LEAF.key
    builder = builder.public_key(key.public_key())
    usage = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    usage |= {"digital_signature": True, "key_cert_sign": authority}
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectAlternativeName(names), False),
        (x509.BasicConstraints(ca=authority, path_length=3 if authority else None), True),
        (x509.KeyUsage(**usage), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectKeyIdentifier(b"identifier"), False),
        (x509.AuthorityKeyIdentifier(b"identifier", [x509.DNSName("a")], 5), False),
        (policies, False),
        (x509.CRLDistributionPoints([point]), False),
        (x509.AuthorityInformationAccess([access]), False),
        (x509.InhibitAnyPolicy(3), True),
        (x509.PolicyConstraints(1, 2), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x0c\x01a"), False),
    ]
    if authority:
        network = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
        permitted = [x509.DNSName(".example"), network, x509.UniformResourceIdentifier("a.example")]
        extensions.append((x509.NameConstraints(permitted, [x509.RFC822Name("b.example")]), True))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _of_version_2() -> bytes:
    return asn1.Parts(
        version=b"\xa0\x03\x02\x01\x01", after_tbs=asn1.value(0x81, b"\0ab") + asn1.value(0x82, b"\0cd")
    ).encoded()


RSA = pki.client(asn1.CA, key=pki.new_key(pki.KeyType.RSA))
WHOLE = [_rich(authority=True), _rich(authority=False), _rich(authority=False), asn1.LEAF.der, asn1.CA.der, RSA.der]
WHOLE += [_of_version_2(), asn1.Parts(version=b"").encoded()]
_OTHER_KEYS = [ec.derive_private_key(30, curve()) for curve in (ec.SECP224R1, ec.SECP384R1, ec.SECP521R1)]
_OF_OTHER_KEYS = [
    asn1.Parts(spki=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).encoded()
    for key in _OTHER_KEYS
]
_DSA = asn1.value(0x30, asn1.value(0x06, bytes.fromhex("2a8648ce380401")), asn1.value(0x30, *[asn1.integer(23)] * 3))
WHOLE += [*_OF_OTHER_KEYS, asn1.Parts(spki=asn1.value(0x30, _DSA, asn1.value(0x03, b"\0", asn1.integer(5)))).encoded()]
_TAGS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1E, 0x30, 0x31]
_TAGS += [0x80, 0x81, 0x82, 0x86, 0x87, 0xA0, 0xA1, 0xA3, 0x24, 0x23, 0x1F, 0xBF, 0x00]
_MANY_BYTES = 4


def _with_length(each: Value, width: int) -> bytes:
    content = each.filled()
    if not width:
        return bytes([each.tag, 0x80]) + content + b"\0\0"
    return bytes([each.tag, 0x80 | width]) + len(content).to_bytes(width, "big") + content


def _high(each: Value) -> bytes:
    return bytes([each.tag | 0x1F, each.tag & 0x1F]) + each.encoded()[1:]


@st.composite
def _change(draw: st.DrawFn, root: Value) -> None:
    """Change one value of *root*."""
    each = draw(st.sampled_from(list(root.all())))
    kind = draw(st.integers(0, 9))
    siblings = each.inside
    if kind == 0 and siblings is not None:
        siblings.insert(draw(st.integers(0, len(siblings))), Value(0, written=draw(odd.FOLLOWING)))
    elif kind == 1:
        width = draw(st.integers(0, 5))
        fits = not width or len(each.filled()) < 1 << 8 * width
        each.written = _with_length(each, width if fits else _MANY_BYTES)
    elif kind == 2:
        each.written = _high(each)
    elif kind == 3:
        each.tag = draw(st.sampled_from(_TAGS))
    elif kind == 4:
        each.inside, each.content = None, b""
    elif kind == 5 and siblings:
        del siblings[draw(st.integers(0, len(siblings) - 1))]
    elif kind == 6 and siblings:
        siblings.insert(draw(st.integers(0, len(siblings))), draw(st.sampled_from(siblings)))
    elif kind == 7 and siblings:
        siblings.reverse()
    elif kind == 8:
        content = each.filled()
        at = draw(st.integers(0, max(0, len(content) - 1)))
        each.inside, each.content = None, content[:at] + draw(st.binary(min_size=1, max_size=2)) + content[at + 1 :]
    else:
        each.written = each.encoded()[: draw(st.integers(0, 6))] or each.encoded()[:-1]


@st.composite
def certificates(draw: st.DrawFn) -> bytes:
    """Return a DER certificate of which one or two values are not as they were."""
    root = tree(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        draw(_change(root))
    return root.encoded()


PRIVATE = [
    (pair.certificate_pem, lines[0].strip("-").removeprefix("BEGIN "), base64.b64decode("".join(lines[1:-1])))
    for pair in (asn1.LEAF, RSA, pki.client(asn1.CA, key=pki.new_key(pki.KeyType.ED25519)))
    for form in (pki.KeyForm.TRADITIONAL, pki.KeyForm.PKCS8)
    for lines in [pki.key_pem(pair.key, form).decode().splitlines()]
]
PRIVATE += [
    (ssl.DER_cert_to_PEM_cert(certificate).encode(), label, key.private_bytes(Encoding.DER, form, NoEncryption()))
    for certificate, key in zip(_OF_OTHER_KEYS, _OTHER_KEYS, strict=True)
    for label, form in (("EC PRIVATE KEY", PrivateFormat.TraditionalOpenSSL), ("PRIVATE KEY", PrivateFormat.PKCS8))
]


@st.composite
def pairs(draw: st.DrawFn) -> bytes:
    """Return a certificate with its private key, of which one or two values are not as they were."""
    certificate, label, encoded = draw(st.sampled_from(PRIVATE))
    root = tree(encoded)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        draw(_change(root))
    label = draw(st.sampled_from([label] * 9 + ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"]))
    body = base64.encodebytes(root.encoded()).decode()
    return certificate + f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()
