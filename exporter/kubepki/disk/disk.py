"""What may be asked of the disk, many paths at a time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from kubepki.disk import calls
from kubepki.disk.calls import NO_ANSWER, Call, Names, Stamp
from kubepki.disk.located import Identity, Looked, Mark
from kubepki.disk.tree import Facts, Trace
from kubepki.model import Fault, Reason

# So few that a crew of threads shares them, so many that each costs little.
_MARKS_AT_A_TIME = 250
_MOST_LISTED = 256


class Interrupted(Exception):  # noqa: N818 - no error: it was asked for
    """A look was left, for nobody wants its result any more."""


class Overtaken(Exception):  # noqa: N818 - as above
    """A look was left for another one that cannot wait, and has to begin anew."""


class Asked(Protocol):
    """Who answers calls: this process, or one of its own that can be left alone with what hangs."""

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        """Return one answer for each call of *batch*, in its order; raise Interrupted where nobody waits any more."""

    @property
    def seconds(self) -> float:
        """How long one path may take."""

    def close(self) -> None:
        """End what is kept for further calls."""


class AskedHere:
    """Answers in this process, and waits for what hangs: for tools and tests, never for the service."""

    seconds = 0.0

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        """Return one answer for each call of *batch*."""
        return [calls.perform(each) for each in batch]

    def close(self) -> None:
        """Nothing is kept."""


class Disk:
    """The disk as *asked* sees it. What does not answer in time is a fault, or is taken for being there."""

    def __init__(self, asked: Asked | None = None) -> None:
        self._asked: Asked = asked or AskedHere()
        self._listed: dict[tuple[str, tuple[Any, ...]], tuple[Names, Stamp]] = {}

    def look(self, wanted: Sequence[tuple[str, Identity | None]], limit: int) -> list[Looked | Fault]:
        """Return for each path with its known identity where it leads, and at most *limit* bytes that are new."""
        answers = self._asked.ask([calls.look_call(path, known, limit) for path, known in wanted])
        return [
            self.silent() if answer == NO_ANSWER else calls.looked(answer, path, known)
            for answer, (path, known) in zip(answers, wanted, strict=True)
        ]

    def names(
        self, directories: Sequence[str], limit: int, *, suffixes: tuple[str, ...], never: tuple[str, ...], first: str
    ) -> list[Names]:
        """Return for each directory the names of files that end in *suffixes* and do not begin with *never*.

        At most *limit* of them and all that end in *first*; and whether there were more. A directory that has not
        changed since is not listed again.
        """
        by = (limit, suffixes, never, first)
        known = [self._listed.get((each, by)) for each in directories]
        asked = [
            calls.names_call(each, by, None if former is None else former[1])
            for each, former in zip(directories, known, strict=True)
        ]
        found: list[Names] = []
        for directory, former, answer in zip(directories, known, self._asked.ask(asked), strict=True):
            if answer is True and former is not None:
                found.append(former[0])
                continue
            names, stamp = (self.silent(), None) if answer == NO_ANSWER else calls.names(answer)
            self._listed.pop((directory, by), None)
            if stamp is not None and len(self._listed) < _MOST_LISTED:
                self._listed[directory, by] = (names, stamp)
            found.append(names)
        return found

    def moved(self, marks: Sequence[Mark]) -> frozenset[str]:
        """Return the paths of those of *marks* that are not as they were, or may be."""
        parts = [marks[start : start + _MARKS_AT_A_TIME] for start in range(0, len(marks), _MARKS_AT_A_TIME)]
        moved: set[str] = set()
        for part, answer in zip(parts, self._asked.ask([calls.moved_call(part) for part in parts]), strict=True):
            moved.update([mark[0] for mark in part] if answer == NO_ANSWER else answer)
        return frozenset(moved)

    def forget(self) -> None:
        """List every directory anew that is asked for."""
        self._listed.clear()

    def entries(self, wanted: Sequence[tuple[str, bool, bool]]) -> list[tuple[str, ...] | None]:
        """Return for each (directory, directories, follow) `files.entry_names`; None where it does not answer."""
        answers = self._asked.ask([("entries", *each) for each in wanted])
        return [None if each == NO_ANSWER else each for each in answers]

    def files(self, paths: Iterable[str]) -> list[bool | None]:
        """Return for each of *paths* whether there is anything but a directory; None where it does not answer."""
        return [None if answer == NO_ANSWER else answer for _, answer in self._each("file", paths)]

    def listed(self, paths: Iterable[str]) -> list[bool | None]:
        """Return for each of *paths* whether `names` of its directory has it; None where that cannot be told."""
        return [None if answer == NO_ANSWER else answer for _, answer in self._each("listed", paths)]

    def existing(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of *paths* at which there is anything, or that do not answer."""
        return frozenset(path for path, answer in self._each("exists", paths) if answer)

    def kind(self, path: str) -> str:
        """Return what `files.kind` says of *path*; one that does not answer is something `other`."""
        answer: str = self._asked.ask([("kind", path)])[0]
        return "other" if answer == NO_ANSWER else answer

    def changed(self, paths: Iterable[str]) -> Mapping[str, float | None]:
        """Return when each of *paths* was last changed, in Unix seconds; None where it is not there, or is silent."""
        found = self._each("changed", paths)
        return {path: None if answer == NO_ANSWER else answer for path, answer in found}

    def real_directories(self, directories: Iterable[str]) -> Mapping[str, str]:
        """Return each of *directories* with its links resolved as far as it exists and answers."""
        found = self._each("real", directories)
        return {path: path if answer == NO_ANSWER else answer for path, answer in found}

    def guards(self, directories: Iterable[str]) -> Mapping[str, tuple[int, ...] | None]:
        """Return for each directory what tells whether it is still the same; None where it is not there, or silent."""
        return {path: None if answer == NO_ANSWER else answer for path, answer in self._each("guard", directories)}

    def link_places(self, paths: Iterable[str]) -> frozenset[str]:
        """Return the directories of the targets of all links on the way from *paths*."""
        found = self._each("links", paths)
        return frozenset(place for _, answer in found if answer != NO_ANSWER for place in answer)

    def traces(self, paths: Iterable[str]) -> Mapping[str, Trace]:
        """Return how each path leads to a directory."""
        return {path: calls.traced(answer, path) for path, answer in self._each("trace", paths)}

    def facts(self, directories: Iterable[str]) -> Mapping[str, Facts | None]:
        """Return what is to be known of each directory before it is watched; None where it is not there."""
        return {path: calls.told_facts(answer) for path, answer in self._each("facts", directories)}

    def close(self) -> None:
        """End what is kept for further questions."""
        self._asked.close()

    def silent(self) -> Fault:
        """Return the fault of a path that does not answer."""
        detail = (
            f"it did not answer for {self._asked.seconds:g} s (--scan.file-budget): "
            "see whether its file system is dead, such as a network or FUSE mount"
        )
        return Fault(reason=Reason.TOO_COSTLY, detail=detail)

    def _each(self, name: str, paths: Iterable[str]) -> list[tuple[str, Any]]:
        wanted = list(paths)
        return list(zip(wanted, self._asked.ask([(name, path) for path in wanted]), strict=True))
