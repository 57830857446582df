"""A file that asks for much gets little: the budget is what ordinary certificates cost in this very process."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from kubepki.formats import der
from kubepki.formats.kubeconfig_reader import parse_kubeconfig
from kubepki.formats.parse import MAX_CERTIFICATES, Container, parse
from kubepki.formats.rsa_key import MAX_BITS, TooManyBitsError, rsa_public_hash
from kubepki.model import Reason
from kubepki.texts import MAX_LABEL, bounded_text
from tests.support import costly, pki

# In certificates, of which a file may have a thousand: what is read in full costs about as much as they do, some times
# that in a kubeconfig, and what is refused for its size a fifth. What is not bounded costs a hundred thousand.
READ, REFUSED = 20 * MAX_CERTIFICATES, 2 * MAX_CERTIFICATES


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@cache
def certificate_seconds() -> float:
    """Return what this machine with these libraries takes for one certificate, at its best."""
    data = b"".join(pki.authority(f"ca-{number}").certificate_pem for number in range(20))
    spent = []
    for _ in range(6):
        before = cpu_seconds()
        parse(data)
        spent.append((cpu_seconds() - before) / 20)
    return min(spent)


@contextmanager
def budget(certificates: int) -> Iterator[None]:
    """Hold what is done to the cost of so many certificates."""
    unit = certificate_seconds()
    before = cpu_seconds()
    yield
    assert cpu_seconds() - before < certificates * unit


@pytest.mark.parametrize("name", costly.FILES)
def test_no_file_costs_more_than_its_budget(name: str) -> None:
    """Lengths, rounds and sizes are read before anything is done for them."""
    data = costly.FILES[name]()
    assert len(data) < 1 << 20
    with budget(READ if name == "certificates.pem" else REFUSED):
        parsed = parse(data, container=Container.PKCS12 if name.endswith(".p12") else Container.PEM_OR_DER)
    assert parsed.keys == ()
    assert len(parsed.certificates) <= MAX_CERTIFICATES


@pytest.mark.parametrize("name", ["rounds.p12", "bag.p12", "rsa_300000.pem", "rsa_300000_pkcs8.pem"])
def test_what_is_too_costly_is_named(name: str) -> None:
    """The fault says what is asked for."""
    container = Container.PKCS12 if name.endswith(".p12") else Container.PEM_OR_DER
    (fault,) = parse(costly.FILES[name](), container=container).faults
    assert fault.reason is Reason.TOO_COSTLY
    assert "rounds" in fault.detail or "bits" in fault.detail


@pytest.mark.parametrize(
    "data",
    [costly.pkcs12(1_000_000), costly.pkcs12_bag(600_000, 32), costly.pkcs12_bag(16_384, 8, 1)],
    ids=["as many as are done", "a key length is no factor", "scrypt"],
)
def test_ordinary_rounds_are_not_too_costly(data: bytes) -> None:
    """What tools write is opened, or refused for another reason."""
    assert Reason.TOO_COSTLY not in {fault.reason for fault in parse(data, container=Container.PKCS12).faults}


def test_scrypt_counts_with_all_its_factors() -> None:
    """N alone says little: r and p multiply it."""
    (fault,) = parse(costly.pkcs12_bag(1 << 14, 8, 1 << 10), container=Container.PKCS12).faults
    assert fault.reason is Reason.TOO_COSTLY


def test_certificates_beyond_the_limit_are_counted() -> None:
    """The first are published, the others are a number."""
    data = pki.authority().certificate_pem * (MAX_CERTIFICATES + 3)
    parsed = parse(data)
    assert (len(parsed.certificates), parsed.omitted, parsed.faults) == (MAX_CERTIFICATES, 3, ())


def test_aliases_do_not_multiply_certificates() -> None:
    """One text is parsed once, and the certificates of a kubeconfig are bounded together."""
    data = costly.alias_kubeconfig()
    with budget(READ):
        found = parse_kubeconfig(data)
    assert len(found.embedded) == MAX_CERTIFICATES
    assert found.omitted == 90 * 1_000 - MAX_CERTIFICATES
    assert not {fault.reason for fault in found.faults} & {Reason.UNPARSABLE, Reason.TOO_COSTLY}


@pytest.mark.parametrize("length", [MAX_LABEL, MAX_LABEL + 1, 1 << 20])
def test_a_label_is_cut_with_its_hash(length: int) -> None:
    """Two long texts with one beginning stay two."""
    first, second = bounded_text("a" * length), bounded_text("a" * length + "b")
    assert first != second
    assert len(first) <= MAX_LABEL
    assert (first == "a" * length) is (length <= MAX_LABEL)


def test_a_long_name_in_a_kubeconfig_is_cut_alike_everywhere() -> None:
    """The context still finds its user."""
    name = "u" * 100_000
    pair = pki.self_signed()
    found = parse_kubeconfig(pki.kubeconfig([pki.User(name=name, certificate=pair.certificate_pem, key=pair.key_pem)]))
    assert len(found.embedded[0].entry) < MAX_LABEL + len("user/")
    assert found.key_match is True


def test_an_object_identifier_is_bounded() -> None:
    """Its decoding takes time with the square of its length."""
    assert der.oid_text(bytes.fromhex("2a864886f70d010101")) == "1.2.840.113549.1.1.1"
    with budget(REFUSED), pytest.raises(ValueError, match=r"^$"):
        der.oid_text(b"\x81" * (1 << 20) + b"\1")


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65_536])
def test_what_is_encoded_is_read_back(length: int) -> None:
    """The shortest form of the length, at its borders."""
    content = b"x" * length
    (element,) = der.elements(der.encode(der.OCTET_STRING, content))
    assert element.content == content


def test_the_hash_of_an_rsa_key_is_the_librarys() -> None:
    """It is read from the file's own numbers, and is the one of the certificate."""
    pair = pki.self_signed(kind=pki.KeyType.RSA)
    parsed = parse(pair.certificate_pem + pair.key_pem)
    assert parsed.leaf is not None
    assert parsed.keys == (parsed.leaf.spki_sha256,)


def test_rsa_numbers_that_do_not_belong_together_are_no_key() -> None:
    """As for Go, whose tls.X509KeyPair validates them."""
    for position in range(1, 6):
        numbers = [0, 3_233, 17, 2_753, 61, 53, 53, 49, 38]
        assert rsa_public_hash(costly.sequence(*map(costly.integer, numbers)))
        numbers[position] += 2
        with pytest.raises(ValueError, match=r"^$"):
            rsa_public_hash(costly.sequence(*map(costly.integer, numbers)))


def test_an_rsa_key_is_bounded() -> None:
    """The largest that OpenSSL verifies with is the largest that is looked at."""
    with pytest.raises(TooManyBitsError):
        rsa_public_hash(costly.rsa_key(MAX_BITS + 16))
    with pytest.raises(ValueError, match=r"^$") as found:
        rsa_public_hash(costly.rsa_key(MAX_BITS))
    assert not isinstance(found.value, TooManyBitsError)
