"""Files that are small and ask for much: each cost seconds, minutes or gigabytes before it was bounded."""

import base64
import textwrap
from collections.abc import Callable

from kubepki.formats import der
from tests.support import pki

_DATA = bytes.fromhex("06092a864886f70d010701")
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")
_DSA = bytes.fromhex("06072a8648ce380401")


def integer(value: int) -> bytes:
    """Return the DER of an INTEGER that is not negative."""
    return der.encode(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def sequence(*members: bytes) -> bytes:
    """Return the DER of a SEQUENCE."""
    return der.encode(der.SEQUENCE, b"".join(members))


def octets(content: bytes) -> bytes:
    """Return the DER of an OCTET STRING."""
    return der.encode(der.OCTET_STRING, content)


def pem(label: str, content: bytes) -> bytes:
    """Return a PEM block."""
    body = "\n".join(textwrap.wrap(base64.b64encode(content).decode(), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()


def pkcs12(rounds: int = 2**31 - 1) -> bytes:
    """Return a PKCS#12 without a bag whose MAC asks for *rounds* of key derivation."""
    content = sequence(_DATA, der.encode(der.CONTEXT_0, octets(sequence())))
    mac = sequence(sequence(_SHA256, octets(bytes(32))), octets(b"saltsalt"), integer(rounds))
    return sequence(integer(3), content, mac)


def pkcs12_bag(rounds: int, *further: int) -> bytes:
    """Return a PKCS#12 with an encrypted bag whose PBKDF2 asks for *rounds*; *further* numbers follow them."""
    algorithm = sequence(_PBKDF2, sequence(octets(b"saltsalt"), integer(rounds), *(integer(each) for each in further)))
    return sequence(integer(3), sequence(_DATA, der.encode(der.CONTEXT_0, octets(sequence(sequence(algorithm))))))


def rsa_key(bits: int) -> bytes:
    """Return the DER of an RSA key (PKCS#1) whose modulus has *bits* bits."""
    number = (1 << bits - 1) | 1
    return sequence(integer(0), integer(number), integer(65_537), *(integer(number >> 1) for _ in range(6)))


def pkcs8(algorithm: bytes, key: bytes) -> bytes:
    """Return the DER of a private key in PKCS#8."""
    return sequence(integer(0), algorithm, octets(key))


def alias_kubeconfig(users: int = 90, certificates: int = 1_000) -> bytes:
    """Return a kubeconfig in which aliases give one bundle of certificates to many clusters."""
    bundle = base64.b64encode(pki.authority().certificate_pem * certificates).decode()
    lines = ["apiVersion: v1", "kind: Config", "clusters:"]
    lines += [f"- {{name: c0, cluster: {{certificate-authority-data: &a {bundle}}}}}"]
    lines += [f"- {{name: c{number}, cluster: {{certificate-authority-data: *a}}}}" for number in range(1, users)]
    return "\n".join(lines).encode()


# By the name of a file that a directory of certificates would hold.
FILES: dict[str, Callable[[], bytes]] = {
    "rounds.p12": pkcs12,
    "bag.p12": lambda: pkcs12_bag(2**40),
    "rsa_8192.pem": lambda: pem("RSA PRIVATE KEY", rsa_key(8_192)),
    "rsa_300000.pem": lambda: pem("RSA PRIVATE KEY", rsa_key(300_000)),
    "rsa_300000_pkcs8.pem": lambda: pem("PRIVATE KEY", pkcs8(_RSA, rsa_key(300_000))),
    "dsa.pem": lambda: pem(
        "PRIVATE KEY",
        pkcs8(sequence(_DSA, sequence(*(integer((1 << 200_000) | 1) for _ in range(3)))), integer(1 << 199_999)),
    ),
    "oid.pem": lambda: pem("PRIVATE KEY", pkcs8(sequence(der.encode(6, b"\x81" * 700_000 + b"\1")), b"")),
    "certificates.pem": lambda: pki.authority().certificate_pem * 1_700,
}
