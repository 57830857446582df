"""Where a path leads, and what tells one content of a file from another. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a path leads: the resolved file, and whether the path itself is a symbolic link."""

    resolved: str
    is_link: bool
    identity: Identity
