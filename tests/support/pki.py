"""Mints certificates as the kubelet, its signer and kubeadm make them, with explicit dates.

Times are Unix seconds. Nothing here is a fixture on disk: every key is made when a test asks for it. RSA keys are
cached by slot, for making one takes long.
"""

import base64
import datetime as dt
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

HOUR = 3600.0
DAY = 24 * HOUR
YEAR = 365 * DAY
# 2026-01-01T00:00:00Z: where a test does not care about dates.
NEW_YEAR = 1_767_225_600.0
PASSWORD = b"correct horse"
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
PEER = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


class KeyType(StrEnum):
    """The key types that Kubernetes' tools make."""

    RSA = "rsa"
    EC = "ec"
    ED25519 = "ed25519"


class KeyForm(StrEnum):
    """How a private key is written as PEM; TRADITIONAL is PKCS#1 for RSA and SEC1 for EC."""

    TRADITIONAL = "traditional"
    PKCS8 = "pkcs8"
    ENCRYPTED = "encrypted"
    TRADITIONAL_ENCRYPTED = "traditional-encrypted"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate with its private key and the certificates that follow it in its file."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        """The certificate alone as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate and its chain as PEM, leaf first."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in (self.certificate, *self.chain))

    @property
    def key_pem(self) -> bytes:
        """The private key as the kubelet writes it: SEC1 for EC, PKCS#1 for RSA, PKCS#8 for Ed25519."""
        return key_pem(self.key)

    @property
    def pem(self) -> bytes:
        """The whole file as client-go writes it: certificates leaf first, then the key."""
        return self.certificate_pem + self.key_pem


@lru_cache(maxsize=16)
def _rsa_key(slot: int, bits: int) -> rsa.RSAPrivateKey:
    del slot
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def new_key(kind: KeyType = KeyType.EC, *, slot: int = 0) -> PrivateKey:
    """Return a new private key; for RSA the cached one (2048 bits) of *slot*."""
    match kind:
        case KeyType.RSA:
            return _rsa_key(slot, 2048)
        case KeyType.EC:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyType.ED25519:
            return ed25519.Ed25519PrivateKey.generate()


def key_pem(key: PrivateKey, form: KeyForm = KeyForm.TRADITIONAL, *, password: bytes = PASSWORD) -> bytes:
    """Return *key* as PEM in *form*; Ed25519 has no traditional form and is written as PKCS#8."""
    traditional = form in {KeyForm.TRADITIONAL, KeyForm.TRADITIONAL_ENCRYPTED}
    layout = PrivateFormat.TraditionalOpenSSL
    if not traditional or isinstance(key, ed25519.Ed25519PrivateKey):
        layout = PrivateFormat.PKCS8
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if form in {KeyForm.ENCRYPTED, KeyForm.TRADITIONAL_ENCRYPTED}:
        encryption = serialization.BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, layout, encryption)


def key_lines(key: PrivateKey) -> list[str]:
    """Return the base64 lines of *key* in its unencrypted forms, to look for where none may be."""
    pems = key_pem(key) + key_pem(key, KeyForm.PKCS8)
    return [line for line in pems.decode().splitlines() if not line.startswith("-----")]


def name(common_name: str, organization: str | None = None) -> x509.Name:
    """Return the name O=*organization*, CN=*common_name*, in the order in which Go writes it."""
    parts = [] if organization is None else [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def issue(  # noqa: PLR0913 - the parts of a certificate, each explicit
    subject: x509.Name,
    *,
    not_before: float,
    not_after: float,
    issuer: Pair | None = None,
    issuer_name: x509.Name | None = None,
    key: PrivateKey | None = None,
    ca: bool = False,
    usages: Sequence[ObjectIdentifier] = (),
    serial: int | None = None,
    key_usage: x509.KeyUsage | None = None,
    identified: bool = False,
) -> Pair:
    """Return a certificate signed by *issuer* (by itself where that is None), valid between the two Unix times.

    *issuer_name* replaces the issuer's subject, for certificates that claim a CA which did not sign them. *identified*
    names its key and the signer's, as Go does.
    """
    key = new_key() if key is None else key
    signer = key if issuer is None else issuer.key
    if issuer_name is None:
        issuer_name = subject if issuer is None else issuer.certificate.subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(_utc(not_before))
        .not_valid_after(_utc(not_after))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if identified:
        own, signers = key.public_key(), signer.public_key()
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signers), critical=False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if key_usage is not None:
        builder = builder.add_extension(key_usage, critical=True)
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Pair(certificate=builder.sign(signer, digest), key=key)


def _utc(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC)


def authority(
    common_name: str = "kubernetes",
    *,
    not_before: float = NEW_YEAR - YEAR,
    lifetime: float = 10 * YEAR,
    issuer: Pair | None = None,
    key: PrivateKey | None = None,
) -> Pair:
    """Return a CA as kubeadm makes it, self-signed unless *issuer* is given."""
    return issue(
        name(common_name), not_before=not_before, not_after=not_before + lifetime, issuer=issuer, key=key, ca=True
    )


def client(
    ca: Pair,
    node: str = "node30",
    *,
    not_before: float = NEW_YEAR,
    lifetime: float = YEAR,
    key: PrivateKey | None = None,
) -> Pair:
    """Return a kubelet's client certificate: O=system:nodes, CN=system:node:*node*."""
    subject = name(f"system:node:{node}", "system:nodes")
    return issue(subject, not_before=not_before, not_after=not_before + lifetime, issuer=ca, key=key, usages=CLIENT)


def server(
    ca: Pair,
    node: str = "node30",
    *,
    not_before: float = NEW_YEAR,
    lifetime: float = YEAR,
    key: PrivateKey | None = None,
) -> Pair:
    """Return a kubelet's serving certificate, signed by *ca*."""
    subject = name(f"system:node:{node}", "system:nodes")
    return issue(subject, not_before=not_before, not_after=not_before + lifetime, issuer=ca, key=key, usages=SERVER)


def peer(
    ca: Pair,
    member: str = "etcd-0",
    *,
    not_before: float = NEW_YEAR,
    lifetime: float = YEAR,
    key: PrivateKey | None = None,
) -> Pair:
    """Return an etcd member's certificate for both directions."""
    return issue(name(member), not_before=not_before, not_after=not_before + lifetime, issuer=ca, key=key, usages=PEER)


def self_signed(
    node: str = "node30", *, not_before: float = NEW_YEAR, lifetime: float = YEAR, kind: KeyType = KeyType.RSA
) -> Pair:
    """Return what the kubelet writes to `kubelet.crt` and `kubelet.key`: a leaf with its throw-away CA behind it.

    client-go's util/cert names them NODE@UNIXTIME and NODE-ca@UNIXTIME.
    """
    stamp = int(not_before + HOUR)
    root = authority(f"{node}-ca@{stamp}", not_before=not_before, lifetime=lifetime, key=new_key(kind, slot=8))
    leaf = issue(
        name(f"{node}@{stamp}"),
        not_before=not_before,
        not_after=not_before + lifetime,
        issuer=root,
        key=new_key(kind, slot=9),
        usages=SERVER,
    )
    return Pair(certificate=leaf.certificate, key=leaf.key, chain=(root.certificate,))


def pkcs12_bytes(pair: Pair, password: bytes | None = PASSWORD, *, with_key: bool = True) -> bytes:
    """Return *pair* as PKCS#12, unencrypted where *password* is None."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    key = pair.key if with_key else None
    return pkcs12.serialize_key_and_certificates(b"kubelet", key, pair.certificate, pair.chain or None, encryption)


@dataclass(frozen=True, kw_only=True)
class User:
    """A kubeconfig's user: bytes are embedded, a str is the path of a reference."""

    name: str = "default-auth"
    certificate: bytes | str | None = None
    key: bytes | str | None = None


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A kubeconfig's cluster: bytes are embedded, a str is the path of a reference."""

    name: str = "default-cluster"
    server: str = "https://127.0.0.1:6443"
    ca: bytes | str | None = None
    tls_server_name: str | None = None
    insecure: bool = False


def kubeconfig(
    users: Sequence[User], clusters: Sequence[Cluster] = (Cluster(),), *, current_context: str | None = None
) -> bytes:
    """Return a kubeconfig with one context `USER@CLUSTER` for each user, the first one current by default."""
    contexts = [
        {
            "name": f"{user.name}@{cluster.name}",
            "context": {"user": user.name, "cluster": cluster.name, "namespace": "default"},
        }
        for user, cluster in zip(users, [*clusters, *[clusters[-1]] * len(users)], strict=False)
    ]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster.name, "cluster": _cluster(cluster)} for cluster in clusters],
        "users": [
            {"name": user.name, "user": _data("client-certificate", user.certificate) | _data("client-key", user.key)}
            for user in users
        ],
        "contexts": contexts,
        "current-context": (contexts[0]["name"] if contexts else "") if current_context is None else current_context,
    }
    return yaml.safe_dump(document, sort_keys=False).encode()


def _cluster(cluster: Cluster) -> dict[str, Any]:
    fields: dict[str, Any] = {"server": cluster.server, **_data("certificate-authority", cluster.ca)}
    if cluster.tls_server_name is not None:
        fields["tls-server-name"] = cluster.tls_server_name
    if cluster.insecure:
        fields["insecure-skip-tls-verify"] = True
    return fields


def _data(field: str, value: bytes | str | None) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, str):
        return {field: value}
    return {f"{field}-data": base64.b64encode(value).decode()}


class Step(StrEnum):
    """A moment of client-go's rotation, named by what was just done."""

    CREATED = "the dated file is there and empty"
    WRITING = "its first PEM block is written"
    WRITTEN = "all of it is written and read back, its descriptor still open"
    CLEANED = "a stale updated link is gone"
    LINKED = "updated points at the dated file"
    REMOVED = "current is gone"
    RENAMED = "updated has become current"
    CLOSED = "the dated file is closed"


def rotate(directory: Path, prefix: str, data: bytes, stamp: str) -> Iterator[Step]:
    """Do what client-go's fileStore.Update does, one step at each `next`, so that a test may look or stop in between.

    *prefix* is `kubelet-client` or `kubelet-server`; *stamp* is `2021-09-01-13-21-24`. Raises FileExistsError, as
    client-go fails, when `current` is a regular file.
    """
    dated = Path(os.path.abspath(directory / f"{prefix}-{stamp}.pem"))  # noqa: PTH100 - filepath.Abs resolves no link
    updated = directory / f"{prefix}-updated.pem"
    current = directory / f"{prefix}-current.pem"
    descriptor = os.open(dated, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        yield Step.CREATED
        blocks = re.split(rb"(?<=\n)(?=-----BEGIN )", data)
        for number, block in enumerate(blocks):
            os.write(descriptor, block)
            if number == 0 and len(blocks) > 1:
                yield Step.WRITING
        dated.read_bytes()
        yield Step.WRITTEN
        had_current = current.is_symlink()
        if not had_current and current.exists():
            raise FileExistsError(current)
        if updated.is_symlink() or updated.exists():
            updated.unlink()
            yield Step.CLEANED
        updated.symlink_to(dated)
        yield Step.LINKED
        if had_current:
            current.unlink()
            yield Step.REMOVED
        updated.rename(current)
        yield Step.RENAMED
    finally:
        os.close(descriptor)
    yield Step.CLOSED


def install(directory: Path, prefix: str, data: bytes, stamp: str) -> Path:
    """Run `rotate` to its end and return the dated file."""
    for _ in rotate(directory, prefix, data, stamp):
        pass
    return directory / f"{prefix}-{stamp}.pem"
