"""Keys and certificates whose structure is changed in one place: the exporter and crypto/tls agree on each."""

import datetime as dt
import ipaddress
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tests.conformance.differences import CA, MINE, RSA, pem
from tests.conformance.kinds import EC, ED25519, KEY, PKCS1, PKCS8, RSA_PKCS8, SEC1, encoded
from tests.conformance.structures import changed
from tests.conformance.test_differences import found_at
from tests.conformance.test_files import EXAMPLES, is_critical
from tests.support import pki
from tests.support.oracle import Oracle

KEYS = {
    "SEC 1": (EC, "EC PRIVATE KEY", SEC1),
    "PKCS#1": (RSA.certificate_pem, "RSA PRIVATE KEY", PKCS1),
    "PKCS#8 of EC": (EC, "PRIVATE KEY", PKCS8),
    "PKCS#8 of RSA": (RSA.certificate_pem, "PRIVATE KEY", RSA_PKCS8),
    "PKCS#8 of Ed25519": (
        ED25519.certificate_pem,
        "PRIVATE KEY",
        encoded(pki.key_pem(ED25519.key, pki.KeyForm.PKCS8)),
    ),
}


def certificate() -> bytes:
    """Return a certificate with all extensions that Go reads, in DER."""
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(pki.name("system:node:node30", "system:nodes"))
    builder = builder.issuer_name(pki.name("kubernetes")).serial_number(77).public_key(MINE.key.public_key())
    builder = builder.not_valid_before(start).not_valid_after(start.replace(year=2060))
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    names = [x509.DNSName("a.b"), x509.IPAddress(ipaddress.ip_address("10.0.0.1")), x509.RFC822Name("a@b.c")]
    uri = x509.UniformResourceIdentifier("spiffe://a/b")
    network = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([*names, uri]), False),
        (x509.AuthorityKeyIdentifier(b"1" * 20, None, None), False),
        (x509.SubjectKeyIdentifier(b"2" * 20), False),
        (x509.CRLDistributionPoints([x509.DistributionPoint([uri], None, None, None)]), False),
        (x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, uri)]), False),
        (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)]), False),
        (x509.NameConstraints([x509.DNSName("x.y"), network], None), True),
    ):
        builder = builder.add_extension(extension, critical)
    return builder.sign(CA.key, hashes.SHA256()).public_bytes(Encoding.DER)


def disagreements(oracle: Oracle, path: Path, files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return what was changed where exporter and consumer disagree."""
    found = []
    for what, content in files:
        path.write_bytes(content)
        said = oracle.ask("pair", path)
        if is_critical(found_at(path)) == said.taken:
            found.append(f"{what}: {said.error or 'taken'}")
    return found


@pytest.mark.parametrize("name", KEYS)
def test_keys(name: str, oracle: Oracle, tmp_path: Path) -> None:
    """Each change of a private key."""
    before, label, key = KEYS[name]
    files = ((what, before + pem(label, new)) for what, new in changed(key))
    assert disagreements(oracle, tmp_path / "kubelet-client-current.pem", files) == []


def test_certificates(oracle: Oracle, tmp_path: Path) -> None:
    """A sample of the changes of a certificate; of `make conformance` all of them."""
    every = list(changed(certificate()))
    Random(str(EXAMPLES.max_examples)).shuffle(every)
    files = ((what, pem("CERTIFICATE", new) + KEY) for what, new in islice(every, EXAMPLES.max_examples))
    assert disagreements(oracle, tmp_path / "kubelet-client-current.pem", files) == []
