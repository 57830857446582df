"""The text of one snapshot: written once, so that a scrape writes only what the clocks and the service say.

Pure. The families and their order are the collector's. What a few neighbouring paths contribute is kept (`groups`), so
that the page of the next snapshot writes, and compresses, only what has changed.
"""

import itertools
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property

from prometheus_client import Metric

from kubepki.judgement.belief import weigh
from kubepki.judgement.signed import merged
from kubepki.metrics import families
from kubepki.metrics.collector import (
    View,
    clock_families,
    health_families,
    link_families,
    path_families,
    total_families,
)
from kubepki.metrics.families import Family
from kubepki.metrics.groups import Group, Run, groups_of, packed, runs_of
from kubepki.metrics.text import Form, end, header, lines, moved, others_text
from kubepki.model import Snapshot

_GZIP_LEVEL = 1
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_RAW_DEFLATE = -15


class Fixed:
    """The beginning of a document that stays, in *parts*, which others may hold too: it is never kept a second time.

    Its compressed form is made at the first use, by *pack* where given.
    """

    def __init__(self, parts: Sequence[bytes] = (), pack: Callable[[], bytes] | None = None) -> None:
        self.parts = parts
        self.size = sum(map(len, parts))
        self._pack = pack

    @property
    def text(self) -> bytes:
        """The whole text."""
        return b"".join(self.parts)

    @cached_property
    def deflated(self) -> tuple[bytes, int]:
        """The text as blocks of deflate that end at a byte and refer to nothing later, and its CRC-32."""
        checksum = 0
        for part in self.parts:
            checksum = zlib.crc32(part, checksum)
        return packed(self.text) if self._pack is None else self._pack(), checksum


NOTHING = Fixed()


def gzip(fixed: Fixed, moving: bytes) -> bytes:
    """Return both as one gzip member (RFC 1952), *fixed* deflated only once."""
    blocks, checksum = fixed.deflated
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
    checksum = zlib.crc32(moving, checksum)
    size = (fixed.size + len(moving)) & 0xFFFFFFFF
    trailer = checksum.to_bytes(4, "little") + size.to_bytes(4, "little")
    return b"".join((_GZIP_HEADER, blocks, packer.compress(moving), packer.flush(), trailer))


@cache
def _header(family: Family, form: Form) -> tuple[bytes, bytes]:
    """Return the lines before the samples of *family*, and their packed form."""
    text = header(family, form).encode()
    return text, packed(text)


class Page:
    """The text of *snapshot*; what *former* has written of paths that are the same is taken from there."""

    def __init__(self, snapshot: Snapshot, former: "Page | None" = None) -> None:
        self.snapshot = snapshot
        self.groups: list[Group] = groups_of(snapshot.paths, () if former is None else former.groups)
        self.runs: list[Run] = runs_of(self.groups, () if former is None else former.runs)
        self._offsets = list(itertools.chain.from_iterable(group.offsets for group in self.groups))
        self._signed = merged(group.signed for group in self.groups)
        self._links = Snapshot(paths=tuple(state for group in self.groups for state in group.links))
        self.made: dict[Form, Fixed] = {}
        for form, fixed in () if former is None else former.made.items():
            # The next scrape is of the same form; and where the text is the same, so is the compressed one.
            if self.fixed(form).parts == fixed.parts:
                self.made[form] = fixed

    def fixed(self, form: Form) -> Fixed:
        """Return what depends on the snapshot alone."""
        found = self.made.get(form)
        if found is None:
            found = self.made[form] = self._fixed(form)
        return found

    def moving(self, view: View, form: Form, others: Iterable[Metric]) -> bytes:
        """Return the rest of the document: what *view* says besides its snapshot, and *others* by the library."""
        parts = [header(families.NOT_BEFORE_OFFSET, form), moved(self._offsets, view.reading.host_time)]
        for told in (
            *link_families(self._links, view.reading, weigh(self._signed, view.reading)),
            *clock_families(view.reading),
            *health_families(view.health),
        ):
            parts += (header(told.family, form), lines(told))
        parts += (others_text(others, form), end(form).decode())
        return "".join(parts).encode()

    def _fixed(self, form: Form) -> Fixed:
        by_path = [told.family for told in path_families(Snapshot())]
        totals = total_families(
            [group.totals for group in self.groups], self.snapshot.ignored, departed=self.snapshot.departed
        )
        last = "".join(part for told in totals for part in (header(told.family, form), lines(told))).encode()
        parts: list[bytes] = []
        for family in by_path:
            parts.append(_header(family, form)[0])
            parts += [group.lines[family.name] for group in self.groups if family.name in group.lines]

        def pack() -> bytes:
            blocks: list[bytes] = []
            for family in by_path:
                blocks.append(_header(family, form)[1])
                blocks += [run.packed(family.name) for run in self.runs]
            return b"".join((*blocks, packed(last)))

        return Fixed((*parts, last), pack)
