"""Keeps the C library from holding memory that one large answer has needed."""

import contextlib
import ctypes

# malloc.h. Without a fixed threshold glibc keeps blocks of up to 32 MiB in its heaps once one of them was freed.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# A table of ten thousand paths is smaller, a page of as many is larger.
_THRESHOLD = 1 << 20
_ARENAS = 2


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
