"""What the bytes of a file say."""

import hashlib
import ssl
import subprocess
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from kubepki.formats import der
from kubepki.formats.go_keys import spki_sha256
from kubepki.formats.names import serial_text
from kubepki.formats.parse import Container, Parsed, key_match, parse, with_taken
from kubepki.model import Reason, Usage
from tests.conformance import asn1
from tests.support import pki

CA = pki.authority()


def details(parsed: Parsed) -> str:
    return "; ".join(fault.detail for fault in parsed.faults)


def spki(pair: pki.Pair) -> str:
    leaf = parse(pair.certificate_pem).leaf
    assert leaf is not None
    return leaf.spki_sha256


def test_client_certificate_is_read_as_the_contract_writes_it() -> None:
    """Names are RFC 4514, the fingerprint is lower-case hex, the times are the Unix times that went in."""
    pair = pki.client(CA, "node30", not_before=pki.NEW_YEAR + 7, lifetime=pki.DAY)
    parsed = parse(pair.pem)
    assert parsed.leaf is not None
    certificate = parsed.leaf.certificate
    assert parsed.faults == ()
    assert certificate.entry == "0"
    assert certificate.usage is Usage.CLIENT
    assert certificate.subject == "CN=system:node:node30,O=system:nodes"
    assert certificate.issuer == "CN=kubernetes"
    assert certificate.fingerprint_sha256 == pair.certificate.fingerprint(hashes.SHA256()).hex()
    assert (certificate.not_before, certificate.not_after) == (pki.NEW_YEAR + 7, pki.NEW_YEAR + 7 + pki.DAY)
    assert key_match(parsed.leaf.spki_sha256, parsed) is True


@pytest.mark.parametrize("kind", list(pki.KeyType))
@pytest.mark.parametrize("form", [pki.KeyForm.TRADITIONAL, pki.KeyForm.PKCS8])
@pytest.mark.parametrize("key_first", [False, True])
def test_keys_of_all_kinds_match(kind: pki.KeyType, form: pki.KeyForm, *, key_first: bool) -> None:
    """RSA, EC and Ed25519 keys are recognised before and after the certificate, in each form, with CRLF too."""
    pair = pki.client(CA, key=pki.new_key(kind))
    parts = [pair.certificate_pem, b"text between\n", pki.key_pem(pair.key, form)]
    data = b"".join(reversed(parts) if key_first else parts)
    for each in (data, data.replace(b"\n", b"\r\n")):
        parsed = parse(each)
        assert parsed.faults == ()
        assert key_match(spki(pair), parsed) is True
        assert key_match(spki(pki.client(CA)), parsed) is False


@pytest.mark.parametrize("form", [pki.KeyForm.ENCRYPTED, pki.KeyForm.TRADITIONAL_ENCRYPTED])
def test_encrypted_key_is_no_fault(form: pki.KeyForm) -> None:
    """An encrypted key is counted and not judged."""
    pair = pki.client(CA)
    parsed = parse(pair.certificate_pem + pki.key_pem(pair.key, form))
    assert (parsed.keys, parsed.opaque_keys, parsed.faults) == ((), 1, ())
    assert key_match(spki(pair), parsed) is None
    other = parse(pki.client(CA).key_pem)
    assert key_match(spki(pair), parsed, other) is None


def test_unsupported_key_is_no_fault(program: Callable[[str], Path]) -> None:
    """A key on a curve that the library does not know is counted and not judged."""
    made = subprocess.run(
        [program("openssl"), "ecparam", "-name", "secp112r1", "-genkey", "-noout"], capture_output=True, check=True
    )
    parsed = parse(made.stdout)
    assert (parsed.keys, parsed.opaque_keys, parsed.faults) == ((), 1, ())


def test_chain_is_in_the_order_of_the_file() -> None:
    """Entries number the certificates as they stand; the first one is the leaf."""
    pair = pki.self_signed()
    parsed = parse(pair.pem)
    assert [each.certificate.entry for each in parsed.certificates] == ["0", "1"]
    assert [each.certificate.usage for each in parsed.certificates] == [Usage.SERVER, Usage.CA]
    assert parsed.leaf is parsed.certificates[0]


def test_damaged_leaf_is_not_replaced_by_its_chain() -> None:
    """Where the first certificate is damaged there is no leaf, and the others keep their entry."""
    broken = b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
    parsed = parse(broken + CA.certificate_pem)
    assert parsed.leaf is None
    assert [each.certificate.entry for each in parsed.certificates] == ["1"]
    assert details(parsed).startswith("block 1 (CERTIFICATE): not a certificate")


def test_damaged_second_certificate_leaves_the_leaf() -> None:
    """A bad block is named by its place and does not hide the good ones; further ones are counted."""
    broken = b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
    parsed = parse(CA.certificate_pem + broken + broken)
    assert parsed.leaf is not None
    assert [fault.reason for fault in parsed.faults] == [Reason.UNPARSABLE]
    assert details(parsed).startswith("block 2 (CERTIFICATE): not a certificate")
    assert details(parsed).endswith("; and 1 more")


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (b"", Reason.EMPTY, "no content"),
        (b"\0" * 2048, Reason.UNPARSABLE, "only NUL bytes"),
        (b"\n \n", Reason.UNPARSABLE, "neither PEM nor DER"),
        (b"hello", Reason.UNPARSABLE, "neither PEM nor DER"),
        (b"\x30\x82\x01", Reason.UNPARSABLE, "DER"),
        (b"-----BEGIN", Reason.UNPARSABLE, "cut off"),
        (CA.certificate_pem[:200], Reason.UNPARSABLE, "block 1 (CERTIFICATE): cut off"),
        (CA.der[:-1], Reason.UNPARSABLE, "DER, not a certificate"),
        (CA.der + b"\n", Reason.UNPARSABLE, "DER, not a certificate"),
    ],
)
def test_faults(data: bytes, reason: Reason, detail: str) -> None:
    """Each kind of damage is one fault with a clear detail and no certificate."""
    parsed = parse(data)
    assert parsed.certificates == ()
    assert [fault.reason for fault in parsed.faults] == [reason]
    assert detail in details(parsed)


@pytest.mark.parametrize("kind", list(pki.KeyType))
def test_truncated_key_is_unparsable(kind: pki.KeyType) -> None:
    """A key that is cut off is a fault, whether its END line is there or not; the certificate stays."""
    pair = pki.client(CA, key=pki.new_key(kind))
    lines = pair.key_pem.splitlines(keepends=True)
    without_end = b"".join(lines[:-1])
    without_middle = lines[0] + lines[1][:40] + b"\n" + lines[-1]
    for key in (without_end, without_middle):
        parsed = parse(pair.certificate_pem + key)
        assert [fault.reason for fault in parsed.faults] == [Reason.UNPARSABLE]
        assert details(parsed).startswith("block 2 (")
        assert parsed.leaf is not None
        assert (parsed.keys, parsed.opaque_keys) == ((), 0)


def test_der_certificate_and_der_key() -> None:
    """A bare DER certificate is read, a bare DER key is a file with only a key."""
    parsed = parse(CA.der)
    assert parsed.leaf is not None
    assert parsed.leaf.certificate.usage is Usage.CA


def test_requests_and_parameters_are_counted() -> None:
    """Whole blocks that are neither certificate nor key are no fault."""
    key = pki.new_key()
    request = x509.CertificateSigningRequestBuilder().subject_name(pki.name("a")).sign(key, hashes.SHA256())
    parsed = parse(request.public_bytes(Encoding.PEM))
    assert (parsed.other_blocks, parsed.faults, parsed.certificates) == (1, (), ())
    assert parse(request.public_bytes(Encoding.DER)).other_blocks == 1


def test_pkcs12() -> None:
    """PKCS#12 gives its certificate, its chain and its key with the right password, and a clear fault otherwise."""
    pair = pki.self_signed(kind=pki.KeyType.EC)
    data = pki.pkcs12_bytes(pair)
    parsed = parse(data, password=pki.PASSWORD, container=Container.PKCS12)
    assert parsed.faults == ()
    assert [each.certificate.usage for each in parsed.certificates] == [Usage.SERVER, Usage.CA]
    assert key_match(spki(pair), parsed) is True
    for password, said in ((b"wrong", "with this password"), (None, "without a password")):
        refused = parse(data, password=password, container=Container.PKCS12)
        assert [fault.reason for fault in refused.faults] == [Reason.LOCKED]
        assert said in details(refused)
    assert parse(pki.pkcs12_bytes(pair, None), container=Container.PKCS12).leaf is not None
    cut = parse(data[:100], password=pki.PASSWORD, container=Container.PKCS12)
    assert details(cut) == "not PKCS#12, or cut off"


@pytest.mark.parametrize("password", [None, b"wrong"])
def test_what_is_no_pkcs12_is_read_as_what_it_is(password: bytes | None) -> None:
    """A name promises PKCS#12, and the content is a certificate, or PEM with text around it and a key behind it."""
    pair = pki.self_signed(kind=pki.KeyType.EC)
    pem = pair.certificate.public_bytes(Encoding.PEM)
    for data in (
        pair.certificate.public_bytes(Encoding.DER),
        pem,
        b"subject=/CN=x\n" + pem + pki.key_pem(pair.key),
        pem.replace(b"\n", b"\r\n"),
    ):
        parsed = parse(data, password=password, container=Container.PKCS12)
        assert parsed == parse(data)
        assert (parsed.faults, len(parsed.certificates)) == ((), 1)


def _key_usage(*, cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


@pytest.mark.parametrize(
    ("usages", "ca", "expected"),
    [
        (pki.CLIENT, False, Usage.CLIENT),
        (pki.SERVER, False, Usage.SERVER),
        (pki.PEER, False, Usage.PEER),
        ((ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,), False, Usage.PEER),
        ((ExtendedKeyUsageOID.CODE_SIGNING,), False, Usage.OTHER),
        ((), False, Usage.OTHER),
        ((), True, Usage.CA),
        (pki.SERVER, True, Usage.CA),
    ],
)
def test_usage(usages: tuple[x509.ObjectIdentifier, ...], expected: Usage, *, ca: bool) -> None:
    """The usage comes from the extensions; basic constraints win over a key usage that says otherwise."""
    pair = pki.issue(
        pki.name("a"),
        not_before=0,
        not_after=1,
        ca=ca,
        usages=usages,
        key_usage=_key_usage(cert_sign=True),
    )
    parsed = parse(pair.der)
    assert parsed.leaf is not None
    assert parsed.leaf.certificate.usage is expected


@pytest.mark.parametrize("serial", [1, 0x7F, 0x80, 0xABC, 0xFFFF, 1 << 150])
def test_serial_is_what_openssl_prints(program: Callable[[str], Path], tmp_path: Path, serial: int) -> None:
    """Serial numbers are written as `openssl x509 -serial` writes them."""
    pair = pki.issue(pki.name("a"), not_before=0, not_after=1, serial=serial)
    path = tmp_path / "a.pem"
    path.write_bytes(pair.certificate_pem)
    said = subprocess.run(
        [program("openssl"), "x509", "-noout", "-serial", "-in", path], capture_output=True, check=True, text=True
    )
    parsed = parse(pair.der)
    assert parsed.leaf is not None
    assert said.stdout.strip() == f"serial={parsed.leaf.certificate.serial}"


def test_serials_that_no_builder_makes() -> None:
    """Zero and negative numbers are written as `openssl x509 -serial` wrote them for -set_serial 0, -1 and -32768."""
    assert [serial_text(number) for number in (0, -1, -32768)] == ["00", "-01", "-8000"]


def _patched(old: bytes, new: bytes) -> bytes:
    data = pki.issue(pki.name("abcdefgh"), not_before=0, not_after=1, serial=0x41424344, ca=True).der
    assert data.count(old)
    return data.replace(old, new)


@pytest.mark.parametrize(
    "data",
    [
        _patched(b"\x02\x04ABCD", b"\x02\x04\xffBCD"),
        _patched(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"),
        _patched(b"700101000001Z", b"709901000001Z"),
        _patched(b"\x0c\x08abcdefgh", b"\x0c\x08\xff\xfedefgh"),
        _patched(b"\x06\x03\x55\x1d\x13", b"\x06\x03\x55\x1d\x0f"),
    ],
    ids=["negative serial", "version 10", "month 99", "name that is no UTF-8", "extension of another kind"],
)
def test_odd_certificates_never_raise(data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """What the library refuses is a fault; what it only dislikes is read; neither raises, warns or prints."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parsed = parse(data)
    assert parsed.certificates or [fault.reason for fault in parsed.faults] == [Reason.UNPARSABLE]
    assert capfd.readouterr() == ("", "")


def test_name_that_the_library_refuses_is_written_in_hex() -> None:
    """A name that is no UTF-8 keeps its certificate, its dates and a readable form of RFC 4514."""
    parsed = parse(_patched(b"\x0c\x08abcdefgh", b"\x0c\x08\xff\xfedefgh\xff"[:10]))
    assert parsed.leaf is not None
    assert parsed.leaf.certificate.subject.startswith("2.5.4.3=#0c08fffe")
    assert parsed.leaf.certificate.not_after == 1


@pytest.mark.parametrize("kind", list(pki.KeyType))
def test_no_byte_of_a_key_leaves_the_parser(kind: pki.KeyType) -> None:
    """Neither the repr nor a fault of whole, cut and mislabelled keys shows a line of the key."""
    pair = pki.client(CA, key=pki.new_key(kind))
    for data in (
        pair.pem,
        pair.pem[:-40],
        pair.key_pem.replace(b"PRIVATE KEY", b"PUBLIC KEY"),
        pair.key_pem.replace(b"-----BEGIN", b"-----BEGIN CERTIFICATE", 1),
    ):
        shown = repr(parse(data))
        assert not [line for line in pki.key_lines(pair.key) if line in shown]


def test_key_match_without_a_key_is_unknown() -> None:
    """No key, no judgement; nor is there one for a leaf whose key the library does not know."""
    parsed = parse(CA.pem)
    assert key_match("00") is None
    assert key_match("00", parse(CA.der)) is None
    assert key_match("", parsed) is None
    assert key_match("00", parsed) is False


@pytest.mark.parametrize("following", [b"\x05\x00", b"\x30\x7f", b"\xff"])
def test_what_follows_inside_a_certificate(following: bytes) -> None:
    """Go passes over it, also where it is no DER; so the certificate is read, with its names and dates."""
    plain, *odd = (
        parse(ssl.DER_cert_to_PEM_cert(parts.encoded()).encode())
        for parts in (asn1.Parts(), asn1.Parts(after_tbs=following), asn1.Parts(after_signature=following))
    )
    (wanted,) = plain.certificates
    for parsed in odd:
        (found,) = parsed.certificates
        assert parsed.faults == plain.faults == ()
        assert replace(found.certificate, fingerprint_sha256="") == replace(wanted.certificate, fingerprint_sha256="")
        assert found.spki_sha256 == wanted.spki_sha256


def test_what_go_takes_and_nobody_reads_is_told() -> None:
    """A certificate that our own splitting missed is read after all; one that cannot be read is a warning."""
    first, second = pki.client(CA), pki.client(CA, "node31")
    parsed = parse(first.certificate_pem)
    both = with_taken(parsed, [first.der, second.der])
    assert [each.certificate.entry for each in both.certificates] == ["0", "1"]
    assert not both.faults
    told = with_taken(parsed, [first.der, second.der], lambda _data, _entry: (None, "of a strange kind"))
    assert told.certificates == parsed.certificates
    assert [fault.reason for fault in told.faults] == [Reason.UNREADABLE]
    assert "of a strange kind" in told.faults[0].detail


def test_the_leaf_is_what_go_presents() -> None:
    """A damaged block before the certificate is passed over by Go."""
    pair = pki.client(CA)
    damaged = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"
    leaf = parse(damaged + pair.pem).leaf
    assert leaf is not None
    assert leaf.der == pair.der


def test_only_version_3_has_extensions() -> None:
    """Go passes over the extensions of other versions: such a certificate is no CA."""
    authority = asn1.extension(19, asn1.value(0x30, b"\x01\x01\xff"))
    for version, usage in (
        (b"\xa0\x03\x02\x01\x02", Usage.CA),
        (b"\xa0\x03\x02\x01\x01", Usage.OTHER),
        (b"", Usage.OTHER),
    ):
        made = asn1.Parts(version=version, extensions=(authority,)).encoded()
        assert [each.certificate.usage for each in parse(made).certificates] == [usage]


def test_a_key_that_go_alone_finds_is_the_key() -> None:
    """Go takes a block that follows a stray END on the same line, in which our own splitting sees nothing."""
    pair, other = pki.client(CA), pki.client(CA, "node31")
    parsed = parse(pair.certificate_pem + b"\n-----END " + pair.key_pem + other.key_pem)
    assert parsed.leaf is not None
    assert parsed.consumed is not None
    assert not parsed.consumed.key_refusal
    assert key_match(parsed.leaf.spki_sha256, parsed) is True


@pytest.mark.parametrize("kind", [pki.KeyType.EC, pki.KeyType.RSA, pki.KeyType.ED25519])
@pytest.mark.parametrize("place", ["key", "algorithm", "numbers"])
def test_what_follows_inside_a_public_key(kind: pki.KeyType, place: str) -> None:
    """Go passes over it, so that it is the same key and its private one matches."""
    own = der.certificate_fields(pki.self_signed(kind=kind).der).spki
    algorithm, bits = der.sequence(own)
    numbers = bits.content[1:]
    if place == "numbers" and kind is pki.KeyType.RSA:
        numbers = der.encode(der.SEQUENCE, der.leading(numbers, der.SEQUENCE).content + b"\5\0")
    content = der.encode(der.SEQUENCE, algorithm.content + b"\5\0" * (place == "algorithm"))
    if kind is pki.KeyType.ED25519 and place == "algorithm":
        content = algorithm.encoded
    odd = der.encode(der.SEQUENCE, content + der.encode(der.BIT_STRING, b"\0" + numbers) + b"\5\0" * (place == "key"))
    assert spki_sha256(odd) == hashlib.sha256(own).hexdigest()


@pytest.mark.parametrize("headers", [b"", b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", b"Comment: a\n\n"])
@pytest.mark.parametrize("before", [b"", b"words\n-----END ", b"\n-----END ", b"-----BEGIN X-----\n-----END "])
def test_each_certificate_that_go_presents_is_read(before: bytes, headers: bytes) -> None:
    """crypto/tls presents all of a file, whatever headers they have and wherever Go's reader finds their beginning."""
    pair, ca = pki.client(pki.authority()), pki.authority("another")
    begin = b"-----BEGIN CERTIFICATE-----\n"
    chained = before + ca.certificate_pem.replace(begin, begin + headers)
    parsed = parse(pair.certificate_pem + chained + pair.key_pem)
    assert {each.der for each in parsed.certificates} == {pair.der, ca.der}
    assert parsed.leaf is not None
    assert parsed.leaf.der == pair.der


def test_what_nobody_presents_is_not_taken_for_read() -> None:
    """A certificate with headers is no CA: where the first one is damaged, only those without headers count."""
    ca, begin = pki.authority(), b"-----BEGIN CERTIFICATE-----\n"
    damaged = begin + b"MAA=\n-----END CERTIFICATE-----\n"
    parsed = parse(damaged + b"-----END " + ca.certificate_pem.replace(begin, begin + b"a: b\n\n"))
    assert not parsed.certificates


@pytest.mark.parametrize(
    "serial", [b"\x02\x00", b"\x02\x02\x00\x01", b"\x02\x81\x01\x05", b"\x02\x01\xff", b"\x02\x02\xff\x80"]
)
def test_serials_that_go_refuses(serial: bytes) -> None:
    """Empty, not in its shortest form, or below zero."""
    consumed = parse(ssl.DER_cert_to_PEM_cert(asn1.Parts(serial=serial).encoded()).encode()).consumed
    assert consumed is not None
    assert consumed.bundle
    assert consumed.leaf
