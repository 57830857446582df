"""One path for each file, however many lead to it. Pure."""

from collections import defaultdict
from collections.abc import Callable, Container, Mapping

from kubepki.pki import layout
from kubepki.pki.states import Loaded, matching_key
from kubepki.pki.wanted import Content


def one_name_for_each_file(loaded: Mapping[str, Loaded], real_directory: Callable[[str], str]) -> dict[str, Loaded]:
    """Return *loaded* with one path for each resolved file: the one that its component or a kubeconfig uses.

    A component's `-current.pem` comes first, then what a kubeconfig or the configuration names, then the path with a
    private key, a wrong one before all; then that whose directory is no link, then a link before what it leads to.
    Links of different names stay, for each has fallbacks of its own; so do dated files, which are told from their links
    elsewhere. A `-current.pem` of another directory that has no such files is only one more name.
    """
    rotates = {(each.directory, layout.dated_prefix(each.name)) for each in loaded.values()}
    groups: dict[tuple[int, int, bool], list[Loaded]] = defaultdict(list)
    for each in loaded.values():
        # What is left of a rotation is judged for what it is and not for the file that it leads to.
        if each.located is not None and layout.updated_prefix(each.name) is None:
            groups[*inode(each), each.wanted.content is Content.KEY].append(each)
    dropped: set[str] = set()
    for group in groups.values():
        places: set[tuple[str, str]] = set()
        for position, each in enumerate(
            sorted(group, key=lambda each: _rank(each, real_directory)) if group[1:] else ()
        ):
            place = (real_directory(each.directory), each.name)
            is_other = position and not (_has_its_own_life(each) and _is_kept(each, rotates, real_directory))
            if place in places or is_other:
                dropped.add(each.path)
            places.add(place)
    return {path: each for path, each in loaded.items() if path not in dropped}


def _has_its_own_life(loaded: Loaded) -> bool:
    """Return whether a path is judged beside another one that leads to the same file."""
    if layout.current_prefix(loaded.name) is not None:
        return True
    return layout.dated_prefix(loaded.name) is not None and not loaded.wanted.expected


def _is_kept(loaded: Loaded, rotates: Container[tuple[str, str | None]], real: Callable[[str], str]) -> bool:
    """Return whether a path that has a life of its own is no mere name of a link in another directory."""
    prefix = layout.current_prefix(loaded.name)
    return prefix is None or _is_at_home(loaded, real) or (loaded.directory, prefix) in rotates


def _is_at_home(loaded: Loaded, real_directory: Callable[[str], str]) -> bool:
    return loaded.resolved.rpartition("/")[0] == real_directory(loaded.directory).rstrip("/")


def _rank(loaded: Loaded, real_directory: Callable[[str], str]) -> tuple[bool, bool, bool, int, bool, bool, str]:
    is_link = loaded.located is not None and loaded.located.is_link
    is_current = layout.current_prefix(loaded.name) is not None
    return (
        not is_current,
        is_current and not _is_at_home(loaded, real_directory),
        not loaded.wanted.expected,
        (False, True, None).index(matching_key(loaded)),
        real_directory(loaded.directory) != loaded.directory,
        not is_link,
        loaded.path,
    )


def inode(loaded: Loaded) -> tuple[int, int]:
    """Return the device and inode of the file that a path leads to, zeros where it leads to none."""
    identity = loaded.located.identity if loaded.located else None
    return (identity.device, identity.inode) if identity else (0, 0)
