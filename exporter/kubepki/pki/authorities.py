"""What a scan knows of the CAs of this host: who is trusted to issue, and which CAs are the cluster's own."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from kubepki.disk.disk import Disk
from kubepki.formats.parsed import Verified
from kubepki.model import Fault, PathState, Proof, Reason, Severity, Snapshot, Standing
from kubepki.pki import globs
from kubepki.pki.components import Configured, NamedAuthority, Places, configured, patterns_of
from kubepki.pki.kubeconfigs import LoadedKubeconfig
from kubepki.pki.loading import Loader
from kubepki.pki.parsing import Parser, TooCostlyError
from kubepki.pki.states import Loaded, is_servers, with_faults
from kubepki.pki.trust import Trust, authorities_of, known_to, trusted_by
from kubepki.pki.trust_stores import Own, is_systems, own_authorities
from kubepki.pki.wanted import Sources, Wanted

# Far more than a host has certificates in use, with all that superseded ones leave.
_MOST_ISSUED = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What one scan knows; `directories` are those in which a change of a component's configuration changes it.

    `refused` is by resolved path what etcd says of the CA files that it is told to read.
    """

    trust: Trust
    own: Own
    directories: frozenset[str]
    refused: Mapping[str, str]

    def judged(self, snapshot: Snapshot, loaded: Mapping[str, Loaded]) -> Snapshot:
        """Return *snapshot*, in which what etcd refuses is a fault."""
        if not self.refused:
            return snapshot
        return replace(snapshot, paths=tuple(self._judged(state, loaded.get(state.path)) for state in snapshot.paths))

    def _judged(self, state: PathState, loaded: Loaded | None) -> PathState:
        refusal = self.refused.get(loaded.resolved) if loaded else None
        known = any(fault.reason.severity is Severity.CRITICAL for fault in state.faults)
        if refusal is None or known or state.standing is not Standing.CURRENT:
            return state
        detail = f"etcd, which reads it as its CA, refuses a file with anything but certificates: {refusal}"
        return with_faults(state, Fault(reason=Reason.REFUSED, detail=detail))

    def issued(self, current: Iterable[Loaded]) -> Mapping[str, Proof] | None:
        """Return by path who issued the *current* files; None where no CA is known to ask."""
        found = {each.path: self.trust.issued(each) for each in current}
        known = {path: proof for path, proof in found.items() if proof is not None}
        return known if known or self.trust.asks_kubeconfigs else None


class Authorities:
    """Reads the configurations of components and verifies signatures, each once while nothing changes."""

    def __init__(self, loader: Loader, parser: Parser, disk: Disk) -> None:
        self._loader = loader
        self._parser = parser
        self._disk = disk
        self._issued: dict[tuple[str, frozenset[bytes]], Verified] = {}
        self._issued_before = self._issued

    def begin(self) -> None:
        """Start a scan: what it does not ask for is forgotten with the next, or each rotation would leave a trace."""
        self._issued_before, self._issued = self._issued, {}

    def known(
        self,
        sources: Sources,
        kubeconfigs: Collection[LoadedKubeconfig],
        loaded: Mapping[str, Loaded],
        together: Collection[Loaded],
        issuers: Iterable[str],
    ) -> Known:
        """Return what the *loaded* files, the *kubeconfigs* and the configurations that *sources* find say of CAs.

        *together* are those that may hold a CA, *issuers* the names of who issued the others.
        """
        config = self._configured(sources, kubeconfigs)
        named_paths = {each.path for each in config.authorities}
        further = self._loader.files({path: Wanted(path=path) for path in sorted(named_paths - loaded.keys())})
        read = {**loaded, **further}
        authorities = authorities_of(config.authorities, read)
        of_kubeconfigs = trusted_by(kubeconfigs, loaded)
        named = [*of_kubeconfigs, *(each for authority in authorities for each in authority.certificates)]
        users = [each for kubeconfig in kubeconfigs if kubeconfig.content for each in kubeconfig.content.parsed]
        in_files = [each for found in together if found.parsed for each in found.parsed.certificates]
        trust = Trust(self._verified, authorities=authorities, kubeconfigs=of_kubeconfigs, at_hand=[*named, *in_files])
        clusters = [
            *known_to(kubeconfigs, loaded, but=is_systems),
            *(each for one in authorities if not is_systems(read[one.named.path]) for each in one.certificates),
        ]
        own = own_authorities(clusters, together, users, issuers)
        refused = _refused(config.authorities, read)
        return Known(trust=trust, own=own, directories=config.directories, refused=refused)

    def _configured(self, sources: Sources, kubeconfigs: Collection[LoadedKubeconfig]) -> Configured:
        places = Places(
            kubeconfigs=tuple(each.path for each in kubeconfigs),
            directories=tuple(listing.path for listing in sources.listings),
            patterns=sources.components,
            layouts=sources.authorities,
            known=frozenset(each.path for each in kubeconfigs if each.content and each.content.clusters),
        )
        paths = self._found(patterns_of(places))
        first = configured(places, paths, self._loader.components)
        if not first.drop_ins:
            return first
        return configured(places, [*paths, *self._found(sorted(first.drop_ins))], self._loader.components)

    def _found(self, patterns: Iterable[str]) -> list[str]:
        found = globs.find(patterns, self._disk).paths
        return [path for paths in found.values() for path in paths]

    def _verified(self, loaded: Loaded, authorities: frozenset[bytes]) -> Verified:
        if loaded.leaf is None or loaded.parsed is None:
            return Verified()
        key = (loaded.leaf.certificate.fingerprint_sha256, authorities)
        if len(self._issued) > _MOST_ISSUED:
            self.begin()
        if key not in self._issued:
            known = self._issued_before.get(key)
            if known is None:
                chain = [each.der for each in loaded.parsed.certificates if each is not loaded.leaf]
                known = self._verify(loaded.leaf.der, chain, sorted(authorities), server=is_servers(loaded))
            self._issued[key] = known
        return self._issued[key]

    def _verify(self, leaf: bytes, chain: list[bytes], authorities: list[bytes], *, server: bool) -> Verified:
        try:
            return self._parser.verify(leaf, chain, authorities, server=server)
        except TooCostlyError:
            return Verified()


def _refused(named: Iterable[NamedAuthority], read: Mapping[str, Loaded]) -> dict[str, str]:
    """Return by resolved path why etcd refuses those of the *named* files that it is told to read."""
    found = [read[each.path] for each in named if each.etcd and each.path in read]
    said = {each.resolved: each.parsed.consumed.etcd for each in found if each.parsed and each.parsed.consumed}
    return {path: refusal for path, refusal in said.items() if refusal}
