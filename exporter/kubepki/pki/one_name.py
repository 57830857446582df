"""One path for each file, however many lead to it. Pure."""

from collections import defaultdict
from collections.abc import Callable, Mapping

from kubepki.pki import layout
from kubepki.pki.states import Loaded
from kubepki.pki.wanted import Content


def one_name_for_each_file(loaded: Mapping[str, Loaded], real_directory: Callable[[str], str]) -> dict[str, Loaded]:
    """Return *loaded* with one path for each resolved file: the one that its component or a kubeconfig uses.

    A component's `-current.pem` comes first, then what a kubeconfig or the configuration names, then the path whose
    directory is no link, then a link before what it leads to. Links of different names stay, for each has fallbacks of
    its own; so do dated files, which are told from their links elsewhere.
    """
    groups: dict[tuple[int, int], list[Loaded]] = defaultdict(list)
    for each in loaded.values():
        if each.located is not None and not _stands_alone(each):
            groups[inode(each)].append(each)
    dropped: set[str] = set()
    for group in groups.values():
        places: set[tuple[str, str]] = set()
        for position, each in enumerate(
            sorted(group, key=lambda each: _rank(each, real_directory)) if group[1:] else ()
        ):
            place = (real_directory(each.directory), each.name)
            if place in places or (position and not _has_its_own_life(each)):
                dropped.add(each.path)
            places.add(place)
    return {path: each for path, each in loaded.items() if path not in dropped}


def _has_its_own_life(loaded: Loaded) -> bool:
    """Return whether a path is judged beside another one that leads to the same file."""
    if layout.current_prefix(loaded.name) is not None:
        return True
    return layout.dated_prefix(loaded.name) is not None and not loaded.wanted.expected


def _rank(loaded: Loaded, real_directory: Callable[[str], str]) -> tuple[bool, bool, bool, bool, str]:
    is_link = loaded.located is not None and loaded.located.is_link
    return (
        layout.current_prefix(loaded.name) is None,
        not loaded.wanted.expected,
        real_directory(loaded.directory) != loaded.directory,
        not is_link,
        loaded.path,
    )


def _stands_alone(loaded: Loaded) -> bool:
    """Return whether a path is judged for what it is and not for the file that it leads to."""
    return layout.updated_prefix(loaded.name) is not None or loaded.wanted.content is Content.KEY


def inode(loaded: Loaded) -> tuple[int, int]:
    """Return the device and inode of the file that a path leads to, zeros where it leads to none."""
    identity = loaded.located.identity if loaded.located else None
    return (identity.device, identity.inode) if identity else (0, 0)
