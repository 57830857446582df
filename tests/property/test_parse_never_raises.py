"""Parsing gives a result for any bytes, and shows nothing of a private key."""

import warnings

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubepki.formats.anchor import self_signed_anchor
from kubepki.formats.go_verify import CLIENT_AUTH, verify
from kubepki.formats.kubeconfig_reader import parse_kubeconfig
from kubepki.formats.parse import Container, Parsed, parse
from kubepki.model import Reason
from tests.support import pki

CA = pki.authority()
PAIR = pki.client(CA, key=pki.new_key(pki.KeyType.EC))
ED25519 = pki.client(CA, key=pki.new_key(pki.KeyType.ED25519))
USER = pki.User(certificate=PAIR.certificate_pem, key=PAIR.key_pem)
SAMPLES = [
    PAIR.pem,
    PAIR.key_pem + PAIR.certificate_pem + CA.certificate_pem,
    ED25519.pem,
    pki.key_pem(PAIR.key, pki.KeyForm.PKCS8),
    PAIR.der,
    CA.der,
    pki.kubeconfig([USER], [pki.Cluster(ca=CA.certificate_pem)]),
]
BUNDLE = pki.pkcs12_bytes(PAIR, None)
SECRETS = pki.key_lines(PAIR.key) + pki.key_lines(ED25519.key)
ALLOWED = {Reason.EMPTY, Reason.UNPARSABLE, Reason.LOCKED}
BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def mutated(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """Return one of *samples* with some bytes replaced, removed, inserted or cut off."""
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 40))] = draw(st.binary(max_size=12))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


def check(data: bytes, container: Container = Container.PEM_OR_DER) -> Parsed:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parsed = parse(data, container=container)
    assert {fault.reason for fault in parsed.faults} <= ALLOWED
    assert parsed.faults or parsed.certificates or parsed.keys or parsed.opaque_keys or parsed.other_blocks
    shown = repr(parsed)
    assert not [line for line in SECRETS if len(line) > 8 and line in shown]
    return parsed


@given(st.binary(max_size=300))
@BOUNDED
def test_any_bytes(data: bytes) -> None:
    """Any bytes are a result in every container."""
    check(data)
    check(data, Container.PKCS12)
    assert {fault.reason for fault in parse_kubeconfig(data).faults} <= ALLOWED


@given(mutated(SAMPLES))
@BOUNDED
def test_mutated_files(data: bytes) -> None:
    """Damaged certificates and keys are a result, and what was read can be judged."""
    parsed = check(data)
    self_signed_anchor([each.der for each in parsed.certificates])
    for each in parsed.certificates:
        verify(each.der, [], [CA.der], CLIENT_AUTH)
        each.certificate.subject.encode()


@given(mutated([BUNDLE]))
@BOUNDED
def test_mutated_pkcs12(data: bytes) -> None:
    """A damaged PKCS#12 file is a result."""
    check(data, Container.PKCS12)


@given(mutated(SAMPLES[-1:]))
@BOUNDED
def test_mutated_kubeconfig(data: bytes) -> None:
    """A damaged kubeconfig is a result without a line of its key in a fault."""
    found = parse_kubeconfig(data)
    # What is left of it may parse here and be refused by client-go.
    assert {fault.reason for fault in found.faults} <= ALLOWED | {Reason.REFUSED}
    shown = repr(found.faults)
    assert not [line for line in SECRETS if len(line) > 8 and line in shown]
    assert len({each.entry for each in found.embedded}) == len(found.embedded)
    repr(found.server)
    repr(found.references)


@given(mutated([PAIR.der, CA.der]), mutated([PAIR.der, CA.der]))
@BOUNDED
def test_trust_of_damaged_certificates(leaf: bytes, ca: bytes) -> None:
    """Judging damaged certificates never raises; nothing damaged issued the good one unless it is its own CA."""
    verify(leaf, [ca], [CA.der], CLIENT_AUTH)
    verify(leaf, [CA.der], [ca], CLIENT_AUTH)
