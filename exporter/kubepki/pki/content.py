"""Reads files and remembers what was parsed of them, keyed on the identity of the resolved file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kubepki.model import Fault
from kubepki.pki import disk
from kubepki.pki.located import Identity, Located

Parsed = TypeVar("Parsed")

# A file system stamps changes with the kernel's tick (10 ms at most). A second change within the tick of the first
# leaves the same identity, so what was read that early is read once more.
_TICK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Parsed]):
    parsed: Parsed
    first_seen: float
    read: float

    @property
    def settled(self) -> bool:
        return self.read - self.first_seen >= _TICK_SECONDS


class ContentCache(Generic[Parsed]):
    """What `parse` made of each file's bytes, for as long as the file stays the same and is asked for at each scan."""

    def __init__(self, parse: Callable[[bytes, str], Parsed], *, limit: int, boottime: Callable[[], float]) -> None:
        self._parse = parse
        self._limit = limit
        self._boottime = boottime
        self._entries: dict[tuple[Identity, str], _Entry[Parsed]] = {}
        self._used: dict[tuple[Identity, str], _Entry[Parsed]] = {}
        self.unsettled = False

    def load(self, located: Located, variant: str = "") -> tuple[Identity, Parsed] | Fault:
        """Return the identity and the parsed content of a file, or the fault that kept it from being read.

        *variant* is given to `parse` and tells apart two ways of parsing the same bytes.
        """
        known = self._entry(located.identity, variant)
        if known is not None and known.settled:
            self._used[located.identity, variant] = known
            return located.identity, known.parsed
        now = self._boottime()
        outcome = disk.read(located.resolved, self._limit)
        if isinstance(outcome, Fault):
            return outcome
        identity, data = outcome
        known = self._entry(identity, variant)
        entry = _Entry(self._parse(data, variant), known.first_seen if known else now, now)
        self._used[identity, variant] = entry
        self.unsettled = self.unsettled or not entry.settled
        return identity, entry.parsed

    def begin(self, *, reread: bool) -> None:
        """Start a scan: forget what the last one did not use, and with *reread* everything."""
        self._entries = {} if reread else self._used
        self._used = {}
        self.unsettled = False

    def _entry(self, identity: Identity, variant: str) -> _Entry[Parsed] | None:
        return self._used.get((identity, variant)) or self._entries.get((identity, variant))
