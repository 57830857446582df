"""Processes of earlier runs that cannot be ended, for they wait for a dead file system.

A command that is run again and again would leave another one each time. So each run holds one of a few files, and with
it the process that looks for it: the kernel gives the lock back when the last of both is gone. A file that is still
held says which paths the process waits for, and they are not asked again until it is gone.
"""

import contextlib
import fcntl
import json
import os
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from kubepki.disk.calls import MOVED, NO_ANSWER, Call
from kubepki.disk.disk import Asked
from kubepki.settings import ConfigError

MOST = 8
_NAME = "looking-{}.json"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MAX_BYTES = 1 << 20
_OF_ONE_DIRECTORY = 2


class Leftovers:
    """The file that this run holds in *directory*, and the paths for which earlier runs still wait.

    Raises ConfigError where as many processes as may be left still hang. A directory that cannot be written keeps
    nothing in mind.
    """

    def __init__(self, directory: str | None) -> None:
        self._descriptor = -1
        silent: set[str] = set()
        held = 0
        for number in range(MOST if directory else 0):
            try:
                descriptor = os.open(f"{directory}/{_NAME.format(number)}", _FLAGS, 0o600)
            except OSError:
                break
            if not _is_free(descriptor):
                held += 1
                silent |= _paths(descriptor)
            elif self._descriptor < 0:
                os.ftruncate(descriptor, 0)
                self._descriptor = descriptor
                continue
            os.close(descriptor)
        if held == MOST:
            what = f"{MOST} processes of earlier runs still wait for paths that do not answer"
            raise ConfigError(what, where=min(silent, default=""), hint="see whether its file system is dead")
        parents = Counter(path.rpartition("/")[0] for path in silent)
        self.silent = frozenset(silent | {each for each, count in parents.items() if count >= _OF_ONE_DIRECTORY})

    @property
    def held(self) -> tuple[int, ...]:
        """The descriptor that the looking process has to keep, if there is one."""
        return () if self._descriptor < 0 else (self._descriptor,)

    def note(self, paths: Collection[str]) -> None:
        """Write down the *paths* for which the process of this run still waits."""
        if self._descriptor >= 0 and paths:
            with contextlib.suppress(OSError):
                os.pwrite(self._descriptor, json.dumps(sorted(paths)).encode(), 0)

    def close(self) -> None:
        """Give the file up; the looking process holds it for as long as it is there."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Avoiding:
    """What *asked* answers, but for paths that are *silent*, and what lies below them: those are not asked."""

    def __init__(self, asked: Asked, silent: Collection[str]) -> None:
        self._asked = asked
        self._silent = frozenset(silent)
        self._below = tuple(f"{each}/" for each in self._silent)

    @property
    def seconds(self) -> float:
        """How long one path may take."""
        return self._asked.seconds

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        """Return one answer for each call of *batch*."""
        if not self._silent:
            return self._asked.ask(batch)
        answers: list[Any] = [NO_ANSWER] * len(batch)
        asked = [number for number, call in enumerate(batch) if not self._avoids(call)]
        for number, answer in zip(asked, self._asked.ask([batch[number] for number in asked]), strict=True):
            answers[number] = answer
        return answers

    def close(self) -> None:
        """End what is kept for further calls."""
        self._asked.close()

    def _avoids(self, call: Call) -> bool:
        paths = [call[1], *(mark[0] for mark in call[2])] if call[0] == MOVED else [call[1]]
        return any(path in self._silent or path.startswith(self._below) for path in paths)


def _is_free(descriptor: int) -> bool:
    """Take the lock, which the descriptor's end gives back; return whether nobody else holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _paths(descriptor: int) -> set[str]:
    # Nothing may stand there yet, or half of it.
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(os.pread(descriptor, _MAX_BYTES, 0))
        return {each for each in found if isinstance(each, str)}
    return set()
