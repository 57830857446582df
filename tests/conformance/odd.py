"""Certificates of which one or two parts are of an odd kind that we thought of; `trees` changes any other."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import strategies as st

from tests.conformance.asn1 import FIELDS, Parts, extension, integer, value

SERIALS = st.one_of(
    st.integers(-(1 << 160), 1 << 168).map(integer),
    st.sampled_from([integer(1 << 8 * 1020), integer((1 << 8 * 1020) - 5), integer(1 << 8 * 4000)]),
    st.sampled_from([integer(0), integer(-1), integer(1), b"\x02\x02\x00\x01", b"\x02\x00", b"\x02\x02\xff\x80"]),
)
TIMES = st.sampled_from(
    [
        (0x17, b"260101000000Z"),
        (0x17, b"270101000000Z"),
        (0x17, b"490101000000Z"),
        (0x17, b"500101000000Z"),
        (0x17, b"2601010000Z"),
        (0x17, b"260101000000+0100"),
        (0x17, b"260101000000+0000"),
        (0x17, b"260101000000"),
        (0x17, b"260230000000Z"),
        (0x17, b"260101240000Z"),
        (0x17, b"260101000060Z"),
        (0x17, b"2601010000 0Z"),
        (0x17, b"491231235959Z"),
        (0x17, b"991231235959Z"),
        (0x17, b"000101000000Z"),
        (0x17, b"690101000000Z"),
        (0x17, b"260101000000-2400"),
        (0x17, b"260101000000+0060"),
        (0x17, b"260101000000.5Z"),
        (0x17, b"240229000000Z"),
        (0x17, b"260101000000z"),
        (0x18, b"20260101000000Z"),
        (0x18, b"19500101000000Z"),
        (0x18, b"20490101000000Z"),
        (0x18, b"19691231235959Z"),
        (0x18, b"15820101000000Z"),
        (0x18, b"00000101000000Z"),
        (0x18, b"00000229000000Z"),
        (0x18, b"99991231235959-2359"),
        (0x18, b"00000101000000+2359"),
        (0x18, b"20260101000000.000Z"),
        (0x18, b"20260101000000,5Z"),
        (0x18, b"19000229000000Z"),
        (0x18, b"20000229000000Z"),
        (0x18, b"20510101000000Z"),
        (0x18, b"99991231235959Z"),
        (0x18, b"00010101000000Z"),
        (0x18, b"20260101000000.5Z"),
        (0x18, b"20260101000000+0200"),
        (0x18, b"202601010000Z"),
        (0x0C, b"260101000000Z"),
    ]
)
# What URLs, domains and mail addresses are made of.
PIECES = st.lists(
    st.sampled_from(
        [
            *"/:?#@%[].-_ ~!$&*+,;=<>|^`{}1a",
            '"',
            "\\",
            "'",
            "//",
            "http:",
            "HTTPS://",
            "x:",
            "[::1]",
            "[fe80::1%25e]",
            "%25",
            "%41",
            "%c3",
            "%2f",
            "%zz",
            ":80",
            "a.b",
            "1.2.3.4",
            "::",
            "b@c",
            "..",
            "]",
            "\x7f",
            "\x01",
            "\xe9",
        ]
    ),
    max_size=7,
).map(lambda pieces: "".join(pieces).encode("latin-1"))
GENERAL_NAMES = st.one_of(
    st.tuples(st.sampled_from([0x81, 0x82, 0x86, 0x86, 0x86]), PIECES),
    st.tuples(
        st.just(0x82), st.sampled_from([b"node30", b"*.example", b"", b"a b", b".", b"n\xc3\xb6de", b"a..b", b"a."])
    ),
    st.tuples(st.just(0x87), st.binary(max_size=17)),
    st.tuples(st.just(0x81), st.sampled_from([b"a@b", b"nobody", b"\xff", b""])),
    st.tuples(
        st.just(0x86),
        st.sampled_from(
            [
                b"spiffe://a/b",
                b"http://a%20b/",
                b"a://b@c",
                b"a?b=%z",
                b"#x",
                b"/",
                b"https://a:1/x",
                b"http://a b/",
                b"%zz",
                b"http://[::1]/",
                b"1:x",
                b"",
                b"http://a./",
                b"urn:x",
                b"//h:x/",
                b"\x00",
            ]
        ),
    ),
    st.tuples(st.sampled_from([0x88, 0xA0, 0xA4]), st.sampled_from([b"\x2a\x03", b"", b"\x30\x00"])),
)
STRINGS = st.tuples(
    st.sampled_from([0x0C, 0x12, 0x13, 0x14, 0x16, 0x1E, 0x1C, 0x04]),
    st.sampled_from([b"node30", b"", b"a@b", b"12 3", b"\xc3\xb6", b"\xff", b"\0n\0o", b"\xd8\x00", b"a_b", b"*&"]),
)
BASIC = st.sampled_from(
    [
        value(0x30),
        value(0x30, b"\x01\x01\xff"),
        value(0x30, b"\x01\x01\x00"),
        value(0x30, b"\x01\x01\x01"),
        value(0x30, integer(0)),
        value(0x30, b"\x01\x01\xff", integer(3)),
        value(0x30, b"\x01\x01\xff", integer(-1)),
        value(0x30, b"\x01\x01\x00", integer(0)),
        b"",
        b"\x05\x00",
    ]
)
# What may follow the last value inside of a structure: a value, one that is cut off, and no DER at all.
FOLLOWING = st.sampled_from([b"\x05\x00", b"\0\0", b"\x30\x7f", b"\xff", b"\x1f\x81\0", b"\x30\x80\0\0"])
_CURVES = (
    (ec.SECP256R1(), "2a8648ce3d030107"),
    (ec.SECP224R1(), "2b81040021"),
    (ec.SECP384R1(), "2b81040022"),
    (ec.SECP521R1(), "2b81040023"),
    (ec.SECP256K1(), "2b8104000a"),
    (ec.BrainpoolP256R1(), "2b2403030208010107"),
)
_POINTS = [
    (ec.derive_private_key(5, curve).public_key().public_bytes(Encoding.X962, form), bytes.fromhex(name))
    for curve, name in _CURVES
    for form in (PublicFormat.UncompressedPoint, PublicFormat.UncompressedPoint, PublicFormat.CompressedPoint)
]
_MODULI = [*((1 << bits - 1) + 1155 for bits in (512, 1024, 2047, 2048, 4096, 8192, 16384)), 1 << 1023, 1, 0, -5]
_EXPONENTS = [
    65537,
    3,
    1,
    2,
    65536,
    0,
    -3,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) + 1,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    1 << 70,
]
_RAW = {"ed25519": ("2b6570", 32), "x25519": ("2b656e", 32), "ed448": ("2b6571", 57), "unknown": ("2a0304", 9)}
_RAW |= {"x448": ("2b656f", 56), "ml-dsa-44": ("608648016503040311", 1312)}
_PARAMETERS = (b"\x05\x00", b"\x05\x00", b"\x05\x00", b"", b"\x30\x00", b"\x05\x01\x00", b"\x02\x01\x05")


@st.composite
def keys(draw: st.DrawFn) -> bytes:
    """Return a SubjectPublicKeyInfo of a kind and form that Go may or may not take."""
    kind = draw(st.sampled_from(["mine", "curve", "curve", "rsa", "rsa", "pss", "dsa", *_RAW]))
    if kind == "curve":
        point, curve = draw(st.sampled_from(_POINTS))
        if draw(st.integers(0, 3)) == 0:
            _, curve = draw(st.sampled_from(_POINTS))
        changed = draw(
            st.sampled_from([None] * 6 + [b"\x06", b"\0", point[:-1], bytes(len(point)), point[:1] + b"\xff" * 64])
        )
        if changed is not None:
            point = changed + point[1:] if len(changed) == 1 else changed
        name = draw(
            st.sampled_from([value(0x06, curve)] * 8 + [b"", b"\x05\x00", value(0x30), value(0x06, curve) + b"\0"])
        )
        return _spki("2a8648ce3d0201", name, point)
    if kind in {"rsa", "pss"}:
        numbers = [integer(draw(st.sampled_from(_MODULI))), integer(draw(st.sampled_from(_EXPONENTS)))]
        numbers = numbers[: draw(st.sampled_from([2] * 8 + [1, 0]))] + [b"\x05\x00"] * (draw(st.integers(0, 9)) == 0)
        algorithm = "2a864886f70d010101" if kind == "rsa" else "2a864886f70d01010a"
        return _spki(algorithm, draw(st.sampled_from(_PARAMETERS)), value(0x30, *numbers))
    if kind == "dsa":
        number = st.sampled_from(
            [integer(23), integer(11), integer(1 << 1023), integer(0), integer(-1), b"\x02\x00", b""]
        )
        numbers = [draw(number) if draw(st.integers(0, 5)) == 0 else integer(23) for _ in range(4)]
        return _spki("2a8648ce380401", value(0x30, *numbers[1:]), numbers[0])
    if kind in _RAW:
        algorithm, size = _RAW[kind]
        size -= draw(st.sampled_from([0, 0, 1]))
        return _spki(algorithm, draw(st.sampled_from([b"", b"", b"\x05\x00"])), b"\x09" * size)
    return FIELDS.spki


def _spki(algorithm: str, parameters: bytes, key: bytes) -> bytes:
    return value(0x30, value(0x30, value(0x06, bytes.fromhex(algorithm)), parameters), value(0x03, b"\0", key))


_SIGNATURES = (
    ("2a864886f70d01010b", b"\x05\x00"),
    ("2a864886f70d01010b", b""),
    ("2a864886f70d010105", b"\x05\x00"),
    ("2a864886f70d010104", b"\x05\x00"),
    ("2b6570", b""),
    ("2b6570", b"\x05\x00"),
    ("2a8648ce3d0401", b""),
    ("2a8648ce380403", b""),
    ("2a0304", b"\x0c\x01a"),
    ("2a864886f70d01010a", b""),
    ("2a864886f70d01010a", b"\x30\x00"),
    ("2a864886f70d01010a", b"\x05\x00"),
    (
        "2a864886f70d01010a",
        bytes.fromhex(
            "3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120"
        ),
    ),
    ("2a864886f70d01010a", bytes.fromhex("3012a0053003060100a1053003060100a2020100")),
)
SIGNATURES = st.sampled_from(_SIGNATURES).map(lambda each: value(0x30, value(0x06, bytes.fromhex(each[0])), each[1]))


@st.composite
def extensions(draw: st.DrawFn) -> bytes:
    """Return one extension, known or not, well or ill formed."""
    critical = draw(st.sampled_from([None, None, True, False]))
    kind = draw(st.integers(0, 9))
    if kind <= 2:
        names = draw(st.lists(GENERAL_NAMES, max_size=3))
        return extension(17, value(0x30, *(value(tag, content) for tag, content in names)), critical=critical)
    if kind <= 4:
        return extension(19, draw(BASIC), critical=critical)
    if kind == 5:
        usages = draw(
            st.sampled_from(
                [
                    value(0x30, value(0x06, bytes.fromhex("2b06010505070302"))),
                    value(0x30),
                    b"",
                    value(0x30, b"\x06\x00"),
                ]
            )
        )
        return extension(37, usages, critical=critical)
    if kind == 6:
        return extension(
            15,
            draw(st.sampled_from([b"\x03\x02\x05\xa0", b"\x03\x02\x07\x81", b"\x03\x01\x00", b"\x04\x00"])),
            critical=critical,
        )
    if kind == 7:
        number = draw(st.sampled_from([14, 35, 30, 30, 30, 31, 32, 33, 36, 54]))
        contents = [b"", value(0x30), value(0x04, b"id"), value(0x30, value(0x80, b"id")), integer(0)]
        name = draw(st.one_of(GENERAL_NAMES, st.tuples(st.just(0x87), st.binary(min_size=7, max_size=9))))
        contents += [
            *([value(0x30, value(0xA0 | draw(st.integers(0, 1)), value(0x30, value(*name))))] * 4),
            value(0x30, value(0xA0, value(0x30, value(0x82, b".example")))),
            value(0x30, value(0x30, value(0x06, b"\x2a\x03"))),
        ]
        return extension(number, draw(st.sampled_from(contents)), critical=critical)
    name = draw(
        st.sampled_from([b"\x2a\x03\x04", b"\x2a\x03\x05", b"\x55\x1d\x63", b"\x2b\x06\x01\x05\x05\x07\x01\x01"])
    )
    flag = b"" if critical is None else value(0x01, b"\xff" if critical else b"\0")
    return value(0x30, value(0x06, name), flag, value(0x04, draw(st.sampled_from([b"", b"\x30\x00", b"xyz"]))))


@st.composite
def certificates(draw: st.DrawFn) -> bytes:
    """Return a DER certificate of which mostly one or two parts are odd."""
    odd = draw(
        st.sets(
            st.sampled_from(["serial", "times", "name", "key", "extensions", "version", "outer", "after", "signature"]),
            max_size=2,
        )
    )
    parts: dict[str, object] = {}
    if "serial" in odd:
        parts["serial"] = draw(SERIALS)
    if "times" in odd:
        parts["validity"] = value(0x30, *(value(tag, text) for tag, text in (draw(TIMES), draw(TIMES))))
    if "name" in odd:
        tag, text = draw(STRINGS)
        attribute = value(0x30, value(0x06, b"\x55\x04\x03"), value(tag, text))
        parts["name"] = value(0x30, value(0x31, attribute)) if draw(st.booleans()) else value(0x30)
    if "key" in odd:
        parts["spki"] = draw(keys())
    if "extensions" in odd:
        parts["extensions"] = tuple(draw(st.lists(extensions(), min_size=1, max_size=3)))
    if "version" in odd:
        parts["version"] = draw(
            st.sampled_from([b"", b"\xa0\x03\x02\x01\x00", b"\xa0\x03\x02\x01\x01", b"\xa0\x03\x02\x01\x03"])
        )
    if "signature" in odd:
        parts["inner"] = parts["outer"] = draw(SIGNATURES)
    if "outer" in odd:
        parts["outer"] = value(0x30, bytes.fromhex("06082a8648ce3d040303"))
    if "after" in odd:
        parts[draw(st.sampled_from(["after_tbs", "after_signature"]))] = draw(FOLLOWING)
    return Parts(**parts).encoded()  # type: ignore[arg-type]
