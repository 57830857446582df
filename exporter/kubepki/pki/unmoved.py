"""By what it is told that a file is the same: marks, of which one question to the disk takes hundreds. Pure."""

from collections.abc import Callable, Collection, Mapping

from kubepki.disk.located import Mark
from kubepki.pki.states import Loaded, key_path
from kubepki.pki.wanted import Wanted


def marks_of(
    wanted: Mapping[str, Wanted],
    loaded: Mapping[str, Loaded],
    key_of: Callable[[Loaded], Loaded | None],
    unsettled: Collection[str],
) -> dict[str, tuple[Mark, ...]]:
    """Return by path the marks of what was *loaded*, is wanted as before and has been read well: its own, its key's.

    What is left out has to be looked at. *key_of* gives the separate key of a file, None where there was none.
    """
    marks: dict[str, tuple[Mark, ...]] = {}
    for path, each in wanted.items():
        known = loaded.get(path)
        if known is None or path in unsettled or not (known.wanted is each or known.wanted == each):
            continue
        mark = _mark(known)
        if mark is None:
            continue
        key = key_path(known)
        if key is None:
            marks[path] = (mark,)
        elif key not in unsettled and (of_key := _mark_of_key(known, key, key_of(known))) is not None:
            marks[path] = (mark, of_key)
    return marks


def _mark_of_key(owner: Loaded, path: str, key: Loaded | None) -> Mark | None:
    if key is not None:
        return _mark(key)
    # Where there was none it must not have come.
    return (path,) if owner.key is None and not owner.key_unread else None


def _mark(loaded: Loaded) -> Mark | None:
    """Return the mark of a plain file that was read; None for all else."""
    located, parsed = loaded.located, loaded.parsed
    if located is None or located.is_link or loaded.fault is not None or parsed is None or parsed.consumed is None:
        return None
    return (located.resolved, *located.identity)
