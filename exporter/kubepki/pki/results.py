"""What was seen -> the result of a scan; asks the disk for what only the result tells."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache

from kubepki.disk.disk import Disk
from kubepki.model import PathState
from kubepki.pki import layout
from kubepki.pki.apiserver import api_server
from kubepki.pki.authorities import Authorities
from kubepki.pki.issued import Issued, presented
from kubepki.pki.kubeconfigs import LoadedKubeconfig, client_links, kubeconfig_state, token_file
from kubepki.pki.limits import most_certificates, remember, within
from kubepki.pki.recalled import worth_remembering
from kubepki.pki.rescan import Seen
from kubepki.pki.scan_result import (
    ScanResult,
    authority_fingerprints,
    current_links,
    is_current,
    possible_links,
    watched_directories,
)
from kubepki.pki.snapshots import Context, assemble, with_superseded
from kubepki.pki.states import Loaded, States
from kubepki.pki.succession import followed
from kubepki.pki.table import Table
from kubepki.pki.trust_stores import foreign


class Results:
    """Makes results; one thread at a time."""

    def __init__(self, disk: Disk, states: States, table: Table, authorities: Authorities, max_files: int) -> None:
        self._disk = disk
        self._states = states
        self._table = table
        self._authorities = authorities
        self._max_files = max_files
        self._link_places: frozenset[str] = frozenset()
        # The links that components present now, no more than a host can have.
        self.first: frozenset[str] = frozenset()

    def of(
        self, seen: Seen, together: dict[str, Loaded], plain: dict[str, PathState], changed: Collection[str] | None
    ) -> ScanResult:
        """Return the result of what is judged *together*, and of what is *plain*; it is settled, and nothing postponed.

        Where only links are *changed*, the disk is asked about no others.
        """
        sources, kubeconfigs = seen.sources, seen.kubeconfigs
        loaded = {**seen.loaded, **together}
        known = self._authorities.known(sources, kubeconfigs, loaded, together.values(), self._table.issuers)
        shown = cache(lambda: frozenset((*self._table.presented, *presented(together.values(), kubeconfigs))))
        real = self._disk.real_directories(sorted({each.directory for each in together.values()}))
        context = Context(
            state=self._states.of,
            candidate=self._states.candidate,
            proof=known.trust.proof,
            foreign=lambda each: foreign(each, known.own, sources.trust_stores),
            followed=lambda each: followed(each.parsed.certificates, shown) if each.parsed else frozenset(),
            authorities=authority_fingerprints(kubeconfigs, together.values()),
            real_directory=real.__getitem__,
        )
        links = client_links(together.values())
        tokens = sorted({path for each in kubeconfigs if (path := token_file(each)) is not None})
        absent = {path for path, found in zip(tokens, self._disk.files(tokens), strict=True) if found is False}
        states = [_without_followed(kubeconfig_state(each, loaded, links, absent), each, shown) for each in kubeconfigs]
        snapshot = known.judged(assemble(sources, together, plain, states, context), loaded)
        current = current_links(together.values())
        if changed is None:
            self._link_places = self._disk.link_places(possible_links(sources, together))
            self.first = layout.remembered_links(tuple(remember(seen.remembered, current))) & together.keys()
        else:
            self._link_places |= self._disk.link_places(changed)
        return ScanResult(
            snapshot=replace(
                within(snapshot, most_certificates(self._max_files)),
                ignored=len(seen.ignored),
                left_out=tuple(sorted(seen.ignored)),
                distributions=sources.distributions,
                directories=tuple(listing.path for listing in sources.listings),
            ),
            current_links=current,
            first=frozenset(path for link in self.first for path in _places(together[link], real)),
            optional=worth_remembering(sources, kubeconfigs, loaded),
            directories=watched_directories(
                sources, {*self._table.directories(), *(each.directory for each in together.values())}
            )
            | self._link_places
            | known.directories,
            configured=tuple(listing.path for listing in sources.listings),
            apiserver=api_server(kubeconfigs, loaded),
            issued=known.issued(each for each in together.values() if is_current(each)),
        )


def _without_followed(
    state: PathState, kubeconfig: LoadedKubeconfig, shown: Callable[[], Collection[Issued]]
) -> PathState:
    """Return the *state* of a kubeconfig, in which an embedded CA that another one has followed is superseded."""
    clusters = kubeconfig.content.clusters if kubeconfig.content else ()
    old = {each for cluster in clusters for each in followed(cluster.certificates, shown)}
    return with_superseded(state, old)


def _places(link: Loaded, real: Mapping[str, str]) -> tuple[str, ...]:
    """Return by their real directories the link and the file that it leads to."""
    own = f"{real[link.directory].rstrip('/')}/{link.name}"
    return (own,) if link.located is None else (own, link.located.resolved)
