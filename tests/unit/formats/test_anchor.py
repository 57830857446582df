"""Where a chain ends in its own file."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kubepki.formats.anchor import self_signed_anchor
from tests.support import pki


def test_anchor() -> None:
    """The anchor is where the leaf's chain ends in the file: its throw-away CA, itself, or nothing."""
    pair = pki.self_signed()
    ca_der = pair.chain[0].public_bytes(Encoding.DER)
    assert self_signed_anchor([pair.der, ca_der]) == 1
    assert self_signed_anchor([ca_der]) == 0
    assert self_signed_anchor([pair.der]) is None
    assert self_signed_anchor([pair.der, pki.authority().der]) is None
    assert self_signed_anchor([]) is None


@pytest.mark.parametrize("junk", [b"", b"\0" * 50, b"\x30\x03\x02\x01\x01"])
def test_junk_has_none(junk: bytes) -> None:
    """Nothing raises."""
    assert self_signed_anchor([junk]) is None
    assert self_signed_anchor([pki.server(pki.authority()).der, junk]) is None
