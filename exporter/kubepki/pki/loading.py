"""Wanted paths -> what the disk gave and what it holds: many files at a time, each read and parsed when it is new."""

import itertools
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kubepki.disk.disk import Disk, Interrupted
from kubepki.formats.parsed import Container, Parsed, ParsedFile
from kubepki.model import Fault, Reason
from kubepki.pki import layout
from kubepki.pki.configurations import Configurations
from kubepki.pki.content import Content, ContentCache, New
from kubepki.pki.parsing import Parser, TooCostlyError, too_costly
from kubepki.pki.room import Room
from kubepki.pki.states import Loaded, key_path
from kubepki.pki.turns import turn
from kubepki.pki.unmoved import marks_of
from kubepki.pki.wanted import Content as Expected
from kubepki.pki.wanted import Wanted
from kubepki.settings import ScanSettings

# So many that the questions cost little, so few that their files fit into memory.
_AT_A_TIME = 32
_PKCS12 = "pkcs12"
# CPU time of which any file may have some: far more than most take.
_USUAL_SECONDS = 0.002


class Loader:
    """Loads files and kubeconfigs; keeps what was parsed of those that are still the same. For one thread at a time."""

    def __init__(  # noqa: PLR0913 - what it asks, and what bounds it
        self,
        disk: Disk,
        parser: Parser,
        settings: ScanSettings,
        *,
        password: bytes | None,
        patience: float = math.inf,
        boottime: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._disk = disk
        self._parser = parser
        self._password = password
        self._patience = patience
        self._until = math.inf
        # What the scan had no time for: it stands as it was, and the next scan looks at it.
        self.postponed: set[str] = set()
        self._waiting: frozenset[str] = frozenset()
        self._interrupted = interrupted
        self._parsed: list[str] = []
        self._kept: dict[str, tuple[Content[ParsedFile], Loaded]] = {}
        self._asked: set[str] = set()
        self._pairs: dict[str, tuple[Loaded, Loaded, Loaded]] = {}
        self._room = Room()
        limit = settings.max_file_size
        self._files: ContentCache[ParsedFile] = ContentCache(
            self._parse_files, admit=self._room.admit, disk=disk, limit=limit, boottime=boottime
        )
        self._configurations = Configurations(disk, parser, limit=limit, boottime=boottime, parsed=self._parsed)
        self.kubeconfigs = self._configurations.kubeconfigs
        self.components = self._configurations.components

    def begin(self, *, reread: bool) -> None:
        """Start a scan; with *reread*, nothing that was parsed before is trusted."""
        for path in self._kept.keys() - self._asked:
            del self._kept[path]
            self._pairs.pop(path, None)
        self._asked = set()
        self._files.begin(reread=reread)
        self._configurations.begin(reread=reread)

    @property
    def unsettled(self) -> frozenset[str]:
        """The paths of files that were last read within a tick of their last change, or are postponed."""
        return frozenset(self._files.unsettled | self._configurations.unsettled | self.postponed)

    def parsing(self) -> Mapping[str, float]:
        """Return the path that is being parsed and since when (monotonic seconds); for any thread."""
        paths, at = self._parsed, self._parser.working
        return {} if at is None or at[0] >= len(paths) else {paths[at[0]]: at[1]}

    def unmoved(self, wanted: Mapping[str, Wanted], loaded: Mapping[str, Loaded]) -> dict[str, Loaded]:
        """Return those of *loaded* that are wanted as before and whose files, and separate keys, are the same."""
        marked = marks_of(wanted, loaded, self._key_of, self._files.unsettled | self.postponed)
        moved = self._disk.moved([mark for marks in marked.values() for mark in marks])
        still = [path for path, marks in marked.items() if moved.isdisjoint([mark[0] for mark in marks])]
        for paths in (still, [mark[0] for path in still for mark in marked[path][1:]]):
            self._asked.update(paths)
            self._files.keep(paths)
        return {path: loaded[path] for path in still}

    def leave(self, paths: Collection[str], loaded: Iterable[Loaded], keys: Mapping[str, frozenset[str]]) -> None:
        """Forget *paths*, which nobody asks for any more; *loaded* are those of them that were there.

        *keys* are the separate keys of all files.
        """
        of_loaded = {each.path: key_path(each) for each in loaded}
        gone = {*paths, *(key for key in of_loaded.values() if key is not None and keys[key] <= of_loaded.keys())}
        self._files.unsettled -= gone
        self._asked -= gone
        for path in gone:
            self._kept.pop(path, None)
            self._pairs.pop(path, None)
        self._files.forget([_part(path) for path in gone])
        self._configurations.forget_leftovers()

    def _key_of(self, loaded: Loaded) -> Loaded | None:
        """Return what the separate key of *loaded* was, None where it has none."""
        pair = self._pairs.get(loaded.path)
        return pair[1] if pair is not None and pair[2] is loaded else None

    def files(self, wanted: Mapping[str, Wanted]) -> dict[str, Loaded]:
        """Return what each path leads to, with its separate key; nothing where it vanished and is not expected.

        Once parsing has taken the CPU time that a scan may take, what was known of the other files stands.
        """
        if self._room.is_tight:
            # What a scan had no time for stands, though the cache has it no more.
            kept = ((path, content.parsed) for path, (content, _) in self._kept.items())
            self._room.count([*self._files.held(), *((path, file) for path, file in kept if file is not None)])
        self._waiting, self.postponed = frozenset(self.postponed), self.postponed - wanted.keys()
        self._until = self._parser.spent + self._patience + _USUAL_SECONDS * len(wanted)
        found = {each.path: each for each in self._load(wanted.values())}
        key_paths = {each.path: path for each in found.values() if (path := key_path(each)) is not None}
        # A key costs little, and without it its certificate would be judged wrongly.
        self._until = math.inf
        keys = {
            each.path: each
            for each in self._load(Wanted(path=path, content=Expected.KEY) for path in sorted({*key_paths.values()}))
        }
        for path, of_key in key_paths.items():
            key = keys.get(of_key)
            if key is not None:
                found[path] = self._pair(found[path], key)
        return found

    def _load(self, wanted: Iterable[Wanted]) -> Iterator[Loaded]:
        left = list(wanted)
        self._asked.update([each.path for each in left])
        # What components present now is looked at before anything else, and what may cost much after it.
        left.sort(key=lambda each: turn(each, self._waiting))
        coming = itertools.chain(self._files.stream(self._parts(left)), itertools.repeat(None))
        for each, content in zip(left, coming, strict=False):
            if content is None:
                self.postponed.add(each.path)
                if (known := self._kept.get(each.path)) is not None:
                    yield known[1]
            elif not isinstance(content, Fault):
                yield self._keep(each, content)
            elif content.reason is not Reason.MISSING or each.expected:
                yield Loaded(wanted=each, fault=content)

    def _parts(self, wanted: Sequence[Wanted]) -> Iterator[list[tuple[str, str]]]:
        self._parsed.clear()
        for start in range(0, len(wanted), _AT_A_TIME):
            if self._interrupted():
                raise Interrupted
            part = wanted[start : start + _AT_A_TIME]
            yield [_part(each.path) for each in part]

    def _keep(self, wanted: Wanted, content: Content[ParsedFile]) -> Loaded:
        """Return what was loaded; the same object for as long as it is the same."""
        known = self._kept.get(wanted.path)
        if known is None or known[0] is not content or known[1].wanted != wanted:
            known = (content, _loaded(wanted, content))
            self._kept[wanted.path] = known
        return known[1]

    def _pair(self, loaded: Loaded, key: Loaded) -> Loaded:
        """Return *loaded* with its separate key; the same object for as long as both are the same."""
        known = self._pairs.get(loaded.path)
        if known is None or known[0] is not loaded or known[1] != key:
            unread = key.fault is not None or bool(key.parsed and key.parsed.faults)
            known = (loaded, key, replace(loaded, key=key.parsed, key_unread=unread))
            self._pairs[loaded.path] = known
        return known[2]

    def _parse_files(self, files: Iterable[New]) -> Iterator[ParsedFile]:
        for each in self._parser.read_files(self._contents_of(files), self._password):
            yield ParsedFile(parsed=Parsed(faults=(too_costly(each),))) if isinstance(each, TooCostlyError) else each
            if self._parser.spent > self._until:
                return

    def _contents_of(self, files: Iterable[New]) -> Iterator[tuple[bytes, Container]]:
        for each in files:
            self._parsed.append(each.path)
            yield each.data, Container.PKCS12 if each.variant else Container.PEM_OR_DER


def _part(path: str) -> tuple[str, str]:
    return path, _PKCS12 if layout.is_pkcs12_name(path) else ""


def _loaded(wanted: Wanted, content: Content[ParsedFile]) -> Loaded:
    located = content.located
    mtime = located.identity.mtime
    if content.parsed is None:
        return Loaded(wanted=wanted, located=located, mtime=mtime, fault=content.fault)
    file = content.parsed
    return Loaded(wanted=wanted, located=located, mtime=mtime, parsed=file.parsed, anchor=file.anchor)
