"""Who signed whom."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kubepki.formats.trust import issued_by, self_signed_anchor
from tests.support import pki


@pytest.mark.parametrize("kind", list(pki.KeyType))
def test_direct_issue_with_every_kind_of_key(kind: pki.KeyType) -> None:
    """The CA that signed is found; another CA of the same name with another key is not the issuer."""
    ca = pki.authority(key=pki.new_key(kind))
    impostor = pki.authority(key=pki.new_key(kind, slot=1))
    leaf = pki.client(ca)
    assert issued_by(leaf.der, [], [ca.der])
    assert issued_by(leaf.der, [], [impostor.der, ca.der])
    assert not issued_by(leaf.der, [], [impostor.der])
    assert not issued_by(leaf.der, [], [])


def test_times_do_not_matter() -> None:
    """A chain whose every validity is long past or far in the future is judged by signatures alone."""
    ca = pki.authority(not_before=0, lifetime=1)
    assert issued_by(pki.client(ca, not_before=pki.NEW_YEAR + 50 * pki.YEAR).der, [], [ca.der])


def test_intermediates() -> None:
    """Intermediates lead to the CA in any order, but only if they are CAs themselves and all are there."""
    root = pki.authority("root")
    middle = pki.authority("middle", issuer=root)
    low = pki.authority("low", issuer=middle)
    leaf = pki.client(low)
    assert issued_by(leaf.der, [middle.der, low.der], [root.der])
    assert not issued_by(leaf.der, [low.der], [root.der])
    assert issued_by(leaf.der, [], [low.der])
    no_ca = pki.client(root, "no-ca")
    assert not issued_by(pki.client(no_ca).der, [no_ca.der], [root.der])


def test_name_without_signature_is_not_enough() -> None:
    """A certificate that only claims the CA's name was not issued by it."""
    ca = pki.authority()
    subject = pki.name("system:node:a", "system:nodes")
    forged = pki.issue(subject, not_before=0, not_after=1, issuer_name=ca.certificate.subject)
    assert not issued_by(forged.der, [], [ca.der])


@pytest.mark.parametrize("junk", [b"", b"\0" * 50, b"\x30\x03\x02\x01\x01", b"\x30\x84\xff\xff\xff\xff"])
def test_junk_is_not_issued(junk: bytes) -> None:
    """Bytes that are no certificate never raise in any place."""
    ca = pki.authority()
    assert not issued_by(junk, [junk], [junk])
    assert not issued_by(pki.client(ca).der, [junk], [junk])
    assert issued_by(pki.client(ca).der, [junk], [junk, ca.der])
    assert self_signed_anchor([junk]) is None


def test_rsa_pss_signature(program: Callable[[str], Path], tmp_path: Path) -> None:
    """A PSS signature is verified where the library knows its parameters, and is otherwise not taken as issued."""
    path = tmp_path / "ca.pem"
    made: list[str | Path] = [
        program("openssl"),
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        tmp_path / "ca.key",
    ]
    made += ["-sigopt", "rsa_padding_mode:pss", "-sha256", "-subj", "/CN=pss", "-out", path]
    subprocess.run(made, check=True, capture_output=True)
    ca = x509.load_pem_x509_certificate(path.read_bytes())
    encoded = ca.public_bytes(Encoding.DER)
    assert issued_by(encoded, [], [encoded]) is hasattr(ca, "signature_algorithm_parameters")


def test_anchor() -> None:
    """The anchor is where the leaf's chain ends in the file: its throw-away CA, itself, or nothing."""
    pair = pki.self_signed()
    ca_der = pair.chain[0].public_bytes(Encoding.DER)
    assert self_signed_anchor([pair.der, ca_der]) == 1
    assert self_signed_anchor([ca_der]) == 0
    assert self_signed_anchor([pair.der]) is None
    assert self_signed_anchor([pair.der, pki.authority().der]) is None
    assert self_signed_anchor([]) is None
