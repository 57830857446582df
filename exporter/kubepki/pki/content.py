"""Looks at files and remembers what was parsed of them, keyed on the identity of the resolved file."""

import time
from collections.abc import Callable, Sequence
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
        self._used: dict[tuple[Identity, str], _Entry[Parsed]] = {}
        self._before: dict[tuple[str, str], Content[Parsed]] = {}
        self._contents: dict[tuple[str, str], Content[Parsed]] = {}
        # The paths of files that were read within a tick of their last change.
        self.unsettled: set[str] = set()

    def load(self, wanted: Sequence[tuple[str, str]]) -> list[Content[Parsed] | Fault]:
        """Return for each (path, variant) the file's content, or the fault of a path that leads to no file."""
        now, realtime = self._boottime(), self._realtime()
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
            self._used[key] = _Entry(parsed, first_seen, now)
        return [self._content(path, variant, answer) for (path, variant), answer in zip(wanted, answers, strict=True)]

    def begin(self, *, reread: bool) -> None:
        """Start a scan: forget what the last one did not use, and with *reread* everything."""
        self._entries = {} if reread else self._used
        self._before = {} if reread else self._contents
        self._used = {}
        self._contents = {}
        self.unsettled = set()

    def go_on(self) -> None:
        """Start a scan of a few files: forget nothing of the others."""
        self.unsettled = set()

    def _content(self, path: str, variant: str, answer: Looked | Fault) -> Content[Parsed] | Fault:
        if isinstance(answer, Fault):
            return answer
        if answer.fault is not None:
            return Content(answer.located, fault=answer.fault)
        key = (answer.located.identity, variant)
        entry = self._used.get(key) or self._entries[key]
        self._used[key] = entry
        if not entry.settled:
            self.unsettled.add(path)
        content = self._last(path, variant)
        if content is None or content.parsed is not entry.parsed or content.located != answer.located:
            content = Content(answer.located, parsed=entry.parsed)
        self._contents[path, variant] = content
        return content

    def _last(self, path: str, variant: str) -> Content[Parsed] | None:
        return self._contents.get((path, variant)) or self._before.get((path, variant))

    def _known(self, path: str, variant: str) -> Identity | None:
        """Return the identity under which the content of *path* is known and settled."""
        content = self._last(path, variant)
        if content is None:
            return None
        identity = content.located.identity
        entry = self._entry(identity, variant)
        return identity if entry is not None and entry.settled else None

    def _entry(self, identity: Identity, variant: str) -> _Entry[Parsed] | None:
        return self._used.get((identity, variant)) or self._entries.get((identity, variant))
