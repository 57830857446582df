"""Writes certificates octet by octet, as no library would."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from kubepki.formats import der
from tests.support import pki

_KEYS = [ec.derive_private_key(number, ec.SECP256R1()) for number in (3, 30)]
CA = pki.authority(key=_KEYS[0])
LEAF = pki.client(CA, key=_KEYS[1])
FIELDS = der.certificate_fields(LEAF.der)
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def value(tag: int, *contents: bytes) -> bytes:
    """Return one value with its shortest length."""
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(number: int) -> bytes:
    """Return an INTEGER in its shortest form."""
    return value(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a certificate is made of; each may be as wrong as a test likes."""

    version: bytes = b"\xa0\x03\x02\x01\x02"
    serial: bytes = b"\x02\x01\x01"
    inner: bytes = ECDSA_SHA256
    outer: bytes = ECDSA_SHA256
    name: bytes = FIELDS.subject
    validity: bytes = value(0x30, value(0x17, b"260101000000Z"), value(0x17, b"270101000000Z"))
    spki: bytes = FIELDS.spki
    extensions: Sequence[bytes] = ()
    after_tbs: bytes = b""
    after_signature: bytes = b""

    def encoded(self) -> bytes:
        """Return the certificate; its signature is none."""
        extensions = value(0xA3, value(0x30, *self.extensions)) if self.extensions else b""
        named = (self.inner, self.name, self.validity, self.name, self.spki)
        tbs = value(0x30, self.version, self.serial, *named, extensions, self.after_tbs)
        signature = value(0x03, b"\0" + b"\x30\x06\x02\x01\x01\x02\x01\x01")
        return value(0x30, tbs, self.outer, signature, self.after_signature)


def extension(number: int, content: bytes, *, critical: bool | None = None) -> bytes:
    """Return an extension below id-ce."""
    flag = b"" if critical is None else value(0x01, b"\xff" if critical else b"\0")
    return value(0x30, value(0x06, bytes([0x55, 0x1D, number])), flag, value(0x04, content))
