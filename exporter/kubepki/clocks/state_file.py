"""The state file's format, and its reading and writing.

JSON with a version. A file of another version, of another shape or too large is damaged: it is better to start empty
than to judge by half of it.
"""

import json
import math
import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Any

from kubepki.model import Rotation

VERSION = 1
MAX_FILE_SIZE = 16 << 20
MAX_LINKS = 1_000


def read(path: Path) -> bytes:
    """Return the file's content, bounded; raise OSError, for what is no regular file too."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123 -- the descriptor is what is checked
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            msg = f"{path} is no regular file"
            raise OSError(msg)
        return file.read(MAX_FILE_SIZE + 1)


def write_atomically(path: Path, text: str) -> None:
    """Replace the file so that a power cut leaves the old or the new one; make the directory where there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(temporary, flags, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 -- O_NOFOLLOW needs os.open
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            msg = f"{temporary} is no regular file"
            raise OSError(msg)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def to_json(
    last_synchronized: float | None,
    boot: float | None,
    rotations: Collection[Rotation],
    sources: Collection[str],
    *,
    departed: bool,
) -> str:
    """Return the file's content; *boot* is CLOCK_BOOTTIME at the last synchronised time."""
    # Bytes that are no UTF-8 are lone surrogates in `str`; JSON's \uDCxx escapes carry them there and back.
    links = {item.path: {"target": item.target, "clock_synchronized": item.clock_synchronized} for item in rotations}
    root = {
        "version": VERSION,
        "last_synchronized": last_synchronized,
        "last_synchronized_boottime": boot,
        "links": links,
        "sources": sorted(sources),
        "departed": departed,
    }
    return json.dumps(root, indent=1) + "\n"


def from_json(data: bytes) -> tuple[float | None, float | None, dict[str, Rotation], frozenset[str], bool]:
    """Return the last synchronised time, its CLOCK_BOOTTIME, the rotations, the sources, and whether the host has left.

    Raise ValueError with a short reason.
    """
    if len(data) > MAX_FILE_SIZE:
        msg = "it is larger than 16 MiB"
        raise ValueError(msg)
    try:
        # A number of any length is a float, if an infinite one; an int can be too large to become one.
        root: Any = json.loads(data, parse_int=float)
    except ValueError as error:
        msg = "it is no JSON"
        raise ValueError(msg) from error
    if not isinstance(root, dict):
        msg = "it is no JSON object"
        raise ValueError(msg)  # noqa: TRY004 -- a matter of content
    if root.get("version") != VERSION:
        msg = f"its version is not {VERSION}"
        raise ValueError(msg)
    last, boot = _time(root, "last_synchronized"), _time(root, "last_synchronized_boottime")
    links = root.get("links")
    if not isinstance(links, dict) or len(links) > MAX_LINKS:
        msg = "links is no object, or too large"
        raise ValueError(msg)
    sources = root.get("sources", [])
    if not isinstance(sources, list) or len(sources) > MAX_LINKS or not all(isinstance(each, str) for each in sources):
        msg = "sources is no list of paths, or too large"
        raise ValueError(msg)
    # Absent in what an earlier version wrote.
    departed = root.get("departed", False)
    if not isinstance(departed, bool):
        msg = "departed is neither true nor false"
        raise ValueError(msg)  # noqa: TRY004 -- a matter of content
    return last, boot, {path: _rotation(path, value) for path, value in links.items()}, frozenset(sources), departed


def _time(root: dict[str, Any], key: str) -> float | None:
    value = root.get(key)
    if value is not None and (not isinstance(value, float) or not math.isfinite(value)):
        msg = f"{key} is no time"
        raise ValueError(msg)
    return value


def _rotation(path: str, value: object) -> Rotation:
    target = value.get("target") if isinstance(value, dict) else None
    synchronized = value.get("clock_synchronized") if isinstance(value, dict) else None
    if not isinstance(target, str) or (synchronized is not None and not isinstance(synchronized, bool)):
        msg = "a link has no target, or another fact than true, false and null"
        raise ValueError(msg)
    return Rotation(path=path, target=target, clock_synchronized=synchronized)
