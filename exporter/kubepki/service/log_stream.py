"""The log on its way to stderr: whoever logs never waits for who reads.

A journal that is stopped, or whose disk hangs, takes no more lines after some hundred kilobytes. A thread of its own
waits for it then, and nothing else does.
"""

import os
import threading
import time
from collections import deque
from typing import TextIO

_MOST_CHARACTERS = 1 << 20


class LogStream:
    """What a handler of `logging` writes to, in front of *stream*. Beyond a mebibyte that waits, lines are left out.

    What was left out is counted, and told once the stream takes lines again.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque()
        self._size = 0
        self._lost = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def fileno(self) -> int:
        """Return the descriptor of the stream, by which systemd's journal is known."""
        return self._stream.fileno()

    def write(self, text: str) -> None:
        """Take *text*, whole lines, and return at once."""
        with self._changed:
            if self._size + len(text) > _MOST_CHARACTERS:
                self._lost += 1
                return
            self._waiting.append(text)
            self._size += len(text)
            self._changed.notify_all()

    def flush(self) -> None:
        """Do nothing: each line is on its way."""

    def settle(self, seconds: float) -> bool:
        """Wait until everything is written, *seconds* at most; return whether it is."""
        deadline = time.monotonic() + seconds
        with self._changed:
            return self._changed.wait_for(lambda: not self._size, max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                text, lost, self._lost = self._waiting.popleft(), self._lost, 0
            try:
                self._stream.write(text)
                if lost:
                    self._stream.write(f'level=warn msg="the log took no lines for a time" left_out={lost}{os.linesep}')
                self._stream.flush()
            except (OSError, ValueError):
                # Who read is gone.
                pass
            with self._changed:
                self._size -= len(text)
                self._changed.notify_all()
