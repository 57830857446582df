"""Private keys as Go's crypto/tls reads them, which is neither what DER nor what the library allows."""

import pytest

from kubepki.formats import der, pem
from kubepki.formats.go_key import EcScalar, EdwardsSeed, RsaNumbers, go_key
from kubepki.formats.private_key import KeyReading, public_hash, read_key
from tests.conformance import asn1
from tests.conformance.kinds import ED25519, PKCS1, PKCS8, RSA_PKCS8, SEC1, encoded
from tests.support import pki

PAIR, OTHER = (pki.client(pki.authority()) for _ in range(2))
POINT_SIZE = 64


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PKCS1, RsaNumbers),
        (RSA_PKCS8, RsaNumbers),
        (SEC1, EcScalar),
        (PKCS8, EcScalar),
        (encoded(ED25519.key_pem), EdwardsSeed),
    ],
    ids=["PKCS1", "RSA in PKCS8", "SEC1", "EC in PKCS8", "Ed25519"],
)
def test_each_form(content: bytes, kind: type) -> None:
    """The three forms in the order in which crypto/tls tries them; nothing of a key is in its text."""
    found = go_key(content)
    assert isinstance(found, kind)
    assert len(repr(found)) < 60
    assert read_key(content).presentable


def test_what_follows_the_last_field_is_not_read() -> None:
    """encoding/asn1 stops behind the last field that it knows."""
    inside = der.sequence(SEC1)
    garbage = asn1.value(0x30, *(each.encoded for each in inside), b"\xff\xff")
    assert read_key(garbage).hash == read_key(SEC1).hash
    assert read_key(garbage).presentable


def test_a_length_that_is_not_the_shortest_is_refused() -> None:
    """Our own reading finds the key, Go does not."""
    members = der.sequence(SEC1)
    long = bytes([0x02, 0x81, 0x01, 0x01])
    found = read_key(asn1.value(0x30, long, *(each.encoded for each in members[1:])))
    assert not found.presentable
    with pytest.raises(ValueError, match="failed to parse"):
        go_key(asn1.value(0x30, long, *(each.encoded for each in members[1:])))


@pytest.mark.parametrize("form", [pki.KeyForm.TRADITIONAL, pki.KeyForm.PKCS8])
@pytest.mark.parametrize("beside", [PAIR, OTHER], ids=["its own", "another's"])
def test_the_public_half_beside_a_key_is_not_believed(form: pki.KeyForm, beside: pki.Pair) -> None:
    """Go makes it anew, whatever stands in the file: the key is that of the private number."""
    (own,), (other,) = (list(pem.blocks(pki.key_pem(each.key, form))) for each in (PAIR, beside))
    assert own.content is not None
    assert other.content is not None
    found = read_key(own.content[:-POINT_SIZE] + other.content[-POINT_SIZE:])
    assert found == KeyReading(hash=public_hash(PAIR.key.public_key()), presentable=True)
