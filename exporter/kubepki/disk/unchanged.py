"""Whether what is at a path, or in a directory, is what it was: one system call, and nothing is opened or listed."""

import os
import time

from kubepki.disk.located import Mark
from kubepki.disk.tree import remote_file_system

_ANOTHER_TIME_SECONDS = 2.0


def has_moved(mark: Mark) -> bool:
    """Return whether what is at a path is not the file of *mark*, or is anything where that was nothing."""
    try:
        status = os.lstat(mark[0])
    except (FileNotFoundError, NotADirectoryError):
        return len(mark) != 1
    except (OSError, ValueError):
        return True
    # In the order in which they differ most often.
    return (
        len(mark) == 1
        or status.st_ctime_ns != mark[5]
        or status.st_ino != mark[2]
        or status.st_mtime_ns != mark[4]
        or status.st_size != mark[3]
        or status.st_dev != mark[1]
    )


def listing_stamp(directory: str) -> tuple[int, ...] | None:
    """Return what tells that the names in *directory* are the same without listing them; None where nothing does.

    A change right after another leaves the same time, so that a fresh one tells nothing, nor does that of a file system
    that others change.
    """
    try:
        status = os.stat(directory)  # noqa: PTH116 - bytes that are no UTF-8 survive in str paths only
    except (OSError, ValueError):
        return None
    now = time.time()
    if any(abs(now - each) < _ANOTHER_TIME_SECONDS for each in (status.st_mtime, status.st_ctime)):
        return None
    if remote_file_system(directory) is not None:
        return None
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
