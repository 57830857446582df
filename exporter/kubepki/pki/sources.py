"""Which paths a scan looks at, and what is expected of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kubepki.config.paths import covers
from kubepki.config.presets import expand, marks, named, recognised
from kubepki.config.revisions import newest_revisions
from kubepki.disk.disk import Disk
from kubepki.model import Fault, Reason
from kubepki.pki import globs, layout
from kubepki.pki.wanted import Listing, Sources, Wanted
from kubepki.settings import Directory, FilePattern, Kubeconfig, PkiSettings

# So few that to ask for each is cheaper than to list a directory of many.
_FEW_NAMES = 32


def find_sources(settings: PkiSettings, disk: Disk, *, max_files: int) -> Sources:
    """Return what *settings* name; at most *max_files* names of each directory and of all globs together."""
    exists = disk.existing(marks()).__contains__ if settings.presets else lambda _: False
    preset = expand(settings.presets, exists)
    directories = _unique((*settings.directories, *preset.directories))
    patterns = (*settings.files, *preset.files)
    wildcards = tuple(pattern.pattern for pattern in patterns if pattern.wildcard)
    kubeconfigs = (*settings.kubeconfigs, *preset.kubeconfigs)
    named_kubeconfigs, named_files = named(settings.presets)
    own = (each.path for each in settings.kubeconfigs if each.optional and not _is_hunted(each))
    hunted = globs.find((*wildcards, *(each.path for each in kubeconfigs if _is_hunted(each))), disk)
    found, overfull = _globbed(wildcards, hunted, max_files)
    newest = newest_revisions(found, preset.revisioned)
    components = frozenset(path for path in found if _is_components(path, preset.files))
    return Sources(
        listings=_list(directories, disk, max_files),
        files=(
            *(Wanted(path=pattern.pattern, expected=True) for pattern in patterns if not pattern.wildcard),
            *(
                Wanted(path=path, superseded=path not in newest, component=path in components)
                for path in found
                if path not in components or not _lies_aside(path, preset.files)
            ),
        ),
        kubeconfigs=_kubeconfigs(kubeconfigs, hunted.paths),
        globs=wildcards,
        glob_bases=tuple(sorted({globs.base_directory(pattern) for pattern in wildcards})),
        overfull=overfull,
        silent=tuple((path, disk.silent()) for path in hunted.silent),
        distributions=recognised(exists) if settings.presets else (),
        components=preset.components,
        authorities=preset.authorities,
        trust_stores=preset.trust_stores,
        named_kubeconfigs=named_kubeconfigs.union(own),
        named_files=named_files,
        hunted_bases=tuple(sorted({globs.base_directory(each.path) for each in kubeconfigs if _is_hunted(each)})),
    )


def with_directories(sources: Sources, paths: Iterable[str], disk: Disk, *, max_files: int) -> Sources:
    """Return *sources* with the listings of those of the directories *paths* that are not listed yet."""
    known = {each.path for each in sources.listings}
    further = [Directory(path=path, explicit=False) for path in dict.fromkeys(paths) if path not in known]
    return replace(sources, listings=(*sources.listings, *_list(further, disk, max_files))) if further else sources


def listed_anew(
    sources: Sources, changed: Mapping[str, frozenset[str] | None], disk: Disk, *, max_files: int
) -> Sources:
    """Return *sources* with the listings of the *changed* directories as they are now.

    Of each the names that came or went are given; None where it may be any. A large directory is not listed for a few.
    """
    found: dict[str, Listing] = {}
    anew: list[Directory] = []
    for listing in sources.listings:
        if listing.path not in changed:
            continue
        few = _with_names(listing, changed[listing.path], disk, max_files)
        if few is None:
            anew.append(Directory(path=listing.path, explicit=listing.explicit))
        else:
            found[listing.path] = few
    found.update((listing.path, listing) for listing in _list(anew, disk, max_files) if anew)
    listings = tuple(
        new if (new := found.get(each.path)) is not None and new != each else each for each in sources.listings
    )
    return replace(sources, listings=listings)


def _with_names(former: Listing, names: frozenset[str] | None, disk: Disk, max_files: int) -> Listing | None:
    """Return the *former* listing after a look at *names*, the only ones that may have changed; None where unsure."""
    if names is None or former.fault is not None or len(names) > _FEW_NAMES:
        return None
    ours = sorted(name for name in names if layout.is_certificate_name(name))
    there = disk.listed(f"{former.path.rstrip('/')}/{name}" for name in ours)
    if None in there:
        return None
    now = (former.names - names) | {name for name, is_there in zip(ours, there, strict=True) if is_there}
    # An empty directory may be a mask, and of too many names some are left out.
    return replace(former, names=now) if 0 < len(now) <= max_files else None


def _is_components(path: str, patterns: Iterable[FilePattern]) -> bool:
    return any(covers(pattern.pattern, path) for pattern in patterns)


def _lies_aside(path: str, patterns: Iterable[FilePattern]) -> bool:
    """Return whether *path*, or a directory of it below those that *patterns* name, was put aside by somebody."""
    if layout.is_put_aside(path):
        return True
    named = [globs.base_directory(each.pattern) for each in patterns if covers(each.pattern, path)]
    below = path.removeprefix(min(named, key=len, default="")).split("/")[:-1]
    return any(map(layout.is_put_aside_directory, below))


def _unique(directories: Iterable[Directory]) -> tuple[Directory, ...]:
    table: dict[str, Directory] = {}
    for directory in directories:
        known = table.get(directory.path)
        table[directory.path] = replace(directory, explicit=True) if known and known.explicit else directory
    return tuple(table.values())


def _list(directories: Sequence[Directory], disk: Disk, max_files: int) -> tuple[Listing, ...]:
    found = disk.names(
        [each.path for each in directories],
        max_files,
        suffixes=layout.CERTIFICATE_SUFFIXES,
        never=layout.NEVER_READ,
        first=layout.CURRENT,
    )
    return tuple(_listing(directory, outcome, max_files) for directory, outcome in zip(directories, found, strict=True))


def _listing(directory: Directory, outcome: tuple[frozenset[str], bool] | Fault, max_files: int) -> Listing:
    if not isinstance(outcome, Fault):
        names, cut = outcome
        fault = _too_many(max_files) if cut else None
        return Listing(path=directory.path, explicit=directory.explicit, names=names, fault=fault)
    fault = outcome
    if fault.reason is Reason.MISSING:
        fault = replace(fault, detail="there is no such directory")
    return Listing(path=directory.path, explicit=directory.explicit, fault=fault)


def _globbed(patterns: Iterable[str], hunted: globs.Found, max_files: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found: dict[str, None] = {}
    overfull = {globs.base_directory(pattern) for pattern in hunted.endless}
    for pattern in patterns:
        by_suffix = pattern.rpartition("/")[2].endswith("*")
        names = [path for path in hunted.paths[pattern] if not by_suffix or layout.is_certificate_name(path)]
        new = [path for path in names if path not in found]
        # The links that components present are looked at whatever else there is.
        new.sort(key=lambda path: layout.current_prefix(path.rpartition("/")[2]) is None)
        room = max(0, max_files - len(found))
        if len(new) > room:
            overfull.add(globs.base_directory(pattern))
        found.update(dict.fromkeys(new[:room]))
    return tuple(found), tuple(sorted(overfull))


def _is_hunted(kubeconfig: Kubeconfig) -> bool:
    return kubeconfig.optional and "*" in kubeconfig.path


def _kubeconfigs(configured: Iterable[Kubeconfig], hunted: Mapping[str, Sequence[str]]) -> tuple[Kubeconfig, ...]:
    table: dict[str, Kubeconfig] = {}
    for kubeconfig in configured:
        found = (
            [path for path in hunted[kubeconfig.path] if not layout.is_put_aside(path)]
            if _is_hunted(kubeconfig)
            else []
        )
        for path in found if _is_hunted(kubeconfig) else [kubeconfig.path]:
            known = table.get(path)
            optional = kubeconfig.optional and (known is None or known.optional)
            table[path] = Kubeconfig(path=path, optional=optional)
    return tuple(table.values())


def _too_many(max_files: int) -> Fault:
    return Fault(
        reason=Reason.TOO_MANY_FILES,
        detail=f"more than {max_files} files; the others are not looked at (--scan.max-files)",
    )
