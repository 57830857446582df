"""What one scan returns, and what of it follows from all that was loaded. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubepki.model import Proof, Reason, Snapshot, Usage
from kubepki.pki import layout
from kubepki.pki.apiserver import ApiServer
from kubepki.pki.kubeconfigs import LoadedKubeconfig
from kubepki.pki.states import Loaded
from kubepki.pki.wanted import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """A snapshot and what else the scan learned.

    `current_links` are the `-current.pem` links that were there, `optional` the kubeconfigs that need not be and are;
    `departed` means that all that was remembered is gone, as after `kubeadm reset`. `directories` are those whose
    changes matter, and `configured` the directories of certificates as the settings name them; `unsettled` means that a
    file was read within a tick of its last change and should be looked at once more soon, or that some were
    `postponed`, for those before them took long. `issued` says of each
    `-current.pem` with a certificate which CA issued it, or that none did that is known; None where none is known.
    `first` are the paths, by their real directories, of which a change cannot wait: links that components present now,
    and what they lead to.
    """

    snapshot: Snapshot
    current_links: frozenset[str]
    first: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    departed: bool = False
    directories: frozenset[str]
    configured: tuple[str, ...]
    apiserver: ApiServer | None
    unsettled: bool = False
    postponed: bool = False
    issued: Mapping[str, Proof] | None


def authority_fingerprints(kubeconfigs: Iterable[LoadedKubeconfig], loaded: Iterable[Loaded]) -> frozenset[str]:
    """Return the fingerprints of all CAs that this host holds in CA files and kubeconfigs."""
    found: set[str] = set()
    for each in loaded:
        if each.leaf is not None and each.parsed is not None and each.leaf.certificate.usage is Usage.CA:
            found.update(one.certificate.fingerprint_sha256 for one in each.parsed.certificates)
    for kubeconfig in kubeconfigs:
        for cluster in kubeconfig.content.clusters if kubeconfig.content else ():
            found.update(each.certificate.fingerprint_sha256 for each in cluster.certificates)
    return frozenset(found)


def is_current(loaded: Loaded) -> bool:
    """Return whether *loaded* is a `-current.pem` with a certificate."""
    return loaded.leaf is not None and layout.current_prefix(loaded.name) is not None


def current_links(loaded: Iterable[Loaded]) -> frozenset[str]:
    """Return the paths of the `-current.pem` links, also of those that lead nowhere."""
    return frozenset(each.path for each in loaded if layout.current_prefix(each.name) is not None and _is_link(each))


def _is_link(loaded: Loaded) -> bool:
    if loaded.located is not None:
        return loaded.located.is_link
    return loaded.fault is not None and loaded.fault.reason in {Reason.DANGLING, Reason.SYMLINK_LOOP}


def watched_directories(sources: Sources, loaded: Iterable[str]) -> frozenset[str]:
    """Return the directories in which a change may change the snapshot, but for those of links' targets.

    *loaded* are those of what was loaded.
    """
    found = {listing.path for listing in sources.listings}
    found.update(sources.glob_bases)
    found.update(each.path.rpartition("/")[0] or "/" for each in sources.kubeconfigs)
    found.update(loaded)
    return frozenset(found)


def possible_links(sources: Sources, loaded: Mapping[str, Loaded]) -> list[str]:
    """Return the paths that are links or may be."""
    links = (each.path for each in loaded.values() if each.located is None or each.located.is_link)
    return [*(each.path for each in sources.kubeconfigs), *links]
