"""Replaces one symbolic link atomically: at each moment the link is the old or the new one.

A temporary link takes the old link's owner and security context and is renamed over it (rename(2) is atomic), then the
directory is made durable. Certificate and key files are never opened, written or removed.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

SELINUX = "security.selinux"
_NO_CONTEXT = frozenset({errno.ENODATA, errno.ENOTSUP, errno.EOPNOTSUPP})

Entry = tuple[int, int, int, int, str]
Survey = Mapping[str, Entry]


class RelinkError(Exception):
    """Why a link was not replaced or is not durable; `changed` tells whether it points at the new file already."""

    def __init__(self, why: str, *, changed: bool = False) -> None:
        self.changed = changed
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The system calls, so that a test can let each of them fail."""

    open: Callable[[str, int], int] = os.open
    listdir: Callable[[str], list[str]] = os.listdir
    lstat: Callable[[str], os.stat_result] = os.lstat
    readlink: Callable[[str], str] = os.readlink
    symlink: Callable[[str, str], None] = os.symlink
    lchown: Callable[[str, int, int], None] = os.lchown
    getxattr: Callable[[str, str], bytes] = lambda path, name: os.getxattr(path, name, follow_symlinks=False)
    setxattr: Callable[[str, str, bytes], None] = lambda path, name, value: os.setxattr(
        path, name, value, follow_symlinks=False
    )
    rename: Callable[[str, str], None] = os.rename
    unlink: Callable[[str], None] = os.unlink
    fsync: Callable[[int], None] = os.fsync
    close: Callable[[int], None] = os.close


SYSTEM = System()


def temporary_name(link: str) -> str:
    """Return the path of the temporary link beside *link*: hidden and without a suffix that anybody looks at."""
    parent, _, name = link.rpartition("/")
    return f"{parent}/.{name}.kubepki-rollback"


def survey(link: str, system: System = SYSTEM) -> Survey:
    """Return what the directory of *link* holds: of each name kind, inode, size, mtime and a link's own text.

    Raises OSError. The temporary link of an earlier attempt is left out.
    """
    directory = link.rpartition("/")[0] or "/"
    left_out = temporary_name(link).rpartition("/")[2]
    entries: dict[str, Entry] = {}
    for name in system.listdir(directory):
        if name == left_out:
            continue
        path = f"{directory.rstrip('/')}/{name}"
        status = system.lstat(path)
        text = system.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
        entries[name] = (stat.S_IFMT(status.st_mode), status.st_ino, status.st_size, status.st_mtime_ns, text)
    return MappingProxyType(entries)


def relink(link: str, target: str, planned: Survey, system: System = SYSTEM) -> None:
    """Point *link* at *target*, provided that its directory still is as *planned*.

    Raises RelinkError. Whatever fails, the link is the old or the new one, and no temporary link stays.
    """
    temporary = temporary_name(link)
    try:
        directory = system.open(link.rpartition("/")[0] or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _failure(error, "the directory cannot be opened") from error
    renamed = False
    try:
        _remove(temporary, system)
        try:
            system.symlink(target, temporary)
            _inherit(link, temporary, planned, system)
            _require_unchanged(link, planned, system)
            system.rename(temporary, link)
            renamed = True
        finally:
            if not renamed:
                _remove(temporary, system)
        system.fsync(directory)
    except OSError as error:
        what = "the link is replaced, but may not survive a power cut" if renamed else "the link cannot be replaced"
        raise _failure(error, what, changed=renamed) from error
    finally:
        # Whether a descriptor for reading closes well changes nothing.
        with contextlib.suppress(OSError):
            system.close(directory)


def _inherit(link: str, temporary: str, planned: Survey, system: System) -> None:
    """Give the temporary link the owner and the security context of the old one, where there is one."""
    kind = planned.get(link.rpartition("/")[2], (0, 0, 0, 0, ""))[0]
    if kind == 0:
        return
    if not stat.S_ISLNK(kind):
        msg = "it is a file and no link: its content would be lost"
        raise RelinkError(msg)
    old, new = system.lstat(link), system.lstat(temporary)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        system.lchown(temporary, old.st_uid, old.st_gid)
    try:
        context = system.getxattr(link, SELINUX)
    except OSError as error:
        if error.errno not in _NO_CONTEXT:
            raise
        return
    system.setxattr(temporary, SELINUX, context)


def _require_unchanged(link: str, planned: Survey, system: System) -> None:
    if survey(link, system) != planned:
        msg = "the directory has changed since the plan was made; look again"
        raise RelinkError(msg)


def _remove(temporary: str, system: System) -> None:
    """Remove the temporary link, of an attempt that a crash cut short, too. Anything but a link is left alone."""
    try:
        if stat.S_ISLNK(system.lstat(temporary).st_mode):
            system.unlink(temporary)
    except FileNotFoundError:
        return


def _failure(error: OSError, what: str, *, changed: bool = False) -> RelinkError:
    return RelinkError(f"{what}: {error.strerror or error}", changed=changed)
