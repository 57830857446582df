"""Where a path leads, and what tells one content of a file from another. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from kubepki.model import Fault


class Identity(NamedTuple):
    """What tells one content of one file from another without reading it."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @property
    def mtime(self) -> float:
        """The modification time in Unix seconds."""
        return self.mtime_ns / 1e9


# A path and the parts of the identity of the file at it, of nothing where there is none.
Mark = tuple[str] | tuple[str, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a path leads: the resolved file, and whether the path itself is a symbolic link."""

    resolved: str
    is_link: bool
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at a path found: the file and its content, or that it is the one that was known.

    `data` is None where the identity is the known one, and where `fault` says why the content was not read.
    """

    located: Located
    data: bytes | None = None
    fault: Fault | None = None
