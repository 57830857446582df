"""Finds the files of globs with `*`, `?`, `[…]` within a component and `**` across components.

As in a shell, a wildcard does not find a name that begins with a dot.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kubepki.disk.disk import Disk

_MAGIC = re.compile(r"[*?[]")
# Directories that all globs of one look may lead into; a host has some hundreds.
MAX_DIRECTORIES = 100_000

_Rest = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files that each pattern matches, the directories that did not answer, and the patterns that go too far."""

    paths: Mapping[str, tuple[str, ...]]
    silent: tuple[str, ...] = ()
    endless: tuple[str, ...] = ()


def base_directory(pattern: str) -> str:
    """Return the directory below which *pattern* can match: its components before the first wildcard and the name."""
    literal = []
    for component in pattern.split("/")[:-1]:
        if _MAGIC.search(component):
            break
        literal.append(component)
    return "/".join(literal) or "/"


def matches(pattern: str, disk: Disk) -> tuple[str, ...]:
    """Return the sorted paths of files that *pattern* matches."""
    return find((pattern,), disk).paths[pattern]


def find(patterns: Iterable[str], disk: Disk) -> Found:
    """Return the sorted files of each of *patterns*; links to directories are not followed by `**`.

    What cannot be listed is passed over: a glob is never expected.
    """
    hunts = [_Hunt(pattern) for pattern in dict.fromkeys(patterns)]
    silent: dict[str, None] = {}
    visited = 0
    endless: tuple[str, ...] = ()
    # Level by level and no recursion: directories may be nested deeper than Python's calls, and one question to the
    # disk serves a whole level.
    while waiting := [(hunt, *place) for hunt in hunts for place in hunt.take()]:
        visited += len(waiting)
        if visited > MAX_DIRECTORIES:
            endless = tuple(dict.fromkeys(hunt.pattern for hunt, _, _ in waiting))
            break
        named = [each for each in waiting if _is_named(each[2])]
        there = disk.files([_join(directory, rest[0]) for _, directory, rest in named])
        for (hunt, directory, rest), is_there in zip(named, there, strict=True):
            if is_there is None:
                silent[directory] = None
            elif is_there:
                hunt.found.add(_join(directory, rest[0]))
        listed = [each for each in waiting if not _is_named(each[2])]
        wanted = [_listing(directory, rest) for _, directory, rest in listed]
        for (hunt, directory, rest), names in zip(listed, disk.entries(wanted), strict=True):
            if names is None:
                silent[directory] = None
            hunt.enter(directory, rest, names or ())
    return Found(
        paths={hunt.pattern: tuple(sorted(hunt.found)) for hunt in hunts}, silent=tuple(silent), endless=endless
    )


def _listing(directory: str, rest: _Rest) -> tuple[str, bool, bool]:
    """Return what to ask of *directory*: whether for directories, and whether links to them count."""
    return (directory, rest[0] == "**" or len(rest) > 1, rest[0] != "**")


def _is_named(rest: _Rest) -> bool:
    """Return whether *rest* is the name of one file, for which no directory needs to be listed."""
    return len(rest) == 1 and not _MAGIC.search(rest[0])


@dataclass(slots=True)
class _Hunt:
    """One pattern on its way through the tree: each directory once for each rest of the pattern."""

    pattern: str
    found: set[str] = field(default_factory=set)
    _seen: set[tuple[str, _Rest]] = field(default_factory=set)
    _waiting: list[tuple[str, _Rest]] = field(default_factory=list)

    def __post_init__(self) -> None:
        base = base_directory(self.pattern)
        self._visit(base, tuple(self.pattern.removeprefix(base).strip("/").split("/")))

    def take(self) -> Sequence[tuple[str, _Rest]]:
        """Return the directories of the next level."""
        taken, self._waiting = self._waiting, []
        return taken

    def enter(self, directory: str, rest: _Rest, names: tuple[str, ...]) -> None:
        """Go on with the *names* that were listed in *directory* for *rest*."""
        first, further = rest[0], rest[1:]
        if first == "**":
            for name in names:
                if not name.startswith("."):
                    self._visit(_join(directory, name), rest)
            self._visit(directory, further or ("*",))
            return
        matching = _matcher(first)
        for name in names:
            if matching(name):
                if further:
                    self._visit(_join(directory, name), further)
                else:
                    self.found.add(_join(directory, name))

    def _visit(self, directory: str, rest: _Rest) -> None:
        if (directory, rest) not in self._seen:
            self._seen.add((directory, rest))
            self._waiting.append((directory, rest))


def _matcher(component: str) -> Callable[[str], bool]:
    match = re.compile(fnmatch.translate(component)).match
    dotted = component.startswith(".")
    return lambda name: match(name) is not None and (dotted or not name.startswith("."))


def _join(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}"
