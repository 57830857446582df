"""By which CA a file is proved to belong to this cluster. Pure but for the verifier that it is given.

Proofs, best first: the CA by which the API server verifies its clients, then that of the kubelet; the issuer of the
certificate that the link leads to, or led to last; the CA of the kubeconfig. The API server's own word is decisive:
what its CA did not sign it rejects.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kubepki.formats.kubeconfig import Cluster, Kubeconfig, Reference, ReferenceKind
from kubepki.formats.parsed import ParsedCertificate, Verified
from kubepki.model import Proof, Usage
from kubepki.pki import layout
from kubepki.pki.components import NamedAuthority
from kubepki.pki.kubeconfigs import LoadedKubeconfig
from kubepki.pki.states import Loaded, is_servers

_BY_KUBECONFIG = "a CA that the kubeconfig trusts"


class Verifier(Protocol):
    """Tells when Go verifies a file's leaf by some CAs (DER)."""

    def __call__(self, loaded: Loaded, authorities: frozenset[bytes], /) -> Verified:
        """Return it, or what stands against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """CAs with whose they are."""

    named: NamedAuthority
    certificates: tuple[ParsedCertificate, ...]

    @property
    def ders(self) -> frozenset[bytes]:
        """Their encodings."""
        return frozenset(each.der for each in self.certificates)


class Trust:
    """What this host knows of its CAs."""

    def __init__(
        self,
        verify: Verifier,
        *,
        authorities: Iterable[Authority],
        kubeconfigs: Iterable[ParsedCertificate],
        at_hand: Iterable[ParsedCertificate],
    ) -> None:
        self._verify = verify
        self._authorities = sorted(authorities, key=lambda each: (not each.named.decisive, not each.named.clients))
        self._kubeconfigs = frozenset(each.der for each in kubeconfigs)
        self._at_hand: dict[str, set[bytes]] = defaultdict(set)
        for certificate in at_hand:
            if certificate.certificate.usage is Usage.CA:
                self._at_hand[certificate.certificate.subject].add(certificate.der)

    def issued(self, loaded: Loaded) -> Proof | None:
        """Return by which CA *loaded* is proved, or that it is by none; None where no CA is known to ask."""
        asked = [each for each in self._authorities if self._concerns(each, loaded) and each.certificates]
        if asked and asked[0].named.decisive:
            return _proof([(_words(asked[0].named), self._verify(loaded, asked[0].ders))])
        found = [(_words(each.named), self._verify(loaded, each.ders)) for each in asked]
        if self._kubeconfigs:
            found.append((_BY_KUBECONFIG, self._verify(loaded, self._kubeconfigs)))
        return _proof(found) if found else None

    def proof(self, loaded: Loaded, reference: Loaded | None) -> Proof:
        """Return what proves *loaded*, or what stands against it.

        *reference* is the file that the link leads to, or led to last; None where there is none that can be read.
        """
        leaf = loaded.leaf
        if leaf is None:
            return Proof()
        issued = self.issued(loaded)
        if issued is not None and (issued.by or self._is_decided(loaded)):
            return issued
        other = reference if reference is not None and reference is not loaded else None
        at_hand = frozenset(self._at_hand.get(leaf.certificate.issuer, ()))
        by_hand = self._verify(loaded, at_hand) if at_hand else Verified()
        forged = bool(at_hand) and not by_hand.periods
        if other is not None and other.leaf is not None and not forged and _same_issuer(leaf, other.leaf):
            worked = "that worked last" if layout.current_prefix(other.name) is None else "that the link leads to"
            return Proof(
                by=f"the issuer of the certificate {worked}, by its name and key identifier", periods=by_hand.periods
            )
        if forged:
            against = by_hand.refusal or "a CA of its issuer's name is on this host and did not sign it"
            return issued or Proof(objection=against)
        return issued or Proof(objection=_difference(leaf, other.leaf) if other and other.leaf else "")

    @property
    def asks_kubeconfigs(self) -> bool:
        """Whether a kubeconfig gives a CA."""
        return bool(self._kubeconfigs)

    def _is_decided(self, loaded: Loaded) -> bool:
        return any(
            each.named.decisive and each.certificates and self._concerns(each, loaded) for each in self._authorities
        )

    def _concerns(self, authority: Authority, loaded: Loaded) -> bool:
        """Return whether *authority* verifies the like of *loaded*: of a client those who verify clients."""
        return not authority.named.decisive if is_servers(loaded) else authority.named.clients


def authorities_of(named: Iterable[NamedAuthority], read: Mapping[str, Loaded]) -> tuple[Authority, ...]:
    """Return the CAs in the files that components name, with what was *read* of them, by path."""
    return tuple(
        Authority(named=each, certificates=found.parsed.certificates)
        for each in named
        if (found := read.get(each.path)) is not None and found.parsed is not None
    )


def trusted_by(kubeconfigs: Iterable[LoadedKubeconfig], loaded: Mapping[str, Loaded]) -> tuple[ParsedCertificate, ...]:
    """Return the CAs that *kubeconfigs* trust in their current contexts: embedded and in files."""
    return _of_kubeconfigs(kubeconfigs, loaded, lambda content: content.trusted, lambda each, _: not each.unread)


def known_to(
    kubeconfigs: Iterable[LoadedKubeconfig], loaded: Mapping[str, Loaded], *, but: Callable[[Loaded], bool]
) -> tuple[ParsedCertificate, ...]:
    """Return the CAs of all contexts of *kubeconfigs*: embedded and in files, *but* those of which that is true."""
    return _of_kubeconfigs(kubeconfigs, loaded, lambda content: content.clusters, lambda _, named: not but(named))


def _of_kubeconfigs(
    kubeconfigs: Iterable[LoadedKubeconfig],
    loaded: Mapping[str, Loaded],
    clusters: Callable[[Kubeconfig], tuple[Cluster, ...]],
    counts: Callable[[Reference, Loaded], bool],
) -> tuple[ParsedCertificate, ...]:
    found: dict[bytes, ParsedCertificate] = {}
    for kubeconfig in kubeconfigs:
        if kubeconfig.content is None:
            continue
        found.update({each.der: each for cluster in clusters(kubeconfig.content) for each in cluster.certificates})
        for reference in kubeconfig.content.references:
            named = loaded.get(kubeconfig.resolve(reference.path) or "") if reference.kind is ReferenceKind.CA else None
            if named is not None and named.parsed is not None and counts(reference, named):
                found.update({each.der: each for each in named.parsed.certificates})
    return tuple(found.values())


def _same_issuer(one: ParsedCertificate, other: ParsedCertificate) -> bool:
    same_name = one.certificate.issuer == other.certificate.issuer
    return same_name and bool(one.authority_key) and one.authority_key == other.authority_key


def _difference(one: ParsedCertificate, other: ParsedCertificate) -> str:
    """Return what tells apart the issuers of two certificates, whose CAs are not at hand; empty where nothing does."""
    if one.certificate.issuer != other.certificate.issuer:
        return "its issuer is not the current one's, and no kubeconfig gives a CA to prove it"
    if one.authority_key != other.authority_key:
        return "its issuer has the name of the current one's and another key"
    return ""


def _words(named: NamedAuthority) -> str:
    return f"a CA in {named.path} ({named.by})"


def _proof(found: list[tuple[str, Verified]]) -> Proof:
    """Return what some CAs, by their words and the best first, say of a file together."""
    proved = [words for words, each in found if each.periods]
    if proved:
        periods = dict.fromkeys(period for _, each in found for period in each.periods)
        return Proof(by=proved[0], periods=tuple(periods))
    refused = next((each.refusal for _, each in found if each.refusal), "")
    if refused:
        return Proof(objection=refused)
    # Two are named at most: it is a clause of a sentence.
    told = dict.fromkeys((found[0][0], found[-1][0] if found[-1][0] == _BY_KUBECONFIG else found[0][0]))
    return Proof(objection=f"it was not issued by {', nor by '.join(told)}")
