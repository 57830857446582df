"""Looks at files and remembers what was parsed of them, keyed on the identity of the resolved file."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kubepki.disk.disk import Disk
from kubepki.disk.located import Identity, Located, Looked
from kubepki.model import Fault

Parsed = TypeVar("Parsed")

# A file system stamps changes with the kernel's tick (10 ms at most). A second change within the tick of the first
# leaves the same identity, so what was read that early is read once more: unless its stamp is another time than now,
# which a second change would get.
_TICK_SECONDS = 0.05
_ANOTHER_TIME_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Parsed]):
    parsed: Parsed
    first_seen: float
    read: float

    @property
    def settled(self) -> bool:
        return self.read - self.first_seen >= _TICK_SECONDS


@dataclass(frozen=True, slots=True)
class Content(Generic[Parsed]):
    """Where a path leads, and what was parsed of the file; or the fault that kept it from being read.

    It is the same object for as long as the file is the same.
    """

    located: Located
    parsed: Parsed | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class New:
    """A file whose bytes are to be parsed; `variant` tells apart two ways of parsing the same bytes."""

    path: str
    data: bytes
    variant: str


class ContentCache(Generic[Parsed]):
    """What `parse` made of each file's bytes, for as long as the file stays the same and is asked for at each scan.

    `parse` gets many files at once.
    """

    def __init__(
        self,
        parse: Callable[[Sequence[New]], Sequence[Parsed]],
        *,
        disk: Disk,
        limit: int,
        boottime: Callable[[], float],
        realtime: Callable[[], float] = time.time,
    ) -> None:
        self._parse = parse
        self._disk = disk
        self._limit = limit
        self._boottime = boottime
        self._realtime = realtime
        self._entries: dict[tuple[Identity, str], _Entry[Parsed]] = {}
        # By path; with the variant behind it where there is one.
        self._contents: dict[str, Content[Parsed]] = {}
        self._asked: set[str] = set()
        # Whether some of the entries may be nobody's any more.
        self._has_leftovers = False
        # The paths of files that were last read within a tick of their last change.
        self.unsettled: set[str] = set()

    def load(self, wanted: Sequence[tuple[str, str]]) -> list[Content[Parsed] | Fault]:
        """Return for each (path, variant) the file's content, or the fault of a path that leads to no file."""
        now, realtime = self._boottime(), self._realtime()
        self._asked.update([_key(path, variant) for path, variant in wanted])
        answers = self._disk.look([(path, self._known(path, variant)) for path, variant in wanted], self._limit)
        fresh: dict[tuple[Identity, str], New] = {}
        for (path, variant), answer in zip(wanted, answers, strict=True):
            if isinstance(answer, Looked) and answer.data is not None:
                key = (answer.located.identity, variant)
                known = self._entry(*key)
                if known is None or not known.settled:
                    fresh[key] = New(path, answer.data, variant)
        for key, parsed in zip(fresh, self._parse(tuple(fresh.values())) if fresh else (), strict=True):
            known = self._entry(*key)
            first_seen = known.first_seen if known else now
            if abs(key[0].ctime_ns / 1e9 - realtime) > _ANOTHER_TIME_SECONDS:
                first_seen = min(first_seen, now - 2 * _TICK_SECONDS)
            self._entries[key] = _Entry(parsed, first_seen, now)
        return [self._content(path, variant, answer) for (path, variant), answer in zip(wanted, answers, strict=True)]

    def begin(self, *, reread: bool) -> None:
        """Start a scan: forget what the last one did not ask for, and with *reread* everything."""
        gone = self._contents.keys() - self._asked
        for key in gone:
            del self._contents[key]
        if reread:
            self._contents, self._entries = {}, {}
        elif gone or self._has_leftovers:
            used = {(each.located.identity, _variant(key)) for key, each in self._contents.items()}
            self._entries = {key: entry for key, entry in self._entries.items() if key in used}
        self._has_leftovers = False
        self.unsettled = set() if reread else {path for path in self.unsettled if path in self._asked}
        self._asked = set()

    def keep(self, paths: Iterable[str]) -> None:
        """Keep what is known of *paths*, without a variant, as if they had been asked for: their files are the same."""
        self._asked.update(paths)

    def _content(self, path: str, variant: str, answer: Looked | Fault) -> Content[Parsed] | Fault:
        key = _key(path, variant)
        self.unsettled.discard(path)
        if isinstance(answer, Fault) or answer.fault is not None:
            self._has_leftovers = self._contents.pop(key, None) is not None or self._has_leftovers
            return answer if isinstance(answer, Fault) else Content(answer.located, fault=answer.fault)
        entry = self._entries[answer.located.identity, variant]
        if not entry.settled:
            self.unsettled.add(path)
        content = self._contents.get(key)
        if content is None or content.parsed is not entry.parsed or content.located != answer.located:
            self._has_leftovers = True
            content = Content(answer.located, parsed=entry.parsed)
            self._contents[key] = content
        return content

    def _known(self, path: str, variant: str) -> Identity | None:
        """Return the identity under which the content of *path* is known and settled."""
        content = self._contents.get(_key(path, variant))
        if content is None:
            return None
        identity = content.located.identity
        entry = self._entry(identity, variant)
        return identity if entry is not None and entry.settled else None

    def _entry(self, identity: Identity, variant: str) -> _Entry[Parsed] | None:
        return self._entries.get((identity, variant))


def _key(path: str, variant: str) -> str:
    return f"{path}\0{variant}" if variant else path


def _variant(key: str) -> str:
    return key.partition("\0")[2]
