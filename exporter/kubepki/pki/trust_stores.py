"""Which CAs of a file are somebody else's: copies of a system's trust bundle, of which some end each year. Pure.

A CA is this cluster's own where a kubeconfig or a component names it, where it issued what a component of this host
presents, or where it has the name of one of these.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from kubepki.config.paths import covers
from kubepki.formats.parsed import ParsedCertificate
from kubepki.model import Usage
from kubepki.pki import layout
from kubepki.pki.states import Loaded
from kubepki.pki.wanted import Content

# Where systems keep what they trust: ca-certificates of Debian and Alpine, p11-kit of Fedora, openSUSE's and Arch's.
_SYSTEM = (
    "/etc/ssl/certs/",
    "/etc/pki/ca-trust/",
    "/etc/pki/tls/",
    "/etc/ca-certificates/",
    "/usr/local/share/ca-certificates/",
    "/usr/share/ca-certificates/",
    "/usr/share/pki/",
    "/var/lib/ca-certificates/",
)
_BUNDLE = "ca-?bundle|trust-?bundle|ca-certificates|cacerts?|ca-roots|trusted-cas?"
_BUNDLE_NAME = re.compile(rf"(?:.*[-_.])?(?:{_BUNDLE})(?:[-_.].*)?")
_STORE_DIRECTORY = re.compile(r"(?:trusted|user|proxy)-ca(?:-bundle)?|ca-trust")
# As components and their operators name their own: `ca.crt`, `client-ca.crt`, `etcd-bundle.pem`, a directory
# `client-ca` or `etcd-all-bundles` (OpenShift).
_OWN_NAME = re.compile(r"(?:.*[-_.])?ca\.(?:crt|pem|cer)")
_OWN_WORD = re.compile(
    r"(?:^|[-_.])(?:etcd|peer|client|server|serving|kube[a-z]*|k8s|apiserver|front-proxy|requestheader|aggregator|cluster"
    r"|signer)s?[-_.]"
)
_OWN_DIRECTORY = re.compile(r".*-ca|etcd-.+")
# What a rotation changes in a CA's name: `etcd-ca-2025`, `k3s-server-ca@1700000000`.
_NUMBER = re.compile(r"[-_@. ]*[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The CAs of this cluster: `fingerprints` of those that are named, and their `names` and those of all issuers.

    `kin` are these names without their numbers: the predecessor of a CA is the cluster's own as well.
    """

    fingerprints: frozenset[str]
    names: frozenset[str]
    kin: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kin", frozenset(map(_without_numbers, self.names)))

    def has(self, each: ParsedCertificate) -> bool:
        """Return whether *each* is one of them."""
        subject = each.certificate.subject
        if each.certificate.fingerprint_sha256 in self.fingerprints or subject in self.names:
            return True
        return _without_numbers(subject) in self.kin


def own_authorities(
    named: Iterable[ParsedCertificate],
    loaded: Iterable[Loaded],
    embedded: Iterable[ParsedCertificate],
    issuers: Iterable[str],
) -> Own:
    """Return the cluster's own CAs: those *named*, *issuers*, and who issued what *loaded* files and users present."""
    named = tuple(named)
    of_files = {
        each.leaf.certificate.issuer
        for each in loaded
        if each.leaf is not None and each.leaf.certificate.usage is not Usage.CA and _has_key(each)
    }
    users = {each.certificate.issuer for each in embedded if each.certificate.usage is not Usage.CA}
    own = {name for each in named for name in (each.certificate.subject, each.certificate.issuer)}
    return Own(
        fingerprints=frozenset(each.certificate.fingerprint_sha256 for each in named),
        names=frozenset({*own, *issuers, *of_files, *users}),
    )


def foreign(loaded: Loaded, own: Own, stores: Collection[str]) -> frozenset[str]:
    """Return the fingerprints of the CAs in *loaded* that nothing of this cluster names; of a component's own none.

    *stores* are globs of files that a distribution is known to keep as copies of the system's bundle.
    """
    parsed = loaded.parsed
    if parsed is None or not parsed.certificates or loaded.wanted.content is Content.KEY or _has_key(loaded):
        return frozenset()
    if layout.holds_key_by_nature(loaded.name) or not all(map(_is_authority, parsed.certificates)):
        return frozenset()
    if not _may_be_store(loaded, stores):
        return frozenset()
    others = [each for each in parsed.certificates if not own.has(each)]
    # Who signed one of the cluster's own CAs is its own too.
    names = {each.certificate.issuer for each in parsed.certificates if own.has(each)}
    while signers := [each for each in others if each.certificate.subject in names]:
        others = [each for each in others if each not in signers]
        names = {each.certificate.issuer for each in signers}
    return frozenset(each.certificate.fingerprint_sha256 for each in others)


def is_systems(loaded: Loaded) -> bool:
    """Return whether *loaded* is what the system trusts: who names that names no CA of a cluster."""
    return loaded.path.startswith(_SYSTEM) or loaded.resolved.startswith(_SYSTEM)


def _without_numbers(name: str) -> str:
    return _NUMBER.sub("", name)


def _may_be_store(loaded: Loaded, stores: Collection[str]) -> bool:
    directory = loaded.directory.rpartition("/")[2]
    known = any(covers(pattern, loaded.path) for pattern in stores) or _STORE_DIRECTORY.fullmatch(directory)
    if known or is_systems(loaded):
        return True
    if _OWN_NAME.fullmatch(loaded.name) or _OWN_WORD.search(loaded.name) or _OWN_DIRECTORY.fullmatch(directory):
        return False
    several = loaded.parsed is not None and len(loaded.parsed.certificates) + loaded.parsed.omitted > 1
    return several or _BUNDLE_NAME.fullmatch(loaded.name) is not None


def _is_authority(each: ParsedCertificate) -> bool:
    # A root of the nineties says nothing of itself (X.509 version 1).
    return each.certificate.usage is Usage.CA or each.certificate.subject == each.certificate.issuer


def _has_key(loaded: Loaded) -> bool:
    if loaded.wanted.key_path is not None or loaded.key_unread:
        return True
    return any(each is not None and bool(each.keys or each.opaque_keys) for each in (loaded.parsed, loaded.key))
