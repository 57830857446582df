"""Files of kinds that no generator of ours thinks of, by a name each."""

import base64
import datetime as dt
import math
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from kubepki.formats import der
from tests.conformance import asn1
from tests.conformance.differences import CA, MINE, OTHER, RSA, pem
from tests.support import pki

ED25519 = pki.client(CA, key=pki.new_key(pki.KeyType.ED25519))
EC, KEY = MINE.certificate_pem, MINE.key_pem


def encoded(block: bytes) -> bytes:
    """Return what is in the one PEM block."""
    return base64.b64decode(b"".join(block.splitlines()[1:-1]))


SEC1, PKCS8 = encoded(KEY), encoded(pki.key_pem(MINE.key, pki.KeyForm.PKCS8))
PKCS1 = encoded(RSA.key_pem)
RSA_PKCS8 = encoded(pki.key_pem(RSA.key, pki.KeyForm.PKCS8))
NUMBERS = [int.from_bytes(each.content, "big", signed=True) for each in der.sequence(PKCS1)]


def _pkcs1(numbers: list[int]) -> bytes:
    return RSA.certificate_pem + pem("RSA PRIVATE KEY", asn1.value(der.SEQUENCE, *map(asn1.integer, numbers)))


def _sec1(**changed: bytes) -> bytes:
    names = ("version", "scalar", "curve", "point")
    parts = dict(zip(names, (each.encoded for each in der.sequence(SEC1)), strict=True)) | changed
    return EC + pem("EC PRIVATE KEY", asn1.value(der.SEQUENCE, *parts.values()))


def _pkcs8(version: int, *further: bytes, curve: str = "") -> bytes:
    _, algorithm, key = der.sequence(PKCS8)
    kind = algorithm.encoded
    if curve:
        name = der.elements(algorithm.content)[0].encoded
        kind = asn1.value(der.SEQUENCE, name, asn1.value(0x06, bytes.fromhex(curve)))
    return EC + pem("PRIVATE KEY", asn1.value(der.SEQUENCE, asn1.integer(version), kind, key.encoded, *further))


def _self_signed(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    name, start = pki.name("system:node:node30", "system:nodes"), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(5)
    builder = builder.not_valid_before(start).not_valid_after(start.replace(year=2027)).public_key(key.public_key())
    form = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM) + form


def _rsa_of(p: int, q: int, e: int) -> bytes:
    """Return a certificate and a key of two primes; where there is no right private exponent, with a wrong one."""
    order = (p - 1) * (q - 1)
    d = pow(e, -1, order) if order and math.gcd(e, order) == 1 else 5
    qi = pow(q, -1, p) if math.gcd(p, q) == 1 else 1
    numbers = [0, p * q, e, d, p, q, d % (p - 1), d % (q - 1) if q > 1 else 0, qi]
    public = asn1.value(der.SEQUENCE, *map(asn1.integer, numbers[1:3]))
    algorithm = der.sequence(der.certificate_fields(RSA.der).spki)[0].encoded
    spki = asn1.value(der.SEQUENCE, algorithm, asn1.value(der.BIT_STRING, b"\0", public))
    key = asn1.value(der.SEQUENCE, *map(asn1.integer, numbers))
    return pem("CERTIFICATE", asn1.Parts(spki=spki).encoded()) + pem("RSA PRIVATE KEY", key)


def rsa_keys() -> Iterator[tuple[str, bytes]]:
    """Yield RSA keys of which one number is wrong, and others that are odd and right."""
    for position, name in enumerate(("version", "n", "e", "d", "p", "q", "dp", "dq", "qi")):
        for what, change in (("+2", lambda number: number + 2), ("=0", lambda _: 0), ("<0", lambda number: -number)):
            numbers = list(NUMBERS)
            numbers[position] = change(numbers[position])
            yield f"rsa {name}{what}", _pkcs1(numbers)
    version, n, e, d, p, q, dp, dq, qi = NUMBERS
    yield "rsa d plus the order", _pkcs1([version, n, e, d + (p - 1) * (q - 1), p, q, dp, dq, qi])
    yield "rsa p and q swapped", _pkcs1([version, n, e, d, q, p, dp, dq, qi])
    yield "rsa p and q swapped with all", _pkcs1([version, n, e, d, q, p, dq, dp, pow(p, -1, q)])
    yield "rsa without qi", _pkcs1(NUMBERS[:8])
    yield "rsa without the CRT", _pkcs1(NUMBERS[:6])
    yield "rsa without q", _pkcs1(NUMBERS[:5])
    yield "rsa with another number", _pkcs1([*NUMBERS, 5])
    yield "rsa trailing", RSA.certificate_pem + pem("RSA PRIVATE KEY", PKCS1 + b"\0")
    yield "rsa pkcs8 trailing", RSA.certificate_pem + pem("PRIVATE KEY", RSA_PKCS8 + b"\0")
    for name, p, q, e in (
        ("of 234 bits", (1 << 127) - 1, (1 << 107) - 1, 65537),
        ("of 511 bits", (1 << 255) - 19, (1 << 256) - 189, 65537),
        ("of 7640 bits", (1 << 3217) - 1, (1 << 4423) - 1, 65537),
        ("of 8676 bits", (1 << 4253) - 1, (1 << 4423) - 1, 65537),
        ("of a square", (1 << 521) - 1, (1 << 521) - 1, 65537),
        ("with 1 as a factor", (1 << 2203) - 1, 1, 65537),
        ("e=1", (1 << 1279) - 1, (1 << 2203) - 1, 1),
        ("e=2", (1 << 1279) - 1, (1 << 2203) - 1, 2),
        ("e of 31 bits", (1 << 1279) - 1, (1 << 2203) - 1, (1 << 31) - 1),
        ("e of 32 bits", (1 << 1279) - 1, (1 << 2203) - 1, (1 << 32) + 15),
        ("e of 63 bits", (1 << 1279) - 1, (1 << 2203) - 1, (1 << 63) - 25),
        ("e of 64 bits", (1 << 1279) - 1, (1 << 2203) - 1, (1 << 63) + 29),
    ):
        yield f"rsa {name}", _rsa_of(p, q, e)
    for bits in (1024, 2047):
        yield f"rsa {bits}", _self_signed(rsa.generate_private_key(65537, bits))
    yield "rsa e=3", _self_signed(rsa.generate_private_key(3, 2048))


def ec_keys() -> Iterator[tuple[str, bytes]]:
    """Yield keys on curves that are well or ill formed, or of another's."""
    yield "ec trailing", EC + pem("EC PRIVATE KEY", SEC1 + b"\0")
    yield "ec pkcs8 trailing", EC + pem("PRIVATE KEY", PKCS8 + b"\0")
    yield "ec without a curve", _sec1(curve=b"")
    yield "ec without a point", _sec1(point=b"")
    yield "ec with another's point", _sec1(point=der.sequence(encoded(OTHER.key_pem))[3].encoded)
    yield "ec with another's scalar", _sec1(scalar=der.sequence(encoded(OTHER.key_pem))[1].encoded)
    scalar = der.sequence(SEC1)[1].content
    yield "ec with zeros before it", _sec1(scalar=asn1.value(der.OCTET_STRING, b"\0\0" + scalar))
    yield "ec too long", _sec1(scalar=asn1.value(der.OCTET_STRING, b"\1" + scalar))
    yield "ec zero", _sec1(scalar=asn1.value(der.OCTET_STRING, bytes(32)))
    yield "ec beyond the order", _sec1(scalar=asn1.value(der.OCTET_STRING, b"\xff" * 32))
    yield "ec version 0", _sec1(version=asn1.integer(0))
    yield "ec version 2", _sec1(version=asn1.integer(2))
    yield "pkcs8 version 1", _pkcs8(1)
    yield "pkcs8 version 5", _pkcs8(5)
    yield "pkcs8 attributes", _pkcs8(0, asn1.value(0xA0, asn1.value(0x30, b"\6\1\x2a", asn1.value(0x31))))
    for name, curve in (("P-384", "2b81040022"), ("secp256k1", "2b8104000a"), ("brainpool", "2b2403030208010107")):
        yield f"pkcs8 of {name}", _pkcs8(0, curve=curve)
    for other in (ec.SECP224R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1(), ec.BrainpoolP256R1()):
        yield f"curve {other.name}", _self_signed(ec.generate_private_key(other))


def edwards_keys() -> Iterator[tuple[str, bytes]]:
    """Yield Ed25519 keys in several forms."""
    version, kind, key = der.sequence(encoded(ED25519.key_pem))
    point = ED25519.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    for name, members in (
        ("as it is", (version.encoded, kind.encoded, key.encoded)),
        ("version 1 with its point", (asn1.integer(1), kind.encoded, key.encoded, asn1.value(0x81, b"\0" + point))),
        ("short", (version.encoded, kind.encoded, asn1.value(4, asn1.value(4, bytes(31))))),
        ("with NULL", (version.encoded, asn1.value(0x30, kind.content, b"\5\0"), key.encoded)),
        ("trailing inside", (version.encoded, kind.encoded, asn1.value(4, key.content + b"\0"))),
    ):
        yield f"ed25519 {name}", ED25519.certificate_pem + pem("PRIVATE KEY", asn1.value(0x30, *members))


def labels() -> Iterator[tuple[str, bytes]]:
    """Yield right keys under wrong labels, and certificates under others."""
    for label in ("RSA", "EC", "ANY", "ENCRYPTED", "DSA", "OPENSSH", "NOT A"):
        yield f"sec1 as {label}", EC + pem(f"{label} PRIVATE KEY", SEC1)
        yield f"pkcs1 as {label}", RSA.certificate_pem + pem(f"{label} PRIVATE KEY", PKCS1)
        yield f"pkcs8 as {label}", EC + pem(f"{label} PRIVATE KEY", PKCS8)
    yield "XPRIVATE KEY", EC + pem("XPRIVATE KEY", SEC1)
    yield "PRIVATE KEY2", EC + pem("PRIVATE KEY2", SEC1)
    for label in ("TRUSTED CERTIFICATE", "X509 CERTIFICATE", "PKCS7"):
        yield label, pem(label, MINE.der) + KEY
        yield f"{label} and a plain one", pem(label, MINE.der) + EC + KEY
    openssh = MINE.key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    yield "openssh", EC + openssh


def texts() -> Iterator[tuple[str, bytes]]:
    """Yield whole pairs with odd text around them."""
    whole = EC + KEY
    yield "CR only", whole.replace(b"\n", b"\r")
    yield "one line", whole.replace(b"\n", b"")
    yield "UTF-16", whole.decode().encode("utf-16")
    yield "quoted", b"> " + whole
    yield "NUL before", bytes(100) + whole
    yield "NUL after", whole + bytes(100)
    yield "lower case", whole.replace(b"BEGIN", b"begin")
    yield "checksum", EC.replace(b"-----END", b"=abcd\n-----END") + KEY
    yield "vertical tab", EC.replace(b"\n", b"\x0b\n", 3) + KEY
    yield "no end of line before END", EC.replace(b"\n-----END", b"-----END") + KEY
    yield "base64url", EC.replace(b"/", b"_").replace(b"+", b"-") + KEY
    yield "empty certificate", pem("CERTIFICATE", b"") + whole
    yield "empty key", EC + pem("PRIVATE KEY", b"") + KEY
    yield "damaged second", EC + pem("CERTIFICATE", b"\x30\0") + KEY
    yield "a list between", EC + pem("X509 CRL", b"\x30\0") + KEY
    yield "certificate trailing", pem("CERTIFICATE", MINE.der + b"\0") + KEY
    yield "chain in the wrong order", CA.certificate_pem + whole
    yield "key between", EC + KEY + CA.certificate_pem


PAIRS = dict([*rsa_keys(), *ec_keys(), *edwards_keys(), *labels(), *texts()])
