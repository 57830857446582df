"""Which paths a scan looks at, and what is expected of each."""

import itertools
from collections.abc import Iterable
from dataclasses import replace

from kubepki.config.paths import covers
from kubepki.config.presets import expand, newest_revisions, recognised
from kubepki.model import Fault, Reason
from kubepki.pki import disk, globs, layout
from kubepki.pki.wanted import Listing, Sources, Wanted
from kubepki.settings import Directory, FilePattern, Kubeconfig, PkiSettings


def find_sources(settings: PkiSettings, *, max_files: int) -> Sources:
    """Return what *settings* name; at most *max_files* names of each directory and of all globs together."""
    preset = expand(settings.presets, disk.exists)
    directories = _unique((*settings.directories, *preset.directories))
    patterns = (*settings.files, *preset.files)
    wildcards = tuple(pattern.pattern for pattern in patterns if pattern.wildcard)
    found, overfull = _globbed(wildcards, max_files)
    newest = newest_revisions(found, preset.revisioned)
    listings = tuple(_list(directory, max_files) for directory in directories)
    return Sources(
        listings=listings,
        files=(
            *(Wanted(path=pattern.pattern, expected=True) for pattern in patterns if not pattern.wildcard),
            *(
                Wanted(path=path, superseded=path not in newest, component=_is_components(path, preset.files))
                for path in found
            ),
        ),
        kubeconfigs=_kubeconfigs((*settings.kubeconfigs, *preset.kubeconfigs)),
        globs=wildcards,
        glob_bases=tuple(sorted({globs.base_directory(pattern) for pattern in wildcards})),
        overfull=overfull,
        distributions=recognised(disk.exists) if settings.presets else (),
    )


def _is_components(path: str, patterns: Iterable[FilePattern]) -> bool:
    return any(covers(pattern.pattern, path) for pattern in patterns)


def _unique(directories: Iterable[Directory]) -> tuple[Directory, ...]:
    table: dict[str, Directory] = {}
    for directory in directories:
        known = table.get(directory.path)
        table[directory.path] = replace(directory, explicit=True) if known and known.explicit else directory
    return tuple(table.values())


def _list(directory: Directory, max_files: int) -> Listing:
    outcome = disk.list_names(
        directory.path,
        max_files,
        ours=layout.is_certificate_name,
        first=lambda name: layout.current_prefix(name) is not None,
    )
    if not isinstance(outcome, Fault):
        names, cut = outcome
        fault = _too_many(max_files) if cut else None
        return Listing(path=directory.path, explicit=directory.explicit, names=names, fault=fault)
    fault = outcome
    if fault.reason is Reason.MISSING:
        fault = replace(fault, detail="there is no such directory")
    return Listing(path=directory.path, explicit=directory.explicit, fault=fault)


def _globbed(patterns: Iterable[str], max_files: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found: dict[str, None] = {}
    overfull = []
    for pattern in patterns:
        last = pattern.rpartition("/")[2]
        by_suffix = last.endswith("*")
        names = (path for path in globs.matches(pattern) if not by_suffix or layout.is_certificate_name(path))
        room = max_files - len(found)
        taken = tuple(itertools.islice(names, room + 1))
        if len(taken) > room:
            overfull.append(globs.base_directory(pattern))
        found.update(dict.fromkeys(taken[:room]))
    return tuple(found), tuple(sorted(set(overfull)))


def _kubeconfigs(configured: Iterable[Kubeconfig]) -> tuple[Kubeconfig, ...]:
    table: dict[str, Kubeconfig] = {}
    for kubeconfig in configured:
        paths = globs.matches(kubeconfig.path) if kubeconfig.optional and "*" in kubeconfig.path else (kubeconfig.path,)
        for path in paths:
            known = table.get(path)
            optional = kubeconfig.optional and (known is None or known.optional)
            table[path] = Kubeconfig(path=path, optional=optional)
    return tuple(table.values())


def _too_many(max_files: int) -> Fault:
    return Fault(
        reason=Reason.TOO_MANY_FILES,
        detail=f"more than {max_files} files; the others are not looked at (--scan.max-files)",
    )
