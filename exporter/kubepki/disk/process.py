"""Looks at the disk in a process of its own: a path that hangs holds up a thread of that process and nothing else.

A system call on a dead network or FUSE file system can often not be ended, not even by SIGKILL, and with it neither the
process that made it. So the service makes none on paths of others: it can always end, and its port is free at once.
"""

import logging
import marshal
import select
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubepki.disk.calls import Call
from kubepki.disk.child import ANSWER, BACK
from kubepki.disk.crew import LATER
from kubepki.disk.disk import Interrupted
from kubepki.disk.frames import receive, send
from kubepki.disk.start import LOOKING, start
from kubepki.logs import tell

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)

_START_SECONDS = 30.0
_LOOK_SECONDS = 0.02
_BATCH = 1_000
# Between two signs of life; it gives one each second.
_PATIENCE_SECONDS = 20.0


class LookingFailedError(Exception):
    """The looking process ended or fell silent; the next question starts another one."""


class LookingProcess:
    """An `Asked` for one thread. *seconds* is how long one path may take, *interrupted* says that nobody waits.

    *between* is called before each question; what it raises leaves the rest.

    `silent` are the paths that have not answered for more than a second, and since when (monotonic seconds); any thread
    may read it. The process keeps the descriptors *keeps* for as long as it is there.
    """

    def __init__(
        self,
        *,
        seconds: float,
        interrupted: Callable[[], bool] = lambda: False,
        between: Callable[[], None] = lambda: None,
        keeps: tuple[int, ...] = (),
    ) -> None:
        self.seconds = seconds
        self._keeps = keeps
        self.silent: Mapping[str, float] = {}
        self._interrupted = interrupted
        self._between = between
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        """Return one answer for each call of *batch*."""
        answers: list[Any] = [LATER] * len(batch)
        left = list(range(len(batch)))
        while left:
            self._between()
            asked = left[:_BATCH]
            found = self._ask([batch[position] for position in asked])
            for position, answer in zip(asked, found, strict=True):
                answers[position] = answer
            left = [position for position in asked if answers[position] == LATER] + left[_BATCH:]
        return answers

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a path answers again; -1 where there is none."""
        return -1 if self._connection is None else self._connection.fileno()

    def take_news(self) -> bool:
        """Return whether a path that did not answer does again; do not wait. Call it between questions."""
        news = False
        while self._connection is not None and select.select([self._connection], [], [], 0)[0]:
            try:
                self._receive(self._connection)
                news = True
            except (EOFError, OSError, ValueError):
                self.close()
        return news

    def begin(self) -> None:
        """Start the process now, for it will be asked; StartFailedError where it cannot be started."""
        if self._connection is None:
            self._process, self._connection = start(LOOKING, keeps=self._keeps)

    def close(self) -> None:
        """End the process; one that hangs is left to itself."""
        process, self._process = self._process, None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if process is not None:
            process.kill()

    def _ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        for last in (False, True):
            self.begin()
            try:
                return self._exchange(batch)
            except (EOFError, OSError, ValueError) as error:
                self.close()
                if last:
                    message = "the process that looks at the disk ended"
                    raise LookingFailedError(message) from error
        raise AssertionError

    def _exchange(self, batch: Sequence[Call]) -> Sequence[Any]:
        connection = self._connection
        assert connection is not None  # noqa: S101 - `begin` has made it
        connection.settimeout(_START_SECONDS)
        send(connection, marshal.dumps((self.seconds, list(batch))))
        while True:
            kind, *values = self._receive(connection)
            if kind == ANSWER:
                return list(values[1])

    def _receive(self, connection: socket.socket) -> tuple[Any, ...]:
        deadline = time.monotonic() + _PATIENCE_SECONDS

        def wait() -> None:
            while not select.select([connection], [], [], _LOOK_SECONDS)[0]:
                if self._interrupted():
                    self.close()
                    raise Interrupted
                if time.monotonic() > deadline:
                    self.close()
                    message = "the process that looks at the disk does not answer"
                    raise LookingFailedError(message)

        message: tuple[Any, ...] = marshal.loads(receive(connection, wait)[0])  # noqa: S302 - our own process wrote it
        if len(message) > 1:
            self._note(message[1], again=message[0] == BACK)
        return message

    def _note(self, silent: Mapping[str, float], *, again: bool) -> None:
        for path in silent.keys() - self.silent.keys():
            tell(log, logging.DEBUG, "still looking at a path that does not answer", path=path)
        if again:
            for path in self.silent.keys() - silent.keys():
                tell(log, logging.DEBUG, "a path answers again", path=path)
        self.silent = silent
