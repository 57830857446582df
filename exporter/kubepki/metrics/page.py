"""The text of one snapshot: written once, so that a scrape writes only what the clocks and the service say.

Pure. The families and their order are the collector's. What a few neighbouring paths contribute is kept, so that
the page of the next snapshot writes only what has changed.
"""

import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property

from prometheus_client import Metric

from kubepki.judgement.belief import weigh
from kubepki.judgement.witnesses import oldest_authority
from kubepki.metrics import families
from kubepki.metrics.collector import (
    View,
    clock_families,
    has_moments,
    health_families,
    link_families,
    offset_family,
    snapshot_families,
)
from kubepki.metrics.families import Told
from kubepki.metrics.text import Form, end, header, library_text, lines, moved, starts
from kubepki.model import PathState, Reading, Snapshot

# These are told path by path, in the order of the paths; any other is written whole for each snapshot.
_BY_PATH = frozenset(
    {
        families.NOT_BEFORE.name,
        families.NOT_AFTER.name,
        families.CERTIFICATE_INFO.name,
        families.KEY_MATCH.name,
        families.SYMLINK_INFO.name,
        families.SYMLINK_TARGET_MTIME.name,
        families.SYMLINK_TARGET_NAME_TIME.name,
        families.FAULT.name,
        families.PATH_OK.name,
    }
)
_EPOCH = Reading(host_time=0.0)
_GZIP_LEVEL = 1
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_RAW_DEFLATE = -15
_GROUP = 32
_LARGEST_GROUP = 256


class Fixed:
    """The beginning of a document that stays; its compressed form is made at the first use."""

    def __init__(self, text: bytes = b"") -> None:
        self.text = text

    @cached_property
    def deflated(self) -> tuple[bytes, int]:
        """The text as blocks of deflate that end at a byte and refer to nothing later, and its CRC-32."""
        packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
        return packer.compress(self.text) + packer.flush(zlib.Z_FULL_FLUSH), zlib.crc32(self.text)


NOTHING = Fixed()


def gzip(fixed: Fixed, moving: bytes) -> bytes:
    """Return both as one gzip member (RFC 1952), *fixed* deflated only once."""
    blocks, checksum = fixed.deflated
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
    checksum = zlib.crc32(moving, checksum)
    size = (len(fixed.text) + len(moving)) & 0xFFFFFFFF
    trailer = checksum.to_bytes(4, "little") + size.to_bytes(4, "little")
    return b"".join((_GZIP_HEADER, blocks, packer.compress(moving), packer.flush(), trailer))


class _Written:
    """What a few paths contribute: their lines of each family told by path, and what each scrape completes."""

    __slots__ = ("lines", "offsets", "states")

    def __init__(self, states: tuple[PathState, ...]) -> None:
        part = Snapshot(paths=states)
        self.states = states
        self.lines = {
            told.family.name: text
            for told in snapshot_families(part)
            if told.family.name in _BY_PATH and (text := lines(told))
        }
        self.offsets = starts(offset_family(part, _EPOCH))


def _groups(states: Iterable[PathState]) -> Iterator[tuple[PathState, ...]]:
    """Yield *states* in groups of about 32 that end at certain paths, so that a new path changes its group only."""
    group: list[PathState] = []
    for state in states:
        group.append(state)
        last = zlib.crc32(state.path.encode("utf-8", "surrogateescape")) % _GROUP == 0
        if last or len(group) >= _LARGEST_GROUP:
            yield tuple(group)
            group.clear()
    if group:
        yield tuple(group)


class Page:
    """The text of *snapshot*; what *former* has written of paths that are the same is taken from there."""

    def __init__(self, snapshot: Snapshot, former: "Page | None" = None) -> None:
        self.snapshot = snapshot
        known = {} if former is None else {written.states[0].path: written for written in former.written}
        self.written: list[_Written] = [
            written if written is not None and written.states == group else _Written(group)
            for group in _groups(snapshot.paths)
            for written in (known.get(group[0].path),)
        ]
        self._offsets = [pair for written in self.written for pair in written.offsets]
        self._authority = oldest_authority(snapshot)
        self._links = Snapshot(paths=tuple(state for state in snapshot.paths if has_moments(state)))
        self.made: dict[Form, Fixed] = {}
        for form, fixed in () if former is None else former.made.items():
            # The next scrape is of the same form; and where the text is the same, so is the compressed one.
            if self.fixed(form).text == fixed.text:
                self.made[form] = fixed

    def fixed(self, form: Form) -> Fixed:
        """Return what depends on the snapshot alone."""
        found = self.made.get(form)
        if found is None:
            text = "".join(part for told in snapshot_families(self.snapshot) for part in self._parts(told, form))
            found = self.made[form] = Fixed(text.encode())
        return found

    def moving(self, view: View, form: Form, others: Iterable[Metric]) -> bytes:
        """Return the rest of the document: what *view* says besides its snapshot, and *others* by the library."""
        parts = [header(families.NOT_BEFORE_OFFSET, form), moved(self._offsets, view.reading.host_time)]
        for told in (
            *link_families(self._links, view.reading, weigh(self._authority, view.reading)),
            *clock_families(view.reading),
            *health_families(view.health),
        ):
            parts += (header(told.family, form), lines(told))
        return b"".join(("".join(parts).encode(), library_text(others, form), end(form)))

    def _parts(self, told: Told, form: Form) -> Iterable[str]:
        name = told.family.name
        yield header(told.family, form)
        if name in _BY_PATH:
            yield from (written.lines[name] for written in self.written if name in written.lines)
        else:
            yield lines(told)
