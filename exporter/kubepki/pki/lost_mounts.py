"""Whether a disk is gone on which files lay: what is not mounted was not removed.

A mount counts as lost where it held a file at an earlier scan, or where fstab(5) or an enabled unit of systemd wants it
mounted, and the kernel's table does not have it now.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from kubepki.config.paths import escape_glob
from kubepki.disk.disk import Disk
from kubepki.disk.located import Looked
from kubepki.disk.mounts import mount_points, mount_table, plain
from kubepki.model import Fault, PathState, Reason, Snapshot
from kubepki.pki import globs

_FSTAB = "/etc/fstab"
_FSTAB_SIZE = 1 << 18
_UNIT_DIRECTORIES = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
_OUTSIDE_A_NAME = re.compile(rb"[^A-Za-z0-9:_.]|\A\.")


def mounted() -> tuple[str, ...]:
    """Return where something is mounted now; an automount point that waits for its disk is not."""
    return mount_points(mount_table(), but=b"autofs")


class LostMounts:
    """What the remembered files lay on. For one thread at a time."""

    def __init__(self, disk: Disk, table: Callable[[], Sequence[str]] = mounted) -> None:
        self._disk = disk
        self._table = table
        self._held: dict[str, frozenset[str]] = {}

    def note(self, paths: Collection[str]) -> None:
        """Take down on which mounts *paths* lie, which are there: by their names, and by where their links lead."""
        points = frozenset(self._table()) - {"/"}
        places = self._places(paths)
        for path in paths:
            nearest = (next((each for each in _above(place) if each in points), None) for place in places[path])
            self._held[path] = frozenset(each for each in nearest if each is not None)

    def lost(self, paths: Collection[str]) -> str | None:
        """Return the mount point above one of *paths* at which nothing is mounted, though it was or should be."""
        points = frozenset(self._table())
        held = {each for path in paths for each in self._held.get(path, ())} - points
        if held:
            return min(held)
        above = {each for places in self._places(paths).values() for place in places for each in _above(place)} - points
        wanted = self._of_fstab() | self._of_units(above)
        return min(above & wanted, key=len, default=None)

    def _places(self, paths: Collection[str]) -> dict[str, tuple[str, str]]:
        parents = {path: path.rpartition("/")[0] or "/" for path in paths}
        real = self._disk.real_directories(sorted(set(parents.values())))
        return {
            path: (path, f"{real[parent].rstrip('/')}/{path.rpartition('/')[2]}") for path, parent in parents.items()
        }

    def _of_fstab(self) -> frozenset[str]:
        (looked,) = self._disk.look([(_FSTAB, None)], _FSTAB_SIZE)
        data = looked.data if isinstance(looked, Looked) else None
        return frozenset(_mounted_at_boot(data or b""))

    def _of_units(self, places: Collection[str]) -> frozenset[str]:
        patterns = {
            f"{directory}/*.{wanting}/{escape_glob(unit_name(place))}": place
            for place in places
            for directory in _UNIT_DIRECTORIES
            for wanting in ("wants", "requires")
        }
        found = globs.find(patterns, self._disk).paths
        return frozenset(place for pattern, place in patterns.items() if found.get(pattern))


def told_of(snapshot: Snapshot, lost: str) -> Snapshot:
    """Return *snapshot*, in which what is missing below the mount point *lost* says so."""
    fault = Fault(reason=Reason.MISSING, detail=f"nothing is mounted at {lost}, which held it")

    def told(state: PathState) -> PathState:
        missing = state.path.startswith(f"{lost}/") and any(each.reason is Reason.MISSING for each in state.faults)
        faults = (fault if each.reason is Reason.MISSING else each for each in state.faults)
        return replace(state, faults=tuple(faults)) if missing else state

    return replace(snapshot, paths=tuple(map(told, snapshot.paths)))


def unit_name(place: str) -> str:
    """Return the name of the unit that mounts the absolute *place* (systemd.mount(5), systemd-escape(1))."""
    escaped = _OUTSIDE_A_NAME.sub(
        lambda found: b"-" if found[0] == b"/" else b"\\x%02x" % found[0][0], os.fsencode(place.strip("/"))
    )
    return f"{escaped.decode('ascii')}.mount"


def _above(path: str) -> Iterator[str]:
    """Yield the directories above *path*, the nearest first, but for the root."""
    while path := path.rpartition("/")[0]:
        yield path


def _mounted_at_boot(fstab: bytes) -> Iterator[str]:
    for line in fstab.split(b"\n"):
        fields = line.split()
        if len(fields) < 2 or fields[0].startswith(b"#"):  # noqa: PLR2004 - what is mounted, and where
            continue
        options = fields[3].split(b",") if len(fields) > 3 else []  # noqa: PLR2004 - the fourth field
        if b"noauto" not in options or b"x-systemd.automount" in options:
            yield plain(fields[1]).rstrip("/")
