"""Where a path leads, over no more links than the kernel follows."""

import errno
import os


def real_path(path: str) -> str:
    """Return *path* with its links resolved as far as it exists, and as it is where there are too many of them.

    The library's `realpath` follows any number, some versions by calling themselves.
    """
    try:
        os.stat(path)  # noqa: PTH116 - bytes that are no UTF-8 survive in str paths only
    except OSError as error:
        if error.errno == errno.ELOOP:
            return path
    return os.path.realpath(path)
