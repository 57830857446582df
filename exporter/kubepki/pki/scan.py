"""Disk -> Snapshot: finds, reads and judges the place of every PKI file of the host.

`Scanner.scan` always looks at everything; what it keeps between scans is only what was parsed of files that are
still the same. So a scan after any history of events equals a fresh one.
"""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from kubepki.config.time_zones import find_zone
from kubepki.disk.disk import Disk, Interrupted
from kubepki.model import Reason
from kubepki.pki import layout
from kubepki.pki.authorities import Authorities
from kubepki.pki.bootstrap import waiting
from kubepki.pki.departure import has_departed, kubelets
from kubepki.pki.ignored import Ignored
from kubepki.pki.kubeconfigs import link_directories, one_for_each_file, wanted_by
from kubepki.pki.loading import Loader
from kubepki.pki.lost_mounts import LostMounts, mounted, told_of
from kubepki.pki.parsing import Parser, ParserHere
from kubepki.pki.recalled import asked_kubeconfigs, recalled_files
from kubepki.pki.rescan import Seen, doubtful, places_of, touched
from kubepki.pki.results import Results
from kubepki.pki.scan_result import ScanResult
from kubepki.pki.sources import find_sources, listed_anew, with_directories
from kubepki.pki.states import Loaded, States, path_state
from kubepki.pki.table import Table
from kubepki.pki.wanted_paths import WantedPaths
from kubepki.settings import PkiSettings, ScanSettings


class Scanner:
    """Scans what the settings name; one thread at a time. *patience* is how many CPU seconds a scan may parse for."""

    def __init__(  # noqa: PLR0913 - settings, and what tests put in the place of the host
        self,
        pki: PkiSettings,
        scan: ScanSettings,
        *,
        password: bytes | None = None,
        patience: float = math.inf,
        parser: Parser | None = None,
        disk: Disk | None = None,
        boottime: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        interrupted: Callable[[], bool] = lambda: False,
        mounts: Callable[[], Sequence[str]] = mounted,
    ) -> None:
        self._pki = pki
        self._settings = scan
        self._interrupted = interrupted
        self._parser: Parser = parser or ParserHere()
        self._disk = disk or Disk()
        timezone = find_zone(pki.timezone)
        self._name_time = lambda name: layout.name_time(name, timezone)
        self._states = States(self._name_time)
        self._loader = Loader(
            self._disk,
            self._parser,
            scan,
            password=password,
            patience=patience,
            boottime=boottime,
            interrupted=interrupted,
        )
        self._mounts = LostMounts(self._disk, mounts)
        self._ignored = Ignored(pki.ignore, self._disk)
        self._authorities = Authorities(self._loader, self._parser, self._disk)
        self._table = Table(lambda each, standing: path_state(each, standing, self._name_time))
        self._results = Results(self._disk, self._states, self._table, self._authorities, scan.max_files)
        self._wanted = WantedPaths()
        self._seen: Seen | None = None
        # Whether the last scan came to its end: then all that is kept agrees, and what it did not ask for is nobody's.
        self._exact = True

    def scan(
        self,
        remembered: frozenset[str] = frozenset(),
        *,
        reread: bool = False,
        changed: frozenset[str] | None = None,
    ) -> ScanResult:
        """Return what the disk says now; what is *remembered* was seen before, and so is expected.

        *changed* are the paths, named by their real directories, of all that has changed since the last scan: then
        only these are looked at, and what depends on them. None means that anything may have changed.

        *remembered* are `-current.pem` links and what presets name. Where all of a kubelet's is gone together the host
        has left its cluster, and nothing is expected any more; where a mount is gone that held it, the host has not.
        With *reread*, nothing that was parsed before is trusted. Raises Interrupted between two steps once
        `interrupted` says so.
        """
        exact, self._exact = self._exact, False
        result = None
        if changed is not None and exact and not reread:
            result = self._look_at(changed, remembered)
        if result is None:
            if exact or reread:
                self._loader.begin(reread=reread)
                self._authorities.begin()
            result = self._look(remembered, reread=reread)
        if changed is None:
            self._mounts.note(result.current_links | result.optional)
        if has_departed(result.snapshot, remembered, self._exists):
            lost = self._mounts.lost(frozenset().union(*kubelets(remembered)))
            result = self._departed() if lost is None else replace(result, snapshot=told_of(result.snapshot, lost))
        self._exact = True
        return result

    def _departed(self) -> ScanResult:
        """Return the result of a host that has left its cluster: nothing is expected there."""
        self._loader.begin(reread=False)
        self._authorities.begin()
        return replace(self._look(frozenset(), reread=False), departed=True)

    def look_first(self) -> ScanResult | None:
        """Return what the last scan said, with the links that components present now as they are now.

        It asks as much of the disk as there are such links, whatever else lies there, and may follow a scan that was
        left. A link that is not there any more stands as it was: to tell that takes a scan. None where there was none.
        """
        seen = self._seen
        if seen is None:
            return None
        again = {path: each for path, each in seen.wanted.items() if path in self._results.first}
        found = {path: each for path, each in self._loader.files(again).items() if not _is_missing(each)}
        changed = set(found) if self._table.loaded is seen.loaded else None
        return self._finish(replace(seen, loaded={**seen.loaded, **found}), changed, first=found.keys())

    def _look(self, remembered: frozenset[str], *, reread: bool) -> ScanResult:
        if self._interrupted():
            raise Interrupted
        if reread:
            self._disk.forget()
        sources = find_sources(self._pki, self._disk, max_files=self._settings.max_files)
        every = asked_kubeconfigs(sources, remembered)
        left_out = self._ignored.among(each.path for each in every)
        asked = tuple(each for each in every if each.path not in left_out)
        kubeconfigs = one_for_each_file(self._loader.kubeconfigs(asked))
        links = (path for each in kubeconfigs for path in link_directories(each))
        sources = with_directories(sources, links, self._disk, max_files=self._settings.max_files)
        further = [wanted for each in kubeconfigs for wanted in wanted_by(each)]
        wanted = self._wanted.of(sources, further, layout.remembered_links(tuple(remembered)))
        left_out |= self._ignored.among(wanted)
        wanted = {path: each for path, each in wanted.items() if path not in left_out} if left_out else wanted
        loaded = {} if reread else self._loader.unmoved(wanted, self._table.loaded)
        loaded.update(self._loader.files({path: each for path, each in wanted.items() if path not in loaded}))
        recalled = recalled_files(sources, remembered - left_out, loaded)
        recalled = {path: recalled[path] for path in recalled.keys() - self._ignored.among(recalled)}
        wanted |= recalled
        loaded.update(self._loader.files(recalled))
        for path in (linked := self._ignored.linked(loaded, left_out)):
            del loaded[path], wanted[path]
        directories = self._wanted.directories()
        directories.update(path.rpartition("/")[0] or "/" for path in (*recalled, *(each.path for each in asked)))
        real = self._disk.real_directories(sorted(directories))
        places = places_of(real)
        return self._finish(
            Seen(
                remembered=remembered,
                sources=sources,
                asked=asked,
                kubeconfigs=kubeconfigs,
                further=further,
                wanted=wanted,
                ignored=self._disk.existing(sorted(left_out | linked)),
                loaded=loaded,
                places=places,
                guards=self._disk.guards(sorted(places)),
                missing=frozenset(wanted.keys() - loaded.keys()),
                recalled=recalled,
                doubtful=frozenset(),
            )
        )

    def _look_at(self, announced: frozenset[str], remembered: frozenset[str]) -> ScanResult | None:
        """Return what a scan of everything would, after a look at what *announced* paths touch; None where unsure."""
        seen = self._seen
        if seen is None or seen.remembered != remembered or self._ignored:
            return None
        found = touched(seen, announced, self._table)
        if found is None or any(self._disk.guards([each])[each] != seen.guards[each] for each in found.directories):
            return None
        if one_for_each_file(self._loader.kubeconfigs(seen.asked)) != seen.kubeconfigs:
            return None
        sources = listed_anew(seen.sources, found.listings, self._disk, max_files=self._settings.max_files)
        wanted, moved = seen.wanted, set[str]()
        if sources.listings != seen.sources.listings:
            wanted = self._wanted.of(sources, seen.further, layout.remembered_links(tuple(remembered))) | seen.recalled
            moved = {path for path in self._wanted.changed if wanted.get(path) != seen.wanted.get(path)}
        changed = moved | found.paths
        again = {path: wanted[path] for path in changed if path in wanted}
        loaded = dict(seen.loaded)
        former = [each for path in changed if (each := loaded.pop(path, None)) is not None]
        gone = {path for path in changed if path not in wanted}
        self._loader.leave(gone, (each for each in former if each.path in gone), self._table.keys)
        loaded.update(self._loader.files(again))
        if recalled_files(sources, remembered, loaded) or any(loaded[path].located for path in seen.recalled):
            # One that was there once has gone, or is back.
            return None
        missing = frozenset(path for path in seen.missing | changed if path in wanted and path not in loaded)
        return self._finish(replace(seen, sources=sources, wanted=wanted, loaded=loaded, missing=missing), changed)

    def _finish(
        self, seen: Seen, changed: set[str] | None = None, *, first: Collection[str] | None = None
    ) -> ScanResult:
        named = [each.path for each in seen.kubeconfigs]
        self._states.begin()
        self._table.become(seen.loaded, changed)
        together, plain = self._table.parted(named)
        together |= waiting(together, seen.sources.listings, named, seen.remembered, self._disk)
        unsettled = self._loader.unsettled
        result = replace(
            self._results.of(seen, together, plain, first),
            unsettled=bool(unsettled),
            postponed=bool(self._loader.postponed),
        )
        self._seen = replace(
            seen,
            doubtful=doubtful(seen, self._table, unsettled),
        )
        return result

    def parsing(self) -> Mapping[str, float]:
        """Return the path that is being parsed and since when (monotonic seconds); for any thread."""
        return self._loader.parsing()

    def close(self) -> None:
        """End what is kept for further scans."""
        self._parser.close()
        self._disk.close()

    def _exists(self, path: str) -> bool:
        return bool(self._disk.existing((path,)))


def _is_missing(loaded: Loaded) -> bool:
    return loaded.fault is not None and loaded.fault.reason is Reason.MISSING
