"""Inputs from which a search begins: the same at each run, so that a search with a fixed seed can be repeated.

So keys come from fixed numbers, and what signs is Ed25519 or RSA, whose signatures hold nothing random.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import HealthCheck, Phase, given, settings

from kubepki.formats import der, jobs, pem, wire
from kubepki.formats.parsed import Container
from tests.conformance.odd import certificates
from tests.support import costly, pki

STORED = Path(__file__).parent / "stored"
PASSWORD = b"secret"
_PRIME_BITS = 512
_EXPONENT = 65_537
_ODD_CERTIFICATES = 100
_CHAIN_LENGTH = 3
_DATA = bytes.fromhex("06092a864886f70d010701")
_KEY_BAG, _CERTIFICATE_BAG = (bytes.fromhex(f"060b2a864886f70d010c0a010{number}") for number in (1, 3))
_CERTIFICATE = bytes.fromhex("060a2a864886f70d01091601")


@cache
def pairs() -> tuple[pki.Pair, ...]:
    """Return a CA and what it issued: a leaf of each type of key, and one of an intermediate CA."""
    authority = _issue("kubernetes", ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), ca=True)
    middle = _issue("middle", _rsa_key(), issuer=authority, ca=True)
    keys = (ed25519.Ed25519PrivateKey.from_private_bytes(b"\1" * 32), ec.derive_private_key(30, ec.SECP256R1()))
    leaves = tuple(_issue("node30", key, issuer=authority) for key in (*keys, _rsa_key()))
    return (*leaves, _issue("node31", keys[1], issuer=middle), middle, authority)


def _issue(name: str, key: pki.PrivateKey, *, issuer: pki.Pair | None = None, ca: bool = False) -> pki.Pair:
    return pki.issue(
        pki.name(name, "system:nodes"),
        not_before=pki.NEW_YEAR,
        not_after=pki.NEW_YEAR + pki.YEAR,
        issuer=issuer,
        key=key,
        ca=ca,
        usages=() if ca else pki.PEER,
        serial=0x1234,
        identified=True,
    )


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    p, q = (_prime(3 << (_PRIME_BITS - 2)), _prime(7 << (_PRIME_BITS - 3)))
    private = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=private,
        dmp1=rsa.rsa_crt_dmp1(private, p),
        dmq1=rsa.rsa_crt_dmq1(private, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    ).private_key()


def _prime(start: int) -> int:
    candidate = start + 1
    while pow(2, candidate - 1, candidate) != 1 or (candidate - 1) % _EXPONENT == 0:
        candidate += 2
    return candidate


@cache
def odd_certificates() -> tuple[bytes, ...]:
    """Return DER certificates of which one part or two are as no library writes them."""
    found: list[bytes] = []

    @settings(
        max_examples=_ODD_CERTIFICATES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(certificates())
    def collect(encoded: bytes) -> None:
        found.append(encoded)

    collect()
    return tuple(dict.fromkeys(found))


def files() -> Iterator[bytes]:
    """Yield files as a directory of certificates holds them."""
    for pair in pairs():
        yield pair.pem
        yield pair.der
        yield pki.key_pem(pair.key, pki.KeyForm.PKCS8)
    yield pairs()[-1].certificate_pem * _CHAIN_LENGTH
    yield from (costly.pem("CERTIFICATE", each) for each in odd_certificates()[::10])
    yield from (make() for name, make in costly.FILES.items() if name.endswith(".pem") and name != "certificates.pem")


def encoded_certificates() -> Iterator[bytes]:
    """Yield DER certificates, plain and odd."""
    yield from (pair.der for pair in pairs())
    yield from odd_certificates()


def encoded_keys() -> Iterator[bytes]:
    """Yield DER private keys of each form."""
    for pair in pairs()[:3]:
        for form in (pki.KeyForm.TRADITIONAL, pki.KeyForm.PKCS8):
            yield from (block.content for block in pem.blocks(pki.key_pem(pair.key, form)) if block.content)
    yield costly.rsa_key(8_192)


def chains() -> Iterator[bytes]:
    """Yield a leaf, what may be between, and a CA, one DER after the other."""
    *leaves, through, middle, authority = pairs()
    yield from (leaf.der + authority.der for leaf in leaves)
    yield through.der + middle.der + authority.der


def bundles() -> Iterator[bytes]:
    """Yield PKCS#12 files; the stored ones hold random salts, and no key."""
    yield from (path.read_bytes() for path in sorted(STORED.glob("*.p12")))
    yield _plain_bundle(pairs()[1])
    yield costly.pkcs12()
    yield costly.pkcs12_bag(2**40)


def _plain_bundle(pair: pki.Pair) -> bytes:
    # RFC 7292, section 4: a key bag and a certificate bag in plain data, without a MAC.
    (key,) = [block.content for block in pem.blocks(pki.key_pem(pair.key, pki.KeyForm.PKCS8))]
    certificate = costly.sequence(_CERTIFICATE, _explicit(costly.octets(pair.der)))
    bags = costly.sequence(
        costly.sequence(_KEY_BAG, _explicit(key or b"")), costly.sequence(_CERTIFICATE_BAG, _explicit(certificate))
    )
    safe = costly.sequence(costly.sequence(_DATA, _explicit(costly.octets(bags))))
    return costly.sequence(costly.integer(3), costly.sequence(_DATA, _explicit(costly.octets(safe))))


def _explicit(content: bytes) -> bytes:
    return der.encode(der.CONTEXT_0, content)


def kubeconfigs() -> Iterator[bytes]:
    """Yield kubeconfigs that embed, that name, and that use what YAML has."""
    pair = pairs()[1]
    yield pki.kubeconfig(
        [pki.User(certificate=pair.certificate_pem, key=pair.key_pem)], [pki.Cluster(ca=pair.certificate_pem)]
    )
    yield pki.kubeconfig([pki.User(certificate="a.pem", key="a.pem")], [pki.Cluster(ca="ca.crt")])
    yield b"a: &a [1, 2]\nb: {<<: {c: *a}, d: !!str x}\n"


def components() -> Iterator[bytes]:
    """Yield configurations of the kubelet, of static pods and of units."""
    yield (
        b"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
        b"authentication: {x509: {clientCAFile: /a}}\n"
    )
    yield (
        b"kind: Pod\nspec:\n  containers:\n  - command: [kube-apiserver, --client-ca-file=/a/ca.crt, --config=/b]\n"
        b"    volumeMounts: [{mountPath: /a, name: v}]\n  volumes: [{name: v, hostPath: {path: /host/a}}]\n"
    )
    yield b"[Service]\nExecStart=/usr/bin/etcd --trusted-ca-file=/a\nETCD_PEER_TRUSTED_CA_FILE=/b\n"


def answers() -> Iterator[bytes]:
    """Yield what the parsing process says."""
    yield wire.dump(jobs.read_file(pairs()[1].pem, None, Container.PEM_OR_DER))
    yield from (wire.dump(jobs.read_kubeconfig(each)) for each in kubeconfigs())
