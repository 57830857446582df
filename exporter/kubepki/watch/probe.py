"""What the kernel says of a directory before it is watched: whether it may be."""

import ctypes
import os
from contextlib import suppress

_LIBC = ctypes.CDLL(None, use_errno=True)
_PROBE_MASK = 0x00000400 | 0x01000000  # IN_DELETE_SELF | IN_ONLYDIR
_PROBE_BYTES = 65536


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


def _last_error(directory: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), directory)
