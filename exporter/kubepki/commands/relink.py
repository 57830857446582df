"""Replaces one symbolic link atomically: at each moment the link is the old or the new one.

A temporary link takes the old link's owner and security context and is renamed over it (rename(2) is atomic), then the
directory is made durable. Certificate and key files are never opened, written or removed.

It runs as root in a directory that is another's. So the directory is opened once and everything is done below its
descriptor; the temporary link is held by a descriptor of its own (O_PATH, O_NOFOLLOW), owner and context are given to
what that descriptor holds and never to a name, and that the name still is that very link is compared before and after
the rename.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kubepki.commands.link_calls import SELINUX, SYSTEM, System

_NO_CONTEXT = frozenset({errno.ENODATA, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOENT})
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_HELD_LINK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

Entry = tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a directory was: which one, and of each name its kind, inode, size, mtime and a link's own text."""

    directory: tuple[int, int]
    entries: Mapping[str, Entry]


class RelinkError(Exception):
    """Why a link was not replaced or is not durable; `changed` tells whether it points at the new file already."""

    def __init__(self, why: str, *, changed: bool = False) -> None:
        self.changed = changed
        super().__init__(why)


def temporary_name(link: str) -> str:
    """Return the path of the temporary link beside *link*: hidden and without a suffix that anybody looks at."""
    parent, _, name = link.rpartition("/")
    return f"{parent}/.{name}.kubepki-rollback"


def survey(link: str, system: System = SYSTEM) -> Survey:
    """Return what the directory of *link* holds now. Raises OSError.

    The temporary link of an earlier attempt is left out.
    """
    directory = system.open(_parent(link), _DIRECTORY, None)
    try:
        return _survey(directory, link, system)
    finally:
        with contextlib.suppress(OSError):
            system.close(directory)


def relink(link: str, target: str, planned: Survey, system: System = SYSTEM) -> None:
    """Point *link* at *target*, a file beside it, provided that its directory still is as *planned*.

    The old link's own text for the directory is kept where it means this directory, for the kubelet may see it under
    another name than who runs this (a rescue system's /host, an alias); otherwise the text is the bare name. Raises
    RelinkError. Whatever fails, the link is the old or the new one, and no temporary link stays.
    """
    try:
        directory = system.open(_parent(link), _DIRECTORY, None)
    except OSError as error:
        raise _failure(error, "the directory cannot be opened") from error
    try:
        _replace(directory, link, target, planned, system)
    finally:
        # Whether a descriptor for reading closes well changes nothing.
        with contextlib.suppress(OSError):
            system.close(directory)


def _replace(directory: int, link: str, target: str, planned: Survey, system: System) -> None:
    name, temporary = _name(link), _name(temporary_name(link))
    old = planned.entries.get(name)
    if old is not None and not stat.S_ISLNK(old[0]):
        msg = "it is a file and no link: its content would be lost"
        raise RelinkError(msg)
    renamed = False
    held: int | None = None
    try:
        _remove(directory, temporary, system)
        try:
            system.symlink(_text(link, target, old, system), temporary, directory)
            held = system.open(temporary, _HELD_LINK, directory)
            inode = _own_link(held, system)
            if old is not None:
                _inherit(directory, name, old, held, system)
            if _survey(directory, link, system) != planned:
                msg = "the directory has changed since the plan was made; look again"
                raise RelinkError(msg)
            _require(directory, temporary, inode, system, changed=False)
            system.rename(temporary, name, directory)
            renamed = True
            _require(directory, name, inode, system, changed=True)
        finally:
            if not renamed:
                _remove(directory, temporary, system)
        system.fsync(directory)
    except OSError as error:
        what = "the link is replaced, but may not survive a power cut" if renamed else "the link cannot be replaced"
        raise _failure(error, what, changed=renamed) from error
    finally:
        if held is not None:
            with contextlib.suppress(OSError):
                system.close(held)


def _own_link(held: int, system: System) -> int:
    """Return the inode of the link that was just made. Raises RelinkError where another's stands in its place."""
    status = system.fstat(held)
    if not stat.S_ISLNK(status.st_mode) or status.st_uid != system.geteuid():
        msg = "somebody else writes to the directory: the temporary link is not ours"
        raise RelinkError(msg)
    return status.st_ino


def _inherit(directory: int, name: str, old: Entry, held: int, system: System) -> None:
    """Give the held link the owner and the security context of the old one."""
    before = system.open(name, _HELD_LINK, directory)
    try:
        status, new = system.fstat(before), system.fstat(held)
        if not stat.S_ISLNK(status.st_mode) or status.st_ino != old[1]:
            msg = "the directory has changed since the plan was made; look again"
            raise RelinkError(msg)
        if (status.st_uid, status.st_gid) != (new.st_uid, new.st_gid):
            system.chown(held, status.st_uid, status.st_gid)
        try:
            context = system.getxattr(before, SELINUX)
        except OSError as error:
            if error.errno not in _NO_CONTEXT:
                raise
            return
        system.setxattr(held, SELINUX, context)
    finally:
        with contextlib.suppress(OSError):
            system.close(before)


def _require(directory: int, name: str, inode: int, system: System, *, changed: bool) -> None:
    if system.lstat(name, directory).st_ino != inode:
        msg = "somebody else writes to the directory: another file took the place of the new link"
        raise RelinkError(msg, changed=changed)


def _text(link: str, target: str, old: Entry | None, system: System) -> str:
    """Return the text of the new link: that of the old one with another name, where its directory is this one."""
    name = _name(target)
    directory = old[4].rpartition("/")[0] if old is not None else ""
    if not directory:
        return name
    own = system.realpath(_parent(link))
    seen = directory if directory.startswith("/") else f"{own}/{directory}"
    same = own == directory or own.endswith(directory) if directory.startswith("/") else False
    return f"{directory}/{name}" if same or system.realpath(seen) == own else name


def _survey(directory: int, link: str, system: System) -> Survey:
    left_out = _name(temporary_name(link))
    entries: dict[str, Entry] = {}
    for name in system.listdir(directory):
        if name == left_out:
            continue
        status = system.lstat(name, directory)
        text = system.readlink(name, directory) if stat.S_ISLNK(status.st_mode) else ""
        entries[name] = (stat.S_IFMT(status.st_mode), status.st_ino, status.st_size, status.st_mtime_ns, text)
    here = system.fstat(directory)
    return Survey(directory=(here.st_dev, here.st_ino), entries=MappingProxyType(entries))


def _remove(directory: int, temporary: str, system: System) -> None:
    """Remove the temporary link, of an attempt that a crash cut short, too. Anything but a link is left alone."""
    try:
        if stat.S_ISLNK(system.lstat(temporary, directory).st_mode):
            system.unlink(temporary, directory)
    except FileNotFoundError:
        return


def _parent(link: str) -> str:
    return link.rpartition("/")[0] or "/"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _failure(error: OSError, what: str, *, changed: bool = False) -> RelinkError:
    return RelinkError(f"{what}: {error.strerror or error}", changed=changed)
