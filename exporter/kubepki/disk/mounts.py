"""The mounts that this process sees; asks the kernel, no file system."""

import os
import re
from pathlib import Path

_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_POINT = 4


def mount_table() -> bytes:
    """Return proc_pid_mountinfo(5) of this process; empty where there is no `/proc`."""
    try:
        return Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return b""


def mount_points(mountinfo: bytes, *, but: bytes = b"") -> tuple[str, ...]:
    """Return the mount points in *mountinfo* (proc_pid_mountinfo(5)), of which a user may choose the name.

    Those of the kind *but* are left out.
    """
    found = []
    for line in mountinfo.split(b"\n"):
        before, _, after = line.partition(b" - ")
        fields = before.split(b" ")
        if len(fields) > _POINT and not (but and after.split(b" ")[0] == but):
            found.append(plain(fields[_POINT]))
    return tuple(found)


def plain(written: bytes) -> str:
    """Return a name as it is: the kernel and fstab(5) write blanks and backslashes in it as three octal digits."""
    return os.fsdecode(_OCTAL.sub(lambda found: bytes((int(found[1], 8),)), written))
