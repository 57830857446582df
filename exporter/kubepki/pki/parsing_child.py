"""The parsing process: bytes in, plain values out, and nothing else that it could do.

It is started by `parsing_process` and ends when the service closes the connection or has not asked for a minute.
Before it reads a byte of a file it gives up its capabilities, its right to write files, to start anything, to reach
the network, to dump its memory, and all memory but a share.
"""

import contextlib
import ctypes
import math
import resource
import select
import socket
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

# Loaded before the first question, so that the first file is not charged for them.
import yaml  # noqa: F401
from cryptography.hazmat.backends.openssl import backend  # noqa: F401
from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: F401

from kubepki.disk.frames import Inbox, send
from kubepki.formats import jobs, wire
from kubepki.pki.frames import Question
from kubepki.pki.seccomp import allow_only_what_parsing_needs

IDLE_SECONDS = 60.0
READY = b"ready"
TOO_MUCH_MEMORY = b"memory"

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 4, 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_MEMORY = 128 << 20
_DESCRIPTORS = 16


def main() -> None:
    """Answer questions on the connection that is the standard input."""
    confine(memory=_MEMORY + 8 * int(sys.argv[1]))
    with socket.socket(fileno=0) as connection:
        send(connection, READY)
        inbox, allow = Inbox(connection), _allowance()
        while True:
            try:
                message = inbox.take()
                if message is None:
                    if not select.select([connection], [], [], IDLE_SECONDS)[0]:
                        return
                    inbox.fill()
                    continue
            except (EOFError, OSError):
                return
            header, body = message
            try:
                question = _question(header)
                allow(question.cpu_seconds)
                answer = _answer(question, body)
            except MemoryError:
                answer = TOO_MUCH_MEMORY
            send(connection, answer)


@lru_cache(maxsize=1)
def _question(header: bytes) -> Question:
    # Of many files that are asked about together the question is one.
    return wire.load(Question, header)


def confine(*, memory: int) -> None:
    """Give up what parsing does not need; *memory* is how many bytes it may take beyond what it has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    # Where a filter of system calls refuses it, the process has none: the service gives none on.
    libc.capset(ctypes.byref((ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)), ctypes.byref((ctypes.c_uint32 * 6)()))
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NPROC, 0)
    _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory)
    # A few are left, for libraries load some of their modules at the first use.
    _limit(resource.RLIMIT_NOFILE, _DESCRIPTORS)
    allow_only_what_parsing_needs()


def _limit(kind: int, value: int) -> None:
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value))


def _answer(question: Question, body: bytes) -> bytes:
    if question.kind == "file":
        return wire.dump(jobs.read_file(body, question.password, question.container))
    if question.kind == "kubeconfig":
        return wire.dump(jobs.read_kubeconfig(body))
    if question.kind == "component":
        return wire.dump(jobs.read_component(body))
    return wire.dump(jobs.verify(body, question.chain, question.authorities, server=question.server))


def _allowance() -> Callable[[float], None]:
    """Return what lets the kernel end this process when it takes far more than some seconds of CPU time from now on.

    The service does so sooner, unless it is stopped.
    """
    granted = 0.0

    def allow(seconds: float) -> None:
        nonlocal granted
        needed = time.process_time() + seconds
        if granted < needed + 1:
            granted = math.ceil(needed + seconds) + 5
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_CPU, (granted, resource.getrlimit(resource.RLIMIT_CPU)[1]))

    return allow
