"""The looking process: questions about paths in, what the file system says out, and nothing that could be parsed.

It is started by `process` and ends when the service closes the connection. A thread of it may hang in a system call
for ever; then it is this process that cannot be ended, and the service can.
"""

import contextlib
import ctypes
import marshal
import os
import resource
import select
import socket
import sys
import time
from typing import Any

from kubepki.disk import calls
from kubepki.disk.crew import Crew
from kubepki.disk.frames import receive, send

READY, ANSWER, SLOW, BACK = "ready", "answer", "slow", "back"

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_SLOW_SECONDS = 1.0
_ROOM = 8 << 20


def main() -> None:
    """Answer questions on the connection that is the standard input."""
    confine()
    sys.setswitchinterval(0.001)
    back = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    crew = Crew(calls.perform, returned=lambda: os.eventfd_write(back, 1))
    with socket.socket(fileno=0) as connection, contextlib.suppress(EOFError, OSError):
        _tell(connection, READY)
        while True:
            ready = select.select([connection.fileno(), back], [], [])[0]
            if back in ready:
                os.eventfd_read(back)
                _tell(connection, BACK, crew.lost())
            if connection.fileno() in ready:
                _answer(connection, crew)
    # Not by way of the interpreter's end, which would wait for threads that hang.
    os._exit(0)


def confine() -> None:
    """Give up what looking does not need: to gain rights, to write files, to be dumped with what it has read."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (0, 0))


def _answer(connection: socket.socket, crew: Crew) -> None:
    seconds, batch = marshal.loads(receive(connection)[0])  # noqa: S302 - our own service wrote it
    told = 0.0

    def tick(path: str | None, since: float) -> None:
        nonlocal told
        now = time.monotonic()
        if path is not None and now - max(since, told) > _SLOW_SECONDS:
            told = now
            _tell(connection, SLOW, {**crew.lost(), path: since})

    answers = crew.perform(batch, seconds=seconds, room=_ROOM, tick=tick)
    _tell(connection, ANSWER, crew.lost(), answers)


def _tell(connection: socket.socket, kind: str, *values: Any) -> None:  # noqa: ANN401 - as in `calls`
    send(connection, marshal.dumps((kind, *values)))
