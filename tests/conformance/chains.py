"""Chains of certificates of which a part is odd: the client's file, and the CAs by which it is verified."""

import base64
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import strategies as st

from tests.conformance.asn1 import extension, value
from tests.support import pki

NOW = pki.NEW_YEAR
DAY = pki.DAY
KEYS: Mapping[str, pki.PrivateKey] = {
    **{f"ec{number}": ec.derive_private_key(number, ec.SECP256R1()) for number in (5, 6, 7, 8)},
    "p384": ec.derive_private_key(9, ec.SECP384R1()),
    "p224": ec.derive_private_key(9, ec.SECP224R1()),
    "ed": pki.new_key(pki.KeyType.ED25519),
    "rsa": pki.new_key(pki.KeyType.RSA, slot=31),
}
_SPKI = {
    name: key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for name, key in KEYS.items()
}
_SHA: Mapping[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - what Go refuses
    "224": hashes.SHA224(),
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
_ECDSA = {
    "1": "2a8648ce3d0401",
    **{sha: f"2a8648ce3d04030{n}" for n, sha in enumerate(("224", "256", "384", "512"), 1)},
}
_RSA = {
    "1": "2a864886f70d010105",
    "256": "2a864886f70d01010b",
    "384": "2a864886f70d01010c",
    "512": "2a864886f70d01010d",
}
_SHA2 = {"256": "608648016503040201", "384": "608648016503040202", "512": "608648016503040203"}
_CLIENT, _SERVER, _ANY = "2b06010505070302", "2b06010505070301", "551d2500"


def oid(name: str) -> bytes:
    """Return an OBJECT IDENTIFIER from the hexadecimal digits of its content."""
    return value(0x06, bytes.fromhex(name))


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A certificate to be made; `begins` and `ends` are days from `NOW`."""

    subject: str
    key: str
    begins: float = -10
    ends: float = 10
    version: int = 3
    sha: str = "256"
    pss: bool = False
    salt: int | None = None
    ca: bool | None = None
    path: int | None = None
    key_usage: bytes | None = None
    purposes: tuple[str, ...] | None = None
    names: tuple[tuple[int, bytes], ...] = ()
    names_critical: bool = False
    constraints: bytes | None = None
    constraints_critical: bool = True
    further: tuple[bytes, ...] = ()
    subject_key: bytes | None = None
    authority_key: bytes | None = None


def name(text: str) -> bytes:
    """Return a Name with the one attribute CN."""
    return value(0x30, value(0x31, value(0x30, oid("550403"), value(0x0C, text.encode()))))


def _time(days: float) -> bytes:
    moment = dt.datetime.fromtimestamp(NOW + days * DAY, dt.UTC)
    return value(0x17, f"{moment:%y%m%d%H%M%S}Z".encode())


def _extensions(shape: Shape) -> bytes:
    found = list(shape.further)
    if shape.ca is not None:
        flag = value(0x01, b"\xff") if shape.ca else b""
        path = b"" if shape.path is None else value(0x02, bytes([shape.path]))
        found.append(extension(19, value(0x30, flag, path), critical=True))
    if shape.key_usage is not None:
        found.append(extension(15, shape.key_usage, critical=True))
    if shape.purposes is not None:
        found.append(extension(37, value(0x30, *map(oid, shape.purposes))))
    if shape.names:
        names = value(0x30, *(value(tag, content) for tag, content in shape.names))
        found.append(extension(17, names, critical=shape.names_critical))
    if shape.constraints is not None:
        found.append(extension(30, shape.constraints, critical=shape.constraints_critical))
    if shape.subject_key is not None:
        found.append(extension(14, value(0x04, shape.subject_key)))
    if shape.authority_key is not None:
        found.append(extension(35, value(0x30, value(0x80, shape.authority_key))))
    return value(0xA3, value(0x30, *found)) if found and shape.version == 3 else b""


def _algorithm(shape: Shape, key: pki.PrivateKey) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return value(0x30, oid(_ECDSA[shape.sha]))
    if key is KEYS["ed"]:
        return value(0x30, oid("2b6570"))
    if not shape.pss:
        return value(0x30, oid(_RSA.get(shape.sha, _RSA["256"])), b"\x05\x00")
    digest = value(0x30, oid(_SHA2.get(shape.sha, _SHA2["256"])), b"\x05\x00")
    mask = value(0x30, oid("2a864886f70d010108"), digest)
    salt = value(0x02, bytes([_salt(shape)]))
    return value(
        0x30, oid("2a864886f70d01010a"), value(0x30, value(0xA0, digest), value(0xA1, mask), value(0xA2, salt))
    )


def _salt(shape: Shape) -> int:
    return _SHA[shape.sha if shape.sha in _SHA2 else "256"].digest_size if shape.salt is None else shape.salt


def _signature(shape: Shape, key: pki.PrivateKey, tbs: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(tbs, ec.ECDSA(_SHA[shape.sha]))
    if key is KEYS["ed"]:
        return key.sign(tbs)  # type: ignore[call-arg]
    digest = _SHA[shape.sha if shape.sha in (_SHA2 if shape.pss else _RSA) else "256"]
    scheme = padding.PSS(padding.MGF1(digest), _salt(shape)) if shape.pss else padding.PKCS1v15()
    return key.sign(tbs, scheme, digest)  # type: ignore[call-arg]


def encoded(shape: Shape, *, issuer: str, key: str) -> bytes:
    """Return the DER of the certificate that *shape* says, issued in the name of *issuer* with *key*."""
    signer = KEYS[key]
    algorithm = _algorithm(shape, signer)
    version = {1: b"", 2: b"\xa0\x03\x02\x01\x01", 3: b"\xa0\x03\x02\x01\x02"}[shape.version]
    validity = value(0x30, _time(shape.begins), _time(shape.ends))
    named = (b"\x02\x01\x05", algorithm, name(issuer), validity, name(shape.subject), _SPKI[shape.key])
    tbs = value(0x30, version, *named, _extensions(shape))
    return value(0x30, tbs, algorithm, value(0x03, b"\0" + _signature(shape, signer, tbs)))


def pem(der: bytes) -> bytes:
    """Return a certificate as PEM."""
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A client's file and the CAs that verify it, each PEM; `chain` are the DER of its certificates, the root last.

    `subject` is the user's name.
    """

    subject: str
    file: bytes
    roots: bytes
    chain: tuple[bytes, ...]


def case(
    shapes: Sequence[Shape], *, shown: Sequence[int] | None = None, roots: Sequence[int] = (-1,), more: bytes = b""
) -> Case:
    """Return the case of a chain, the leaf first; each is issued by the next, the last by itself.

    *shown* are the places of those that the file holds (all but the root), *roots* of those that are trusted, *more*
    further trusted ones.
    """
    issuers = [*shapes[1:], shapes[-1]]
    chain = [encoded(each, issuer=by.subject, key=by.key) for each, by in zip(shapes, issuers, strict=True)]
    places = range(len(chain) - 1) if shown is None else shown
    return Case(
        subject=shapes[0].subject,
        file=b"".join(pem(chain[place]) for place in places) + pki.key_pem(KEYS[shapes[0].key]),
        roots=more + b"".join(pem(chain[place]) for place in roots),
        chain=tuple(chain),
    )


LEAF = Shape(subject="system:node:node30", key="ec5", ca=False, purposes=(_CLIENT,))
MIDDLE = Shape(subject="middle", key="ec6", ca=True)
LOW = Shape(subject="low", key="ec8", ca=True)
ROOT = Shape(subject="root", key="ec7", ca=True)


def _trees(tag: int, *names: tuple[int, bytes]) -> bytes:
    return value(0x30, value(tag, *(value(0x30, value(kind, content)) for kind, content in names)))


_POLICY = extension(32, value(0x30, value(0x30, oid("2a030a"))))
_UNKNOWN = value(0x30, oid("2a030405"), value(0x01, b"\xff"), value(0x04, b"x"))
_IP, _NET = bytes([10, 0, 0, 9]), bytes([10, 0, 0, 0, 255, 0, 0, 0])
_ODD: Sequence[Mapping[str, object]] = (
    {"begins": 1},
    {"ends": -1},
    {"begins": 0},
    {"ends": 0},
    {"ca": None},
    {"ca": False},
    {"ca": True},
    {"ca": True, "path": 0},
    {"ca": True, "path": 1},
    {"ca": False, "path": 0},
    {"key_usage": b"\x03\x02\x02\x04"},
    {"key_usage": b"\x03\x02\x05\xa0"},
    {"key_usage": b"\x03\x01\x00"},
    {"key_usage": b"\x03\x03\x07\x00\x80"},
    {"key_usage": b"\x03\x04\x07\x00\x00\x80"},
    {"purposes": None},
    {"purposes": ()},
    {"purposes": (_CLIENT,)},
    {"purposes": (_SERVER,)},
    {"purposes": (_SERVER, _CLIENT)},
    {"purposes": (_ANY,)},
    {"purposes": ("2a0304",)},
    {"purposes": ("2a0304", _CLIENT)},
    {"version": 1},
    {"version": 2},
    {"sha": "1"},
    {"sha": "224"},
    {"sha": "384"},
    {"sha": "512"},
    {"key": "ed"},
    {"key": "p384"},
    {"key": "p224"},
    {"key": "rsa"},
    {"key": "rsa", "pss": True},
    {"pss": True},
    {"pss": True, "sha": "512"},
    {"pss": True, "salt": 20},
    {"further": (_UNKNOWN,)},
    {"names": ((0x82, b"a.example"),)},
    {"names": ((0x82, b"*.example"), (0x87, _IP))},
    {"names": ((0x87, _IP),)},
    {"names": ((0xA4, name("x")),), "names_critical": True},
    {"names": ((0xA4, name("x")), (0x82, b"a.example")), "names_critical": True},
    {"constraints": _trees(0xA0, (0x82, b"example"))},
    {"constraints": _trees(0xA0, (0x82, b".example"))},
    {"constraints": _trees(0xA0, (0x82, b"other"), (0x87, _NET))},
    {"constraints": _trees(0xA1, (0x82, b"a.example"))},
    {"constraints": _trees(0xA1, (0x82, b""))},
    {"constraints": _trees(0xA1, (0x82, b"EXAMPLE"))},
    {"constraints": _trees(0xA1, (0x87, _NET))},
    {"constraints": _trees(0xA0, (0xA4, name("x")))},
    {"constraints": _trees(0xA0, (0xA4, name("x"))), "constraints_critical": False},
    {"subject_key": b"1"},
    {"subject_key": b"2"},
    {"authority_key": b"1"},
    {"subject": "root"},
    {"subject": "middle"},
    {"key": "ec7"},
    {"key": "ec6"},
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a chain of which mostly one to three parts are odd."""
    shapes = [LEAF, *draw(st.sampled_from([(), (MIDDLE,), (LOW, MIDDLE)])), ROOT]
    for _ in range(draw(st.sampled_from([0, 1, 1, 2, 3]))):
        place = draw(st.integers(0, len(shapes) - 1))
        shapes[place] = replace(shapes[place], **draw(st.sampled_from(_ODD)))  # type: ignore[arg-type]
    last = len(shapes) - 1
    usual = list(range(last))
    shown = draw(
        st.sampled_from([usual, usual, usual, [0], [0, *usual[:0:-1]], [0, *range(1, last + 1)], [*usual, *usual[1:]]])
    )
    roots = draw(st.sampled_from([[last], [last], [last], list(range(1, last + 1)), [0], [0, last], usual[-1:]]))
    other = encoded(replace(ROOT, key="ec8"), issuer="root", key="ec8")
    return case(shapes, shown=shown, roots=roots, more=draw(st.sampled_from([b"", b"", pem(other)])))


@dataclass(frozen=True, kw_only=True)
class ChainDifference:
    """A row of docs/conformance.md about a chain, with the case that shows it."""

    case: str
    exporter: str
    consumer: str
    reason: str
    made: Callable[[], Case]


_REFUSES = "no fallback"
CHAIN_DIFFERENCES = (
    ChainDifference(
        case="an old file whose CA limits names, and a mail address or a URI in the file",
        exporter=_REFUSES,
        consumer="the API server may take it",
        reason="the exporter compares DNS names and addresses of hosts alone, and no component's file has another name",
        made=lambda: case(
            [replace(LEAF, names=((0x81, b"a@b.example"),)), replace(ROOT, constraints=_trees(0xA0, (0x82, b"b")))]
        ),
    ),
    ChainDifference(
        case="an old file over a CA that demands or maps certificate policies",
        exporter=_REFUSES,
        consumer="the API server may take it",
        reason="the exporter does not follow policies, and no signer of Kubernetes demands any",
        made=lambda: case(
            [
                replace(LEAF, further=(_POLICY,)),
                replace(MIDDLE, further=(_POLICY, extension(36, value(0x30, value(0x80, b"\0"))))),
                ROOT,
            ]
        ),
    ),
)
