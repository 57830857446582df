"""Which questions are on their way to the parsing process, and which are next. Pure."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from kubepki.disk.frames import packed

T = TypeVar("T")

# What may be on its way at once: less than a socket holds, so that neither side waits for the other to read.
_BYTES = 1 << 16
_QUESTIONS = 128


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """One question with the bytes that it is about, and what its answer is."""

    header: bytes
    data: bytes
    kind: type[T]
    size: int


class Window(Generic[T]):
    """The questions of *coming* that have no answer yet: those on their way, and those that will be."""

    def __init__(self, coming: Iterable[Asked[T]]) -> None:
        self._coming = iter(coming)
        self._left: deque[Asked[T]] = deque()
        self._size = self._asked = self._asked_size = 0

    @property
    def first(self) -> Asked[T] | None:
        """The question whose answer is next; None where there is none left."""
        return self._left[0] if self._left else None

    @property
    def on_their_way(self) -> int:
        """How many questions are asked and have no answer yet."""
        return self._asked

    def take_in(self) -> None:
        """Take what is coming, once half of what may be on its way is answered."""
        if self._size > _BYTES // 2 or len(self._left) > _QUESTIONS // 2:
            return
        while not self._left or (self._size < _BYTES and len(self._left) < _QUESTIONS):
            each = next(self._coming, None)
            if each is None:
                return
            self._left.append(each)
            self._size += each.size

    def unasked(self) -> bytes:
        """Return the messages that may be sent now; they are then on their way. One that is larger goes alone."""
        messages = []
        for each in islice(self._left, self._asked, None):
            if self._asked and self._asked_size + each.size > _BYTES:
                break
            self._asked += 1
            self._asked_size += each.size
            messages.append(packed(each.header, each.data))
        return b"".join(messages)

    def answered(self) -> None:
        """Go on behind the first question."""
        each = self._left.popleft()
        self._size -= each.size
        if self._asked:
            self._asked -= 1
            self._asked_size -= each.size

    def lose(self) -> None:
        """Ask again what was on its way."""
        self._asked = self._asked_size = 0
