"""Keeps the C library from holding memory that one large answer, or a scan of much that was new, has needed."""

import contextlib
import ctypes
import time

# malloc.h. Without a fixed threshold glibc keeps blocks of up to 32 MiB in its heaps once one of them was freed.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# A table of ten thousand paths is smaller, a page of as many is larger.
_THRESHOLD = 1 << 20
_ARENAS = 2
# Its pages lie between others that are used, and to find them takes a millisecond or two.
_BETWEEN_SECONDS = 30.0


def give_large_blocks_back() -> None:
    """Let what is large come from the system and go back to it, and let threads share two heaps (mallopt(3)).

    Does nothing where the C library has no such call.
    """
    with contextlib.suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for name, value in (
            (_M_MMAP_THRESHOLD, _THRESHOLD),
            (_M_TRIM_THRESHOLD, _THRESHOLD),
            (_M_ARENA_MAX, _ARENAS),
        ):
            mallopt(name, value)


class FreePages:
    """Gives what is free within the heaps back to the system, now and then; for one thread."""

    def __init__(self) -> None:
        self._due_at = time.monotonic() + _BETWEEN_SECONDS

    def give_back(self) -> bool:
        """Give it back where that was not done for half a minute (malloc_trim(3)); return whether it was done now.

        Other threads run meanwhile. Does nothing more where the C library has no such call.
        """
        now = time.monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + _BETWEEN_SECONDS
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
        return True
