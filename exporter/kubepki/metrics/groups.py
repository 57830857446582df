"""What neighbouring paths contribute to a page, written once and kept as long as these paths stay as they are. Pure."""

import zlib
from collections.abc import Iterable, Sequence

from kubepki.judgement.signed import signed
from kubepki.metrics.collector import has_moments, offset_family, path_families, totals_of
from kubepki.metrics.text import lines, starts
from kubepki.model import PathState, Reading, Snapshot

_EPOCH = Reading(host_time=0.0)
_GZIP_LEVEL = 1
_RAW_DEFLATE = -15
# Both kinds of borders are at certain paths, so that a new path changes what is around it only.
_GROUP, _LARGEST_GROUP = 32, 256
_RUN, _LARGEST_RUN = 512, 2_048


def packed(text: bytes) -> bytes:
    """Return *text* as blocks of deflate that end at a byte and are referred to by nothing later."""
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
    return packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)


class Group:
    """What a few paths contribute: their lines of each family told by path, and what each scrape completes."""

    __slots__ = ("ends_run", "lines", "links", "offsets", "signed", "states", "totals")

    def __init__(self, states: tuple[PathState, ...]) -> None:
        part = Snapshot(paths=states)
        self.states = states
        self.lines = {told.family.name: text.encode() for told in path_families(part) if (text := lines(told))}
        self.offsets = starts(offset_family(part, _EPOCH))
        self.signed = signed(part)
        self.totals = totals_of(part)
        self.links = tuple(state for state in states if has_moments(state))
        self.ends_run = _mark(states[-1]) % _RUN == 0


class Run:
    """Neighbouring groups whose lines are compressed together, each family at its first use."""

    __slots__ = ("_packed", "groups")

    def __init__(self, groups: tuple[Group, ...]) -> None:
        self.groups = groups
        self._packed: dict[str, bytes] = {}

    def packed(self, name: str) -> bytes:
        """Return the lines of the family *name* as `packed`; nothing where there are none."""
        found = self._packed.get(name)
        if found is None:
            text = b"".join(group.lines[name] for group in self.groups if name in group.lines)
            found = self._packed[name] = packed(text) if text else b""
        return found


def groups_of(states: Sequence[PathState], former: Iterable[Group] = ()) -> list[Group]:
    """Return *states* in groups of about 32; one of *former* that has the same states is taken as it is."""
    known = {group.states[0].path: group for group in former}
    found: list[Group] = []
    start = 0
    while start < len(states):
        group = known.get(states[start].path)
        same = () if group is None else tuple(states[start : start + len(group.states)])
        if group is None or same != group.states:
            group = Group(tuple(states[start : _border(states, start)]))
        else:
            # Equal ones are compared at once where they are the same objects the next time.
            group.states = same
        found.append(group)
        start += len(group.states)
    return found


def runs_of(groups: Iterable[Group], former: Iterable[Run] = ()) -> list[Run]:
    """Return *groups* in runs of about 512 paths; one of *former* that has the same groups is taken as it is."""
    known = {run.groups: run for run in former}
    found: list[Run] = []
    held: list[Group] = []
    size = 0
    for group in groups:
        held.append(group)
        size += len(group.states)
        if group.ends_run or size >= _LARGEST_RUN:
            found.append(known.get(tuple(held)) or Run(tuple(held)))
            held.clear()
            size = 0
    if held:
        found.append(known.get(tuple(held)) or Run(tuple(held)))
    return found


def _border(states: Sequence[PathState], start: int) -> int:
    last = min(len(states), start + _LARGEST_GROUP)
    return next((end for end in range(start + 1, last) if _mark(states[end - 1]) % _GROUP == 0), last)


def _mark(state: PathState) -> int:
    return zlib.crc32(state.path.encode("utf-8", "surrogateescape"))
