"""Looks at files and remembers what was parsed of them, keyed on the identity of the resolved file."""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
# More entries that nobody has any more are looked for, which costs a look at all.
_MOST_LEFT_OVER = 64


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


_Key = tuple[Identity, str]


@dataclass(slots=True)
class _Look:
    """What the disk said of some paths; `unread` of the files that it gave are not parsed yet."""

    wanted: Sequence[tuple[str, str]]
    answers: Sequence[Looked | Fault]
    unread: int


class ContentCache(Generic[Parsed]):
    """What `parse` made of each file's bytes, for as long as the file stays the same and is asked for at each scan.

    `admit` gives what is kept of a path's new content, which takes the place of a former one.

    `parse` gets many files at once, and may take some before it gives what others hold.
    """

    def __init__(  # noqa: PLR0913 - what it asks, and the clocks
        self,
        parse: Callable[[Iterable[New]], Iterable[Parsed]],
        *,
        disk: Disk,
        limit: int,
        boottime: Callable[[], float],
        realtime: Callable[[], float] = time.time,
        admit: Callable[[str, Parsed, Parsed | None], Parsed] = lambda _path, parsed, _former: parsed,
    ) -> None:
        self._parse = parse
        self._disk = disk
        self._limit = limit
        self._boottime = boottime
        self._realtime = realtime
        self._admit = admit
        self._entries: dict[tuple[Identity, str], _Entry[Parsed]] = {}
        # By path; with the variant behind it where there is one.
        self._contents: dict[str, Content[Parsed]] = {}
        # What is read anew and found to be the same stays the same object, with all that follows from it.
        self._former: dict[_Key, _Entry[Parsed]] = {}
        self._former_contents: dict[str, Content[Parsed]] = {}
        self._asked: set[str] = set()
        # Whether some of the entries may be nobody's any more.
        self._has_leftovers = False
        # The paths of files that were last read within a tick of their last change.
        self.unsettled: set[str] = set()

    def load(self, wanted: Sequence[tuple[str, str]]) -> list[Content[Parsed] | Fault]:
        """Return for each (path, variant) the file's content, or the fault of a path that leads to no file."""
        return [each for each in self.stream([wanted]) if each is not None]

    def stream(self, parts: Iterable[Sequence[tuple[str, str]]]) -> Iterator[Content[Parsed] | Fault | None]:
        """Yield what `load` returns of all *parts*, each of which is one question to the disk.

        A part is looked at while what is new in the one before is parsed. Where `parse` leaves off, what it has not
        read is None, and the parts that it has not asked for are not there.
        """
        looks: deque[_Look] = deque()
        coming: deque[tuple[_Key, str, float, float]] = deque()
        asked: set[_Key] = set()

        def news() -> Iterator[New]:
            for wanted in parts:
                now, realtime = self._boottime(), self._realtime()
                look, fresh = self._look(wanted, asked)
                looks.append(look)
                asked.update(fresh)
                coming.extend((key, each.path, now, realtime) for key, each in fresh.items())
                yield from fresh.values()

        for parsed in self._parse(news()):
            while not looks[0].unread:
                yield from self._contents_of(looks.popleft())
            key, path, now, realtime = coming.popleft()
            asked.discard(key)
            self._note(key, path, parsed, now, realtime)
            looks[0].unread -= 1
        for look in looks:
            yield from self._contents_of(look)

    def _look(self, wanted: Sequence[tuple[str, str]], asked: Collection[_Key]) -> tuple[_Look, dict[_Key, New]]:
        """Return what the disk says of *wanted*, and what has to be parsed and is not *asked* for already."""
        self._asked.update([_key(path, variant) for path, variant in wanted])
        answers = self._disk.look([(path, self._known(path, variant)) for path, variant in wanted], self._limit)
        fresh: dict[_Key, New] = {}
        located: list[Looked | Fault] = []
        for (path, variant), answer in zip(wanted, answers, strict=True):
            if isinstance(answer, Looked) and answer.data is not None:
                key = (answer.located.identity, variant)
                known = self._entry(*key)
                if (known is None or not known.settled) and key not in asked and key not in fresh:
                    fresh[key] = New(path, answer.data, variant)
                # What is parsed need not stay.
                located.append(replace(answer, data=None))
            else:
                located.append(answer)
        return _Look(wanted, located, len(fresh)), fresh

    def _note(self, key: _Key, path: str, parsed: Parsed, now: float, realtime: float) -> None:
        known = self._entry(*key)
        former = known or self._former.get(key)
        if former is not None and former.parsed == parsed:
            parsed = former.parsed
        else:
            content = self._last(_key(path, key[1]))
            parsed = self._admit(path, parsed, None if content is None else content.parsed)
        first_seen = known.first_seen if known else now
        if abs(key[0].ctime_ns / 1e9 - realtime) > _ANOTHER_TIME_SECONDS:
            first_seen = min(first_seen, now - 2 * _TICK_SECONDS)
        self._entries[key] = _Entry(parsed, first_seen, now)

    def _contents_of(self, look: _Look) -> Iterator[Content[Parsed] | Fault | None]:
        for (path, variant), answer in zip(look.wanted, look.answers, strict=True):
            yield self._content(path, variant, answer)

    def begin(self, *, reread: bool) -> None:
        """Start a scan: forget what the last one did not ask for, and with *reread* everything."""
        gone = self._contents.keys() - self._asked
        for key in gone:
            del self._contents[key]
        self._former, self._former_contents = (self._entries, self._contents) if reread else ({}, {})
        if reread:
            self._contents, self._entries = {}, {}
        elif gone or self._has_leftovers:
            self.forget_leftovers()
        self._has_leftovers = False
        self.unsettled = set() if reread else {path for path in self.unsettled if path in self._asked}
        self._asked = set()

    def forget(self, gone: Iterable[tuple[str, str]]) -> None:
        """Forget each (path, variant) that is *gone*, and what was left over: between two scans anything may pass."""
        for path, variant in gone:
            key = _key(path, variant)
            self._asked.discard(key)
            self._has_leftovers = self._contents.pop(key, None) is not None or self._has_leftovers
        if len(self._entries) > 2 * len(self._contents) + _MOST_LEFT_OVER:
            self.forget_leftovers()

    def held(self) -> Iterator[tuple[str, Parsed]]:
        """Yield what is held, each with its path; what no path has any more is forgotten. Not within a load."""
        self.forget_leftovers()
        held = {**self._former_contents, **self._contents}.items()
        yield from ((key.partition("\0")[0], each.parsed) for key, each in held if each.parsed is not None)

    def forget_leftovers(self) -> None:
        """Forget what no path has any more; not within a load."""
        used = {(each.located.identity, _variant(key)) for key, each in self._contents.items()}
        self._entries = {key: entry for key, entry in self._entries.items() if key in used}

    def keep(self, paths: Iterable[str]) -> None:
        """Keep what is known of *paths*, without a variant, as if they had been asked for: their files are the same."""
        self._asked.update(paths)

    def _content(self, path: str, variant: str, answer: Looked | Fault) -> Content[Parsed] | Fault | None:
        key = _key(path, variant)
        self.unsettled.discard(path)
        if isinstance(answer, Fault) or answer.fault is not None:
            self._has_leftovers = self._contents.pop(key, None) is not None or self._has_leftovers
            return answer if isinstance(answer, Fault) else Content(answer.located, fault=answer.fault)
        entry = self._entry(answer.located.identity, variant)
        if entry is None:
            return None
        if not entry.settled:
            self.unsettled.add(path)
        content = self._last(key)
        if content is None or content.parsed is not entry.parsed or content.located != answer.located:
            self._has_leftovers = True
            content = Content(answer.located, parsed=entry.parsed)
        self._contents[key] = content
        return content

    def _last(self, key: str) -> Content[Parsed] | None:
        return self._contents.get(key) or self._former_contents.get(key)

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
