"""The system calls with which a link is replaced, each below a directory's descriptor or on a held one."""

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass

SELINUX = "security.selinux"
_AT_EMPTY_PATH = 0x1000


def _chown(held: int, uid: int, gid: int) -> None:
    """Give what the descriptor *held* (O_PATH) holds to *uid* and *gid*: fchownat(2) with an empty path."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fchownat(held, b"", uid, gid, _AT_EMPTY_PATH) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _getxattr(held: int, name: str) -> bytes:
    # fgetxattr(2) refuses an O_PATH descriptor; its name below /proc leads to the very inode.
    return os.getxattr(f"/proc/self/fd/{held}", name)


def _setxattr(held: int, name: str, value: bytes) -> None:
    os.setxattr(f"/proc/self/fd/{held}", name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The system calls, so that a test can let each of them fail. None opens what could block."""

    open: Callable[[str, int, int | None], int] = lambda path, flags, directory: os.open(path, flags, dir_fd=directory)
    listdir: Callable[[int], list[str]] = os.listdir
    fstat: Callable[[int], os.stat_result] = os.fstat
    lstat: Callable[[str, int], os.stat_result] = lambda name, directory: os.lstat(name, dir_fd=directory)
    readlink: Callable[[str, int], str] = lambda name, directory: os.readlink(name, dir_fd=directory)
    realpath: Callable[[str], str] = os.path.realpath
    geteuid: Callable[[], int] = os.geteuid
    symlink: Callable[[str, str, int], None] = lambda text, name, directory: os.symlink(text, name, dir_fd=directory)
    chown: Callable[[int, int, int], None] = _chown
    getxattr: Callable[[int, str], bytes] = _getxattr
    setxattr: Callable[[int, str, bytes], None] = _setxattr
    rename: Callable[[str, str, int], None] = lambda old, new, directory: os.rename(
        old, new, src_dir_fd=directory, dst_dir_fd=directory
    )
    unlink: Callable[[str, int], None] = lambda name, directory: os.unlink(name, dir_fd=directory)
    fsync: Callable[[int], None] = os.fsync
    close: Callable[[int], None] = os.close


SYSTEM = System()
