"""Which real directories have to be watched so that a change of one path cannot go unseen.

inotify watches an inode, not a path (inotify(7)). So a path needs the directory that it leads to, and the places
where a rename, a removal or another link could make it lead elsewhere.
"""

# Path would drop what has to be followed here, and costs ten times as much at each scan.
# ruff: noqa: PTH115, PTH118, PTH120
import ctypes
import os
import stat
import sys
from dataclasses import dataclass
from typing import NamedTuple

_LIBC = ctypes.CDLL(None, use_errno=True)
_STATFS_BYTES = 512  # struct statfs has at most 120; f_type comes first
# statfs(2). A change made by another host or by a daemon in user space sends no inotify event on these.
REMOTE_FILE_SYSTEMS = {
    0x6969: "NFS",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB2",
    0x517B: "SMB",
    0x65735546: "FUSE",
    0x00C36400: "Ceph",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x01021997: "9P",
    0x73757245: "Coda",
    0x0BD00BD0: "Lustre",
    0x47504653: "GPFS",
    0x7461636F: "OCFS2",
    0x01161970: "GFS2",
    0x786F4256: "vboxsf",
}
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


class Facts(NamedTuple):
    """What tells one real directory from another, and the file system's name where it does not announce all changes.

    `own` says that it is the file system of the root directory: without it nothing of this host answers at all.
    """

    device: int
    inode: int
    remote: str | None
    own: bool


def facts(directory: str) -> Facts | None:
    """Return what is to be known of *directory* before it is watched; None where it is not there."""
    try:
        status, root = os.stat(directory), os.stat("/")  # noqa: PTH116 - paths are str throughout
    except OSError:
        return None
    return Facts(status.st_dev, status.st_ino, remote_file_system(directory), status.st_dev == root.st_dev)


def remote_file_system(directory: str) -> str | None:
    """Return the name of a file system that does not announce all changes, None where it does or cannot be asked."""
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if _LIBC.statfs(os.fsencode(directory), buffer) != 0:
        return None
    return REMOTE_FILE_SYSTEMS.get(int.from_bytes(buffer.raw[:4], sys.byteorder))


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
