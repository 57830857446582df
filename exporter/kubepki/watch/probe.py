"""What the kernel says of a directory before it is watched: whether it may be, and whether that would suffice."""

import ctypes
import os
import sys
from contextlib import suppress

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

_LIBC = ctypes.CDLL(None, use_errno=True)
_PROBE_MASK = 0x00000400 | 0x01000000  # IN_DELETE_SELF | IN_ONLYDIR
_PROBE_BYTES = 65536
_STATFS_BYTES = 512  # struct statfs has at most 120; f_type comes first


class Probe:
    """Asks the kernel whether a directory can be watched, for watchdog hides EACCES.

    One instance is kept for all questions: to close one takes the kernel some milliseconds.
    """

    def __init__(self) -> None:
        self._descriptor = -1

    def __call__(self, directory: str) -> None:
        """Raise the `OSError` with which the kernel refuses to watch *directory*."""
        if self._descriptor < 0:
            self._descriptor = _LIBC.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
            if self._descriptor < 0:
                raise _last_error(directory)
        number = _LIBC.inotify_add_watch(self._descriptor, os.fsencode(directory), _PROBE_MASK)
        if number < 0:
            raise _last_error(directory)
        _LIBC.inotify_rm_watch(self._descriptor, number)
        with suppress(BlockingIOError):
            os.read(self._descriptor, _PROBE_BYTES)

    def close(self) -> None:
        """Give the instance back; a later question takes a new one."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def remote_file_system(directory: str) -> str | None:
    """Return the name of a file system that does not announce all changes, None where it does or cannot be asked."""
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if _LIBC.statfs(os.fsencode(directory), buffer) != 0:
        return None
    return REMOTE_FILE_SYSTEMS.get(int.from_bytes(buffer.raw[:4], sys.byteorder))


def _last_error(directory: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), directory)
