"""Disk -> Snapshot: finds, reads and judges the place of every PKI file of the host.

`Scanner.scan` always looks at everything; what it keeps between scans is only what was parsed of files that are
still the same. So a scan after any history of events equals a fresh one.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from kubepki.config.paths import matches_any
from kubepki.config.time_zones import find_zone
from kubepki.formats.kubeconfig import Kubeconfig, ReferenceKind
from kubepki.formats.parsed import Container, Parsed, ParsedFile
from kubepki.model import Fault, Link, Reason, Snapshot, Usage
from kubepki.pki import disk, layout
from kubepki.pki.apiserver import ApiServer, api_server
from kubepki.pki.content import ContentCache
from kubepki.pki.departure import has_departed
from kubepki.pki.kubeconfigs import LoadedKubeconfig, kubeconfig_state, one_for_each_file, wanted_by
from kubepki.pki.located import Located
from kubepki.pki.parsing import Parser, ParserHere, TooCostlyError
from kubepki.pki.snapshots import Context, assemble, wanted_paths
from kubepki.pki.sources import find_sources
from kubepki.pki.states import Loaded
from kubepki.pki.wanted import Content, Sources, Wanted
from kubepki.settings import PkiSettings, ScanSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """A snapshot and what else the scan learned.

    `current_links` are the `-current.pem` links that were there, `optional` the kubeconfigs that need not be and are;
    `departed` means that all that was remembered is gone, as after `kubeadm reset`. `directories` are those whose
    changes matter, and `configured` the directories of certificates as the settings name them; `unsettled` means that a
    file was read within a tick of its last change and should be looked at once more soon. `issued` says of each
    `-current.pem` with a certificate whether a CA of a kubeconfig issued it; None where no kubeconfig gives a CA.
    """

    snapshot: Snapshot
    current_links: frozenset[str]
    optional: frozenset[str] = frozenset()
    departed: bool = False
    directories: frozenset[str]
    configured: tuple[str, ...]
    apiserver: ApiServer | None
    unsettled: bool
    issued: Mapping[str, bool] | None


class ScanInterrupted(Exception):  # noqa: N818 - no error: it was asked for
    """A scan was left, for nobody wants its result any more."""


class Scanner:
    """Scans what the settings name; one thread at a time."""

    def __init__(  # noqa: PLR0913 - settings, and what tests put in the place of the host
        self,
        pki: PkiSettings,
        scan: ScanSettings,
        *,
        password: bytes | None = None,
        parser: Parser | None = None,
        boottime: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._pki = pki
        self._settings = scan
        self._interrupted = interrupted
        self._password = password
        self._parser: Parser = parser or ParserHere()
        self._timezone = find_zone(pki.timezone)
        limit = scan.max_file_size
        self._files = ContentCache(self._parse_file, limit=limit, boottime=boottime)
        self._kubeconfigs = ContentCache(self._parse_kubeconfig, limit=limit, boottime=boottime)
        self._issued: dict[tuple[str, frozenset[bytes]], bool] = {}
        self._issued_before = self._issued

    def scan(self, remembered: frozenset[str] = frozenset(), *, reread: bool = False) -> ScanResult:
        """Return what the disk says now; what is *remembered* was seen before, and so is expected.

        *remembered* are `-current.pem` links and optional kubeconfigs. Where all of them are gone together the host has
        left its cluster, and nothing is expected any more.
        With *reread*, nothing that was parsed before is trusted. Raises ScanInterrupted between two files once
        `interrupted` says so.
        """
        result = self._look(remembered, reread=reread)
        if not has_departed(result.snapshot, remembered, disk.exists):
            return result
        return replace(self._look(frozenset(), reread=False), departed=True)

    def _look(self, remembered: frozenset[str], *, reread: bool) -> ScanResult:
        self._files.begin(reread=reread)
        self._kubeconfigs.begin(reread=reread)
        # What this scan does not ask for is forgotten with the next, or each rotation would leave something behind.
        self._issued_before, self._issued = self._issued, {}
        sources = find_sources(self._pki, max_files=self._settings.max_files)
        ignored: set[str] = set()
        read = (
            self._load_kubeconfig(each.path, optional=each.optional and each.path not in remembered)
            for each in sources.kubeconfigs
            if not self._ignores(each.path, ignored)
        )
        kubeconfigs = one_for_each_file([each for each in read if each is not None])
        further = [wanted for each in kubeconfigs for wanted in wanted_by(each)]
        loaded = {
            path: self._with_key(found)
            for path, wanted in wanted_paths(sources, further, layout.remembered_links(tuple(remembered))).items()
            if not self._ignores(path, ignored) and (found := self._load(wanted)) is not None
        }
        authorities = _authority_ders(kubeconfigs, loaded)
        context = Context(
            name_time=lambda name: layout.name_time(name, self._timezone),
            trusted=lambda each: self._is_trusted(each, authorities),
            proved=bool(authorities),
            authorities=_authority_fingerprints(kubeconfigs, loaded),
            real_directory=disk.real_directory,
        )
        states = [kubeconfig_state(each, loaded) for each in kubeconfigs]
        return ScanResult(
            snapshot=replace(
                assemble(sources, loaded, states, context),
                ignored=len(ignored),
                distributions=sources.distributions,
            ),
            current_links=_current_links(loaded.values()),
            optional=frozenset(each.path for each in sources.kubeconfigs if each.optional)
            & frozenset(each.path for each in kubeconfigs if each.fault is None),
            directories=_directories(sources, loaded.values()),
            configured=tuple(listing.path for listing in sources.listings),
            apiserver=api_server(kubeconfigs, loaded),
            unsettled=self._files.unsettled or self._kubeconfigs.unsettled,
            issued={each.path: self._is_trusted(each, authorities) for each in loaded.values() if _is_current(each)}
            if authorities
            else None,
        )

    def close(self) -> None:
        """End what is kept for further scans."""
        self._parser.close()

    def _ignores(self, path: str, ignored: set[str]) -> bool:
        """Return whether the operator left *path* out; add it to *ignored* where there is such a file."""
        if not matches_any(self._pki.ignore, path):
            return False
        if disk.exists(path):
            ignored.add(path)
        return True

    def _parse_file(self, data: bytes, variant: str) -> ParsedFile:
        container = Container.PKCS12 if variant else Container.PEM_OR_DER
        try:
            return self._parser.read_file(data, self._password, container)
        except TooCostlyError as error:
            return ParsedFile(parsed=Parsed(faults=(_too_costly(error),)))

    def _parse_kubeconfig(self, data: bytes, _variant: str) -> Kubeconfig:
        try:
            return self._parser.read_kubeconfig(data)
        except TooCostlyError as error:
            return Kubeconfig(faults=(_too_costly(error),))

    def _load(self, wanted: Wanted) -> Loaded | None:
        """Return what *wanted* leads to; None where it is not expected and vanished since it was listed."""
        if self._interrupted():
            raise ScanInterrupted
        located = disk.locate(wanted.path)
        if isinstance(located, Fault):
            if located.reason is Reason.MISSING and not wanted.expected:
                return None
            return Loaded(wanted=wanted, fault=located)
        found = self._files.load(located, "pkcs12" if layout.is_pkcs12_name(wanted.path) else "")
        if isinstance(found, Fault):
            return Loaded(wanted=wanted, located=located, mtime=located.identity.mtime, fault=found)
        identity, file = found
        located = replace(located, identity=identity)
        return Loaded(wanted=wanted, located=located, mtime=identity.mtime, parsed=file.parsed, anchor=file.anchor)

    def _with_key(self, loaded: Loaded) -> Loaded:
        """Return *loaded* with the content of its separate key file, where it has one that can be read."""
        if loaded.leaf is None or (loaded.parsed and loaded.parsed.keys):
            return loaded
        key_path = loaded.wanted.key_path
        if key_path is None:
            sibling = layout.sibling_key_name(loaded.name)
            if sibling is None or layout.holds_key_by_nature(loaded.name):
                return loaded
            key_path = f"{loaded.directory.rstrip('/')}/{sibling}"
        key = self._load(Wanted(path=key_path, content=Content.KEY))
        if key is None:
            return loaded
        return replace(
            loaded, key=key.parsed, key_unread=key.fault is not None or bool(key.parsed and key.parsed.faults)
        )

    def _load_kubeconfig(self, path: str, *, optional: bool) -> LoadedKubeconfig | None:
        located = disk.locate(path)
        if isinstance(located, Fault):
            if optional and located.reason is Reason.MISSING:
                return None
            return LoadedKubeconfig(path=path, fault=located)
        found = self._kubeconfigs.load(located)
        link = _plain_link(located)
        if isinstance(found, Fault):
            return LoadedKubeconfig(path=path, resolved=located.resolved, fault=found, link=link)
        return LoadedKubeconfig(path=path, resolved=located.resolved, content=found[1], link=link)

    def _is_trusted(self, loaded: Loaded, authorities: frozenset[bytes]) -> bool:
        if not authorities or loaded.leaf is None or loaded.parsed is None:
            return True
        key = (loaded.leaf.certificate.fingerprint_sha256, authorities)
        if key not in self._issued:
            known = self._issued_before.get(key)
            if known is None:
                chain = [each.der for each in loaded.parsed.certificates[1:]]
                known = self._verify(loaded.leaf.der, chain, sorted(authorities))
            self._issued[key] = known
        return self._issued[key]

    def _verify(self, leaf: bytes, chain: list[bytes], authorities: list[bytes]) -> bool:
        try:
            return self._parser.is_issued(leaf, chain, authorities)
        except TooCostlyError:
            return False


def _too_costly(error: TooCostlyError) -> Fault:
    return Fault(reason=Reason.TOO_COSTLY, detail=str(error))


def _plain_link(located: Located) -> Link | None:
    if not located.is_link:
        return None
    return Link(target=located.resolved, target_mtime=located.identity.mtime, target_name_time=None)


def _authority_ders(kubeconfigs: Iterable[LoadedKubeconfig], loaded: Mapping[str, Loaded]) -> frozenset[bytes]:
    """Return the certificates of the CAs that kubeconfigs trust: embedded and in files."""
    found: set[bytes] = set()
    for kubeconfig in kubeconfigs:
        if kubeconfig.content is None:
            continue
        found.update(each.der for cluster in kubeconfig.content.clusters for each in cluster.certificates)
        for reference in kubeconfig.content.references:
            named = loaded.get(kubeconfig.resolve(reference.path) or "") if reference.kind is ReferenceKind.CA else None
            if named is not None and named.parsed is not None:
                found.update(each.der for each in named.parsed.certificates)
    return frozenset(found)


def _authority_fingerprints(kubeconfigs: Iterable[LoadedKubeconfig], loaded: Mapping[str, Loaded]) -> frozenset[str]:
    """Return the fingerprints of all CAs that this host holds in CA files and kubeconfigs."""
    found: set[str] = set()
    for each in loaded.values():
        if each.leaf is not None and each.parsed is not None and each.leaf.certificate.usage is Usage.CA:
            found.update(one.certificate.fingerprint_sha256 for one in each.parsed.certificates)
    for kubeconfig in kubeconfigs:
        for cluster in kubeconfig.content.clusters if kubeconfig.content else ():
            found.update(each.certificate.fingerprint_sha256 for each in cluster.certificates)
    return frozenset(found)


def _is_current(loaded: Loaded) -> bool:
    return loaded.leaf is not None and layout.current_prefix(loaded.name) is not None


def _current_links(loaded: Iterable[Loaded]) -> frozenset[str]:
    return frozenset(each.path for each in loaded if layout.current_prefix(each.name) is not None and _is_link(each))


def _is_link(loaded: Loaded) -> bool:
    if loaded.located is not None:
        return loaded.located.is_link
    return loaded.fault is not None and loaded.fault.reason in {Reason.DANGLING, Reason.SYMLINK_LOOP}


def _directories(sources: Sources, loaded: Iterable[Loaded]) -> frozenset[str]:
    """Return the directories in which a change may change the snapshot."""
    found = {listing.path for listing in sources.listings}
    found.update(sources.glob_bases)
    found.update(each.path.rpartition("/")[0] or "/" for each in sources.kubeconfigs)
    for kubeconfig in sources.kubeconfigs:
        found.update(disk.link_places(kubeconfig.path))
    for each in loaded:
        found.add(each.directory)
        if each.located is None or each.located.is_link:
            found.update(disk.link_places(each.path))
    return frozenset(found)
