"""The end of the process within its time, whatever its parts wait for.

What a part may wait for cannot all be bounded from inside: a disk below the state file, a stream to a journal that
nobody reads, a kernel that takes its time to close what watched.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

_LAST_WORDS_SECONDS = 0.05


@contextmanager
def leaving(status: int, *, seconds: float) -> Iterator[None]:
    """Give what is done inside *seconds*; after them the process ends at once with exit status *status*."""
    done = threading.Event()

    def leave() -> None:
        if done.wait(seconds):
            return
        # The log may be what hangs.
        threading.Thread(target=log.warning, args=("the end took too long: what hangs is left",), daemon=True).start()
        done.wait(_LAST_WORDS_SECONDS)
        os._exit(status)

    threading.Thread(target=leave, name="leave", daemon=True).start()
    try:
        yield
    finally:
        done.set()
