"""When Go verifies a chain, and why it does not; `tests/conformance/test_chains.py` holds it against Go itself."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from kubepki.formats.go_verify import CLIENT_AUTH, SERVER_AUTH, verify
from kubepki.model import Period
from tests.conformance.chains import LEAF, MIDDLE, ROOT, Shape, case, encoded
from tests.support import pki


def issued_by(leaf: bytes, intermediates: Sequence[bytes], cas: Sequence[bytes]) -> bool:
    """Return whether a chain is verified at any time."""
    return bool(verify(leaf, intermediates, cas, CLIENT_AUTH).periods)


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


def test_when_it_holds() -> None:
    """The time is that of the CAs alone: the leaf's is judged by whoever asks. Each chain has one."""
    begins, life = pki.NEW_YEAR - 5, 50.0
    ca = pki.authority("root", not_before=begins, lifetime=life)
    leaf = pki.client(ca, not_before=pki.NEW_YEAR + 50 * pki.YEAR)
    assert verify(leaf.der, [], [ca.der], CLIENT_AUTH).periods == (Period(not_before=begins, not_after=begins + life),)
    renewed = pki.authority("root", not_before=begins + 20, lifetime=life, key=ca.key)
    low = pki.authority("low", not_before=begins + 7, lifetime=9, issuer=ca)
    both = verify(pki.client(low).der, [low.der], [ca.der, renewed.der], CLIENT_AUTH).periods
    assert set(both) == {
        Period(not_before=begins + 7, not_after=begins + 16),
        Period(not_before=begins + 20, not_after=begins + 16),
    }


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
    """Bytes that are no certificate never raise; among the CAs they do no harm, in the file TLS refuses them."""
    ca = pki.authority()
    assert not issued_by(junk, [junk], [junk])
    assert not issued_by(pki.client(ca).der, [junk], [ca.der])
    assert issued_by(pki.client(ca).der, [], [junk, ca.der])


@pytest.mark.parametrize(("salt", "verified"), [(None, True), (20, False), (0, False)])
def test_rsa_pss_signature(salt: int | None, *, verified: bool) -> None:
    """A PSS signature is verified with a salt of its hash's length, and with no other."""
    chain = case([replace(LEAF, pss=True, salt=salt), replace(ROOT, key="rsa")]).chain
    assert issued_by(chain[0], [], chain[1:]) is verified


REFUSED: dict[str, tuple[list[Shape], str]] = {
    "keyCertSign": ([LEAF, replace(ROOT, key_usage=b"\x03\x02\x05\xa0")], "signs no certificates"),
    "CA:FALSE": ([LEAF, replace(ROOT, ca=False)], "signs no certificates"),
    "path length": ([LEAF, MIDDLE, replace(ROOT, path=0)], "longer than one of its CAs allows"),
    "the CA's purposes": ([LEAF, replace(ROOT, purposes=("2b06010505070301",))], "does not allow client"),
    "SHA-1": (
        [replace(LEAF, sha="1", authority_key=b"1"), replace(ROOT, subject_key=b"1")],
        "of a kind that Go does not verify",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_it_says_why(kind: str) -> None:
    """Of a CA that signed it, what stands against the chain."""
    shapes, words = REFUSED[kind]
    chain = case(shapes).chain
    found = verify(chain[0], chain[1:-1], chain[-1:], CLIENT_AUTH)
    assert not found.periods
    assert words in found.refusal


def test_servers_and_clients() -> None:
    """Each by its own purpose."""
    ca = pki.authority()
    for leaf, purpose, other in (
        (pki.client(ca), CLIENT_AUTH, SERVER_AUTH),
        (pki.server(ca), SERVER_AUTH, CLIENT_AUTH),
    ):
        assert verify(leaf.der, [], [ca.der], purpose).periods
        assert not verify(leaf.der, [], [ca.der], other).periods
    assert verify(pki.peer(ca).der, [], [ca.der], CLIENT_AUTH).periods


def test_many_cas_of_one_name() -> None:
    """As in Go, a hundred are tried and no more, those that the key identifier names before all others."""
    mine = replace(ROOT, subject_key=b"mine")
    leaf = encoded(replace(LEAF, authority_key=b"mine"), issuer="root", key="ec7")
    plain = encoded(LEAF, issuer="root", key="ec7")
    others = [encoded(replace(ROOT, key="ec8", begins=-number), issuer="root", key="ec8") for number in range(100)]
    authority = encoded(mine, issuer="root", key="ec7")
    assert verify(leaf, [], [*others, authority], CLIENT_AUTH).periods
    assert not verify(plain, [], [*others, encoded(ROOT, issuer="root", key="ec7")], CLIENT_AUTH).periods
    assert verify(plain, [], [*others[1:], encoded(ROOT, issuer="root", key="ec7")], CLIENT_AUTH).periods
