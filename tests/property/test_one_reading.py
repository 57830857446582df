"""What is read once says what the two readers and the library say, each for itself."""

# ruff: noqa: SLF001 - the two ways of one reading are held against each other

import datetime as dt

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from kubepki.formats import der, go_certificate, pem
from kubepki.formats.certificate import read_certificate
from kubepki.formats.go_certificate import GoCertificate, go_reading
from kubepki.formats.go_der import Reader, Refused
from kubepki.formats.go_pem import go_blocks
from kubepki.formats.go_times import read_time
from kubepki.formats.guard import attempt, quiet
from kubepki.formats.plain_pem import plain_blocks
from tests.conformance import odd, trees
from tests.property.test_parse_never_raises import mutated
from tests.support import pki

BOUNDED = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
CA = pki.authority()
PAIRS = [CA, *(pki.client(CA, key=pki.new_key(kind)) for kind in pki.KeyType), pki.self_signed()]
CERTIFICATES = [pair.der for pair in PAIRS]
FILES = [pair.pem for pair in PAIRS] + [CA.certificate_pem * 2]
UTC_TIME = 0x17


def compare(encoded: bytes) -> bool:
    """Hold what is published of a certificate that Go takes to what the library says; tell whether both take it."""
    go = go_reading(encoded)
    if isinstance(go, str):
        return False
    with quiet():
        ours, problem = read_certificate(encoded, "0", go)
        # The library is asked about those that Go refuses.
        theirs, its_problem = read_certificate(encoded, "0", "refused")
    assert not problem
    if its_problem:
        return False
    assert ours == theirs
    return True


def test_certificates_of_every_kind() -> None:
    """Those that are minted here are read by both."""
    assert all(compare(each) for each in CERTIFICATES)


def compare_usual(encoded: bytes) -> bool:
    """Hold the short way to what the whole reading says; tell whether the short way read it."""
    usual = attempt(lambda: go_certificate._usual(encoded))
    if not isinstance(usual, GoCertificate):
        return False
    assert usual == go_certificate._certificate(encoded)
    return True


def test_what_is_usual_is_read_in_the_short_way() -> None:
    """All that are minted here are."""
    assert all(map(compare_usual, CERTIFICATES))


@given(st.one_of(mutated(CERTIFICATES), odd.certificates(), trees.certificates()))
@BOUNDED
def test_the_short_way(encoded: bytes) -> None:
    """It says nothing, or what the whole reading says."""
    compare_usual(encoded)


@given(st.sampled_from(CERTIFICATES), st.integers(0, 13), st.integers(0, 255), st.data())
@BOUNDED
def test_the_short_way_with_other_octets(encoded: bytes, first: int, value: int, data: st.DataObject) -> None:
    """The same with octets changed among the tags and lengths that begin it, and anywhere."""
    changed = bytearray(encoded)
    changed[first] = value
    compare_usual(bytes(changed))
    changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.sampled_from([0x30, 0x80, 0x81, 0x82, value]))
    compare_usual(bytes(changed))


@given(mutated(CERTIFICATES))
@BOUNDED
def test_damaged_certificates(encoded: bytes) -> None:
    """What Go still takes says the same in either way."""
    compare(encoded)


@given(st.sampled_from(CERTIFICATES), st.data())
@BOUNDED
def test_certificates_with_other_octets(encoded: bytes, data: st.DataObject) -> None:
    """The same with all lengths left as they are, so that most are taken."""
    changed = bytearray(encoded)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(4, len(changed) - 1))] = data.draw(st.integers(0, 255))
    compare(bytes(changed))


@given(st.one_of(odd.certificates(), trees.certificates()))
@BOUNDED
def test_made_certificates(encoded: bytes) -> None:
    """The same of those that are built to be odd."""
    compare(encoded)


@given(mutated(FILES))
@example(b"\n".join(FILES))
@example(FILES[0].replace(b"\n", b"\r\n"))
@example(FILES[0].rstrip())
@BOUNDED
def test_plain_pem(data: bytes) -> None:
    """Both readers find the same blocks in it."""
    plain = plain_blocks(data)
    assume(plain)
    assert plain is not None
    assert list(pem.blocks(data)) == list(pem.numbered(plain))
    assert [(each.label, each.content, each.headers) for each in go_blocks(data)] == [(*each, False) for each in plain]


@given(st.from_regex(rb"[0-9]{2}[01][0-9][0-3][0-9][0-2][0-9][0-6][0-9][0-6][0-9]Z", fullmatch=True))
@example(b"240229235959Z")
@example(b"230229000000Z")
@example(b"491231235959Z")
@example(b"500101000000Z")
@BOUNDED
def test_times(text: bytes) -> None:
    """The usual form is the time that the calendar has, or none."""
    try:
        found = read_time(Reader(der.encode(UTC_TIME, text)))
    except Refused:
        found = None
    century = "19" if text >= b"50" else "20"
    try:
        wanted = dt.datetime.strptime(f"{century}{text.decode()}", "%Y%m%d%H%M%SZ").replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        wanted = None
    if text[10:12] < b"60":
        assert found == wanted
    else:
        assert found is None
