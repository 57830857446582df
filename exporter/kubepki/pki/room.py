"""How much memory all that was parsed may take together: files of a mebibyte may lie there by the thousand. Pure."""

from collections.abc import Iterable

from kubepki.formats.parsed import Parsed, ParsedFile
from kubepki.model import Fault, Reason
from kubepki.pki import layout

MIB = 1 << 20
# An ordinary file takes less, and of these there are as many as --scan.max-files allows.
LIGHT_BYTES = 16_384
# What is no component's link cannot take the room of what is.
MOST_BYTES, MOST_OF_LINKS_BYTES = 32 * MIB, 16 * MIB
# A certificate without its encoding.
_CERTIFICATE_BYTES = 2_000


def weight(file: ParsedFile) -> int:
    """Return about how many bytes of memory *file* takes."""
    return sum(len(each.der) + _CERTIFICATE_BYTES for each in file.parsed.certificates)


class Room:
    """Bounds what the heavy files take together; for one thread at a time."""

    def __init__(self) -> None:
        self._taken = {False: 0, True: 0}

    @property
    def is_tight(self) -> bool:
        """Whether what was admitted should be counted anew, for some of it may be gone."""
        return self._taken[False] > MOST_BYTES // 2 or self._taken[True] > MOST_OF_LINKS_BYTES // 2

    def count(self, held: Iterable[tuple[str, ParsedFile]]) -> None:
        """Count what is *held*, each file by one of its paths; nothing else is."""
        self._taken = {False: 0, True: 0}
        for path, file in {id(file): (path, file) for path, file in held}.values():
            self._take(path, file)

    def admit(self, path: str, file: ParsedFile, former: ParsedFile | None = None) -> ParsedFile:
        """Return *file*, or in its place the fault of one for which there is no room once its *former* one has gone."""
        if former is not None:
            self._take(path, former, -1)
        size, is_link = weight(file), _is_link(path)
        most = MOST_OF_LINKS_BYTES if is_link else MOST_BYTES
        if size <= LIGHT_BYTES or self._taken[is_link] + size <= most:
            self._take(path, file)
            return file
        what = f"{len(file.parsed.certificates)} certificates of {size} bytes have no room in memory"
        detail = f"{what}, of which large files may take {most // MIB} MiB together: leave some out (--pki.ignore)"
        return ParsedFile(parsed=Parsed(faults=(Fault(reason=Reason.TOO_COSTLY, detail=detail),)))

    def _take(self, path: str, file: ParsedFile, sign: int = 1) -> None:
        size = weight(file)
        if size > LIGHT_BYTES:
            self._taken[_is_link(path)] += sign * size


def _is_link(path: str) -> bool:
    return layout.current_prefix(path.rpartition("/")[2]) is not None
