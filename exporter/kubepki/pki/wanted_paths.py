"""Which paths a scan looks at: what the sources list and name, each path once. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from kubepki.config.paths import covers
from kubepki.pki import layout
from kubepki.pki.wanted import Listing, Sources, Wanted

# Of the superseded files of one link: nothing ever deletes them.
MAX_SUPERSEDED = 1_000


@dataclass(slots=True)
class _Listed:
    """What one directory has led to: its names, and what to look at for those that no other name concerns."""

    names: frozenset[str] = frozenset()
    plain: dict[str, Wanted] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)

    def become(self, listing: Listing) -> set[str]:
        """Follow the names of *listing*; return the paths that have come and gone."""
        changed: set[str] = set()
        if self.names is listing.names or self.names == listing.names:
            return changed
        for name in self.names - listing.names:
            self.others.discard(name)
            path = _join(listing.path, name)
            if self.plain.pop(path, None) is not None:
                changed.add(path)
        for name in listing.names - self.names:
            if not layout.is_certificate_name(name):
                continue
            if layout.is_of_rotation(name) or name in layout.REPLACED_BY:
                self.others.add(name)
            else:
                path = _join(listing.path, name)
                self.plain[path] = Wanted(path=path, component=layout.is_component_name(name))
                changed.add(path)
        self.names = listing.names
        return changed


class WantedPaths:
    """The paths to look at; what a listing leads to is kept, so that another one costs what is new in it."""

    def __init__(self) -> None:
        self._listed: dict[str, _Listed] = {}
        self._others: set[str] = set()
        # Among these is all that differs between the last two answers.
        self.changed: set[str] = set()

    def of(self, sources: Sources, further: Iterable[Wanted], remembered: frozenset[str]) -> dict[str, Wanted]:
        """Return each path to look at once, however many sources name it."""
        table: dict[str, Wanted] = {}
        listed_now = {each.path for each in sources.listings}

        def want(each: Wanted) -> None:
            others.add(each.path)
            table[each.path] = table[each.path].merge(each) if each.path in table else each

        others: set[str] = set()
        changed = {path for each, gone in self._listed.items() if each not in listed_now for path in gone.plain}
        self._listed = {each.path: self._listed.get(each.path) or _Listed() for each in sources.listings}
        for listing in sources.listings:
            listed = self._listed[listing.path]
            changed |= listed.become(listing)
            table.update(listed.plain)
        for listing in sources.listings:
            for name in _of_rotations(self._listed[listing.path].others):
                want(
                    Wanted(
                        path=_join(listing.path, name),
                        superseded=layout.is_superseded_pair(name, listing.names),
                        component=layout.is_component_name(name),
                    )
                )
                if (prefix := layout.updated_prefix(name)) is not None:
                    want(Wanted(path=_join(listing.path, prefix + layout.CURRENT), expected=True, component=True))
        for path in remembered:
            if _parent(path) in listed_now or any(covers(pattern, path) for pattern in sources.globs):
                want(Wanted(path=path, expected=True, component=True))
        for each in (*sources.files, *further):
            want(each)
        self.changed = changed | self._others | others
        self._others = others
        return table

    def directories(self) -> set[str]:
        """Return the directories of all paths of the last answer, and those that are listed."""
        return {*self._listed, *map(_parent, self._others)}


def _of_rotations(listed: Iterable[str]) -> list[str]:
    """Return the names to look at: of the dated files of one prefix only the newest, for nothing ever deletes them."""
    names: list[str] = []
    dated: dict[str, list[str]] = defaultdict(list)
    for name in listed:
        prefix = layout.dated_prefix(name)
        (names if prefix is None else dated[prefix]).append(name)
    for each in dated.values():
        # Two more than are considered: one may be the link's own target, one shows that there are too many.
        names += sorted(each, reverse=True)[: MAX_SUPERSEDED + 2]
    return names


def _join(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}"


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
