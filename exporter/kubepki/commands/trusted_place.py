"""Whether others than a directory's owner and root can write where a link is to be replaced."""

import os
import stat


def who_else_writes(directory: str) -> str | None:
    """Return why *directory* is no place for root to write a link to, None where it is one. Raises OSError.

    Neither it nor any parent may be writable by a group other than root's or by everybody; a parent with the sticky bit
    is as good as one that is not, for there nobody renames what is another's (inode(7)).
    """
    place = os.path.realpath(directory)
    here = True
    while True:
        mode = (status := os.lstat(place)).st_mode
        sticky = bool(mode & stat.S_ISVTX) and not here
        if mode & stat.S_IWOTH and not sticky:
            return f"{place} is writable by everybody"
        if mode & stat.S_IWGRP and status.st_gid != 0 and not sticky:
            return f"{place} is writable by the group {status.st_gid}"
        if not here and status.st_uid not in {0, os.geteuid()} and status.st_uid != os.lstat(directory).st_uid:
            return f"{place} belongs to the user {status.st_uid}"
        if place == "/":
            return None
        place, here = os.path.dirname(place), False  # noqa: PTH120 - paths are str
