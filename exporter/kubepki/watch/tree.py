"""Which real directories have to be watched so that a change of one path cannot go unseen.

inotify watches an inode, not a path (inotify(7)). So a path needs the directory that it leads to, and the places
where a rename, a removal or another link could make it lead elsewhere.
"""

# Path would drop what has to be followed here, and costs ten times as much at each scan.
# ruff: noqa: PTH115, PTH118, PTH120
import os
import stat
from dataclasses import dataclass

MAX_LINKS = 40  # path_resolution(7): the kernel gives up with ELOOP after as many
ABSENT = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A real directory; `name` is the one entry of interest, None for all of them."""

    directory: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How a path leads to a directory.

    `main` shows the changes in the directory, or, while that is absent, its appearance: the nearest existing ancestor
    and the next component. `turns` are the entries on which the path depends: each link, and the directory itself in
    its parent. `refusal` is the error that ended the look, None for mere absence.
    """

    main: Place
    turns: tuple[Place, ...] = ()
    refusal: OSError | None = None


def trace(path: str) -> Trace:
    """Follow *path* component by component as path_resolution(7) says; never raises `OSError`."""
    at = "/"
    turns: list[Place] = []
    last: Place | None = None
    links = 0
    todo = _components(path)
    while todo:
        name = todo.pop()
        if name == "..":
            at = os.path.dirname(at)
            continue
        entry = os.path.join(at, name)
        here = Place(directory=at, name=name)
        try:
            mode = os.lstat(entry).st_mode
            if stat.S_ISLNK(mode):
                links += 1
                turns.append(here)
                target = os.readlink(entry)
                if links > MAX_LINKS:
                    return Trace(main=here, turns=tuple(turns))
                at = "/" if target.startswith("/") else at
                todo.extend(_components(target))
                continue
        except ABSENT:
            return Trace(main=here, turns=tuple(turns))
        except OSError as error:
            return Trace(main=here, turns=tuple(turns), refusal=error)
        if not stat.S_ISDIR(mode):
            return Trace(main=here, turns=tuple(turns))
        at, last = entry, here
    if last is not None:
        turns.append(last)
    return Trace(main=Place(directory=at), turns=tuple(dict.fromkeys(turns)))


def _components(path: str) -> list[str]:
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]
