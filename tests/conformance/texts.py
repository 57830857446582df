"""PEM files of which mostly one thing is odd: blocks in any order, lines in any form, and what stands around them."""

import base64
import ssl

from hypothesis import strategies as st

from tests.conformance import asn1
from tests.conformance.differences import CA, MINE, OTHER, RSA, pem
from tests.support import pki

ED25519 = pki.client(CA, key=pki.new_key(pki.KeyType.ED25519))
KEYS = [
    pki.key_pem(pair.key, form)
    for pair in (MINE, MINE, MINE, OTHER, ED25519, RSA)
    for form in (pki.KeyForm.TRADITIONAL, pki.KeyForm.PKCS8)
]
KEYS += [pki.key_pem(MINE.key, pki.KeyForm.ENCRYPTED), pki.key_pem(MINE.key, pki.KeyForm.TRADITIONAL_ENCRYPTED)]
CERTIFICATES = [pair.certificate_pem for pair in (MINE, MINE, MINE, OTHER, ED25519, RSA, CA)]
ODD = ssl.DER_cert_to_PEM_cert(asn1.Parts(serial=asn1.integer(-1)).encoded()).encode()
# What others write beside a key or a certificate.
BESIDE = [
    pem("EC PARAMETERS", bytes.fromhex("06082a8648ce3d030107")),
    pem("DH PARAMETERS", asn1.value(0x30, asn1.integer(23), asn1.integer(5))),
    pem("PUBLIC KEY", asn1.FIELDS.spki),
    pem("X509 CRL", b"\x30\0"),
    pem("CERTIFICATE REQUEST", b"\x30\0"),
    pem("TRUSTED CERTIFICATE", MINE.der),
    pem("CERTIFICATE", b""),
    pem("", b""),
]
TEXTS = [b"", b"\n", b"some words\n", b"Bag Attributes\n    friendlyName: node\n", b"no end of line", b"\xef\xbb\xbf"]
TEXTS += [b"-----", b"-----BEGIN ", b"\n-----END ", b"-----BEGIN CERTIFICATE-----\n", b"\n-----END CERTIFICATE-----\n"]
TEXTS += [b"-----END ", b"\n-----END -----END ", b"-----BEGIN -----END ", b"-----BEGIN A-----\n-----END A"]
TEXTS += [b"a: b\n", b"\0", b"\r", b"\r\n", b"\x0b\n", b"\x85\n", b"\xa0\n", b"# comment\n", b"\n\n\n"]
HEADERS = [
    b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
    b"Comment: a\n\n",
    b"Comment: a\n",
    b":\n",
    b" : \n\n",
]
HEADERS += [b"X: a\n continued\n\n", b"\n", b" \n", b"\r\n", b"X:\r\n\r\n", b"no header\n"]
LABELS = [b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE", b"certificate", b"CERTIFICATE ", b" CERTIFICATE", b"CERT"]
LABELS += [b"CERTIFICATE-----", b"", b"CERTIFICATE\t", b"X" * 70, b"PRIVATE KEY", b"ANY PRIVATE KEY", b"PKCS7"]
SIGNS = [b"!", b"=", b" ", b"\t", b"\n", b":", b"\0", b"\r", b"\x0b", b"\xc2\xa0", b"-", b"--", b"A", b"==", b"\n\n"]


def _label(block: bytes) -> bytes:
    return block.partition(b"-----BEGIN ")[2].partition(b"-----")[0]


@st.composite
def blocks(draw: st.DrawFn) -> bytes:  # noqa: PLR0911 - a table of kinds
    """Return one PEM block, mostly whole."""
    block = draw(st.sampled_from([*CERTIFICATES, *CERTIFICATES, *KEYS, *KEYS, ODD, *BESIDE]))
    kind = draw(st.integers(0, 24))
    label = _label(block)
    if kind == 0:
        return block[: draw(st.integers(0, len(block)))]
    if kind == 1:
        start = draw(st.integers(0, len(block)))
        return block[:start] + draw(st.sampled_from(SIGNS)) + block[start + draw(st.integers(0, 1)) :]
    if kind == 2:
        return block.replace(b"-----\n", b"-----\n" + draw(st.sampled_from(HEADERS)), 1)
    if kind == 3:
        return block.replace(label, draw(st.sampled_from(LABELS)), draw(st.sampled_from([1, 2, 2, 2])))
    if kind == 4:
        lines = block.splitlines(keepends=True)
        at, to = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines)))
        return b"".join([*lines[:to], lines[at], *lines[to:]])
    if kind == 5:
        lines = block.splitlines(keepends=True)
        del lines[draw(st.integers(0, len(lines) - 1))]
        return b"".join(lines)
    if kind == 6:
        width = draw(st.sampled_from([1, 3, 60, 63, 65, 76, 5000]))
        text = b"".join(block.splitlines()[1:-1])
        body = b"".join(text[at : at + width] + b"\n" for at in range(0, len(text), width))
        return b"-----BEGIN " + label + b"-----\n" + body + b"-----END " + label + b"-----\n"
    if kind == 7:
        end = draw(st.sampled_from([b"\r\n", b" \n", b"\t\n", b"\r", b"\n ", b"\n\n", b" \r\n", b"\r \n", b"\x0b\n"]))
        return block.replace(b"\n", end, draw(st.sampled_from([1, 2, -1])))
    if kind == 8:
        return block.rstrip(b"\n") + draw(st.sampled_from([b"", b" ", b"-", b" words\n", b"\r", b"\0\n", b"\t\n"]))
    return block


@st.composite
def files(draw: st.DrawFn) -> bytes:  # noqa: PLR0911 - a table of kinds
    """Return the content of a file: mostly blocks, with text between them."""
    if draw(st.integers(0, 40)) == 0:
        return draw(st.sampled_from([MINE.der, b"", b"\0" * 40, b"words", pki.pkcs12_bytes(MINE, None), b"\n"]))
    content = b""
    if draw(st.booleans()):
        # One that Go takes, more often than chance would have it.
        content = draw(
            st.permutations([MINE.certificate_pem, MINE.key_pem, draw(st.sampled_from(BESIDE))]).map(b"".join)
        )
    for block in draw(st.lists(blocks(), min_size=0 if content else 1, max_size=4)):
        text = draw(st.sampled_from(TEXTS)) if draw(st.integers(0, 4)) == 0 else b""
        content = content + text + block if draw(st.booleans()) else block + text + content
    kind = draw(st.integers(0, 30))
    if kind == 0:
        return content.decode("latin-1").encode(draw(st.sampled_from(["utf-16", "utf-16-be", "utf-8-sig", "utf-32"])))
    if kind == 1:
        return content + bytes(draw(st.integers(1, 4096)))
    if kind == 2:
        return draw(st.sampled_from([bytes(512), b"\xef\xbb\xbf", b" ", b"\t", b"\n", b"\r\n"])) + content
    if kind == 3:
        return content.replace(b"\n", draw(st.sampled_from([b"\r\n", b"\r", b"\n\n", b" \n", b"\n\t", b"\0"])))
    if kind == 4:
        return base64.b64encode(content)
    if kind == 5:
        return content[: draw(st.integers(0, len(content)))]
    return content
