"""What a scan leaves for the next, and what of it a few changed paths touch. Pure.

Where anything about a change is unclear the whole is looked at again: a scan of the changed paths must give what a scan
of everything gives.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubepki.config.presets import marks
from kubepki.model import Reason
from kubepki.pki import layout
from kubepki.pki.kubeconfigs import LoadedKubeconfig
from kubepki.pki.states import Loaded
from kubepki.pki.table import Table
from kubepki.pki.wanted import Sources, Wanted
from kubepki.settings import Kubeconfig

# More changed or doubtful paths than this are no few any more.
MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the last scan saw.

    `places` gives for each real directory the names by which it is known, `guards` what tells whether it is still the
    same directory with the same rights. `missing` are wanted and not there, `recalled` were there once. `doubtful`
    are paths whose change may have no event of its own: links, and whatever has a fault, is missing or was read too
    early.
    """

    remembered: frozenset[str]
    sources: Sources
    asked: tuple[Kubeconfig, ...]
    kubeconfigs: list[LoadedKubeconfig]
    further: list[Wanted]
    wanted: Mapping[str, Wanted]
    ignored: frozenset[str]
    loaded: dict[str, Loaded]
    places: Mapping[str, tuple[str, ...]]
    guards: Mapping[str, tuple[int, ...] | None]
    missing: frozenset[str]
    recalled: dict[str, Wanted]
    doubtful: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The real directories in which something changed, and the paths to look at.

    `listings` are the directories whose listing may have changed, each with the names that came or went; None where it
    may be any.
    """

    listings: Mapping[str, frozenset[str] | None]
    directories: frozenset[str]
    paths: frozenset[str]


def touched(seen: Seen, changed: Iterable[str], table: Table) -> Touched | None:
    """Return what the *changed* paths touch, named by their real directories; None where it may be anything."""
    listed = {listing.path for listing in seen.sources.listings}
    kubeconfigs = {each.path for each in seen.asked}
    listings: dict[str, frozenset[str]] = {}
    whole: set[str] = set()
    directories: set[str] = set()
    paths: set[str] = set(seen.doubtful)
    for path in changed:
        if path in seen.places:
            directories.add(path)
            whole.update(listed.intersection(seen.places[path]))
            continue
        directory, _, name = path.rpartition("/")
        if (directory or "/") not in seen.places:
            return None
        directories.add(directory or "/")
        for place in seen.places[directory or "/"]:
            each = f"{place.rstrip('/')}/{name}"
            known = each in seen.wanted or each in table.keys or each in kubeconfigs
            if each in marks() or (not known and (place not in listed or _is_hunted(seen.sources, each))):
                return None
            if place in listed:
                listings[place] = listings.get(place, frozenset()) | {name}
            paths.add(each)
            paths.update(table.keys.get(each, ()))
    paths = table.same_files(paths)
    if len(paths) > MOST:
        return None
    # A directory is announced with each entry that comes or goes; alone it may have lost some, and is listed.
    listings_and_names = {**dict.fromkeys(whole), **listings}
    return Touched(listings=listings_and_names, directories=frozenset(directories), paths=frozenset(paths))


def doubtful(seen: Seen, table: Table, unsettled: frozenset[str]) -> frozenset[str]:
    """Return the paths that are looked at whatever changed."""
    keys = table.keys
    return frozenset(
        {
            *seen.missing,
            *(path for path, each in table.special.items() if _is_doubtful(each)),
            *(unsettled & seen.wanted.keys()),
            *(path for key in unsettled & keys.keys() for path in keys[key]),
        }
    )


def places_of(real: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return for each real directory the names that lead to it, of which *real* gives the real ones."""
    found: dict[str, list[str]] = {}
    for directory, resolved in sorted(real.items()):
        found.setdefault(resolved, []).append(directory)
    return {resolved: tuple(names) for resolved, names in found.items()}


def _is_doubtful(loaded: Loaded) -> bool:
    if loaded.located is None or loaded.located.is_link or loaded.fault is not None or loaded.key_unread:
        return True
    return layout.updated_prefix(loaded.name) is not None or _went_over_its_budget(loaded)


def _went_over_its_budget(loaded: Loaded) -> bool:
    return loaded.parsed is not None and any(fault.reason is Reason.TOO_COSTLY for fault in loaded.parsed.faults)


def _is_hunted(sources: Sources, path: str) -> bool:
    """Return whether globs could find *path*, or something below it."""
    return any(path.startswith(f"{base.rstrip('/')}/") for base in (*sources.glob_bases, *sources.hunted_bases))
