"""Parses in a process of its own: what costs more than its budget ends that process and nothing else.

The process is started at the first question, and again where it is gone. Its end also takes every byte of a private
key that parsing left in memory. It shares no memory with the service, and what comes from it is data (`wire`).
"""

import contextlib
import logging
import select
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn, TypeVar

from kubepki.disk.disk import Interrupted
from kubepki.disk.frames import Inbox
from kubepki.disk.start import PARSING, StartFailedError, start
from kubepki.formats import wire
from kubepki.formats.components import Component
from kubepki.formats.kubeconfig import Kubeconfig
from kubepki.formats.parsed import Container, ParsedFile, Verified
from kubepki.pki.frames import Question
from kubepki.pki.parsing import TooCostlyError
from kubepki.pki.window import Asked, Window
from kubepki.settings import ScanSettings

T = TypeVar("T")

log = logging.getLogger(__name__)

_START_SECONDS = 30.0
_LOOK_SECONDS = 0.02
# While this many questions are on their way, answers gather: to be woken by each costs both sides more than the answer.
_MANY = 16
_GATHER_SECONDS = 0.001
# The budget is CPU time, which a busy machine does not spend; a process that waits for nothing is given up after this.
_PATIENCE = 20.0


@dataclass(slots=True)
class _Child:
    """The process; `spent` is the CPU time that it had taken when the last answers came."""

    process: "subprocess.Popen[bytes]"
    connection: socket.socket
    inbox: Inbox
    spent: float = 0.0

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process (the clock id of another process, as clock_getcpuclockid(3) makes it)."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def end(self) -> None:
        """Kill it; nothing that it was doing is wanted."""
        self.connection.close()
        self.process.kill()
        self.process.wait()


class ParsingProcess:
    """A `Parser` for one thread. *budget* is CPU seconds for each file, *max_file_size* bounds its memory."""

    def __init__(self, *, budget: float, max_file_size: int, interrupted: Callable[[], bool] = lambda: False) -> None:
        self._budget = budget
        self._max_file_size = max_file_size
        self._interrupted = interrupted
        self._child: _Child | None = None
        self._greeted = False
        # Which of the files that were asked about is being parsed, and since when; any thread may read it.
        self.working: tuple[int, float] | None = None
        self.spent = 0.0

    def read_file(self, data: bytes, password: bytes | None, container: Container) -> ParsedFile:
        """Return what the file *data* holds."""
        (found,) = self.read_files([(data, container)], password)
        return _or_raise(found)

    def read_files(
        self, files: Iterable[tuple[bytes, Container]], password: bytes | None
    ) -> Iterator[ParsedFile | TooCostlyError]:
        """Yield what each of *files* holds; several are on their way at once."""
        header = cache(lambda container: self._header("file", container=container, password=password))
        return self._answers(_asked(header(container), data, ParsedFile) for data, container in files)

    def read_kubeconfig(self, data: bytes) -> Kubeconfig:
        """Return what the kubeconfig *data* says."""
        return self._one("kubeconfig", data, Kubeconfig)

    def read_component(self, data: bytes) -> Component:
        """Return what the configuration of a component *data* names."""
        return self._one("component", data, Component)

    def verify(self, leaf: bytes, chain: Sequence[bytes], authorities: Sequence[bytes], *, server: bool) -> Verified:
        """Return when Go verifies *leaf* over any of *chain* by *authorities* (all DER): as a client, or a *server*."""
        return self._one("chain", leaf, Verified, chain=tuple(chain), authorities=tuple(authorities), server=server)

    def begin(self) -> None:
        """Start the process now, for it will be asked; StartFailedError where it cannot be started."""
        if self._child is not None and self._child.process.poll() == 0:
            self.close()  # It had nothing to do for a minute, and left.
        if self._child is None:
            process, connection = start(PARSING, str(self._max_file_size))
            connection.settimeout(_START_SECONDS)
            self._child = _Child(process, connection, Inbox(connection))
            self._greeted = False

    def close(self) -> None:
        """End the process, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _one(self, what: str, data: bytes, kind: type[T], **more: Any) -> T:  # noqa: ANN401 - a question's own
        (found,) = self._answers([_asked(self._header(what, **more), data, kind)])
        return _or_raise(found)

    def _header(self, kind: str, **more: Any) -> bytes:  # noqa: ANN401 - a question's own
        return wire.dump(Question(kind=kind, cpu_seconds=self._budget, **more))

    def _answers(self, coming: Iterable[Asked[T]]) -> Iterator[T | TooCostlyError]:
        """Yield the answer to each question that is *coming*, which is asked before the answers to others are there."""
        window = Window(coming)
        number = 0
        # One that is there leaves after a minute without a question, and may be leaving now: then another is asked.
        may_leave = self._child is not None
        try:
            while True:
                window.take_in()
                if window.first is None:
                    return
                answer: T | TooCostlyError | None = None
                try:
                    child = self._greet()
                    self._send(child, window.unasked())
                    self.working = (number, time.monotonic())
                    answer = self._answer(child, window.first.kind, gathering=window.on_their_way > _MANY)
                    may_leave = False
                except (EOFError, OSError):
                    window.lose()
                    if not (self._left_of_itself() and may_leave):
                        answer = _costly("ended the process that parsed it")
                    may_leave = False
                except TooCostlyError as error:
                    window.lose()
                    answer, may_leave = error, False
                if answer is not None:
                    number += 1
                    window.answered()
                    yield answer
        finally:
            self.working = None
            if window.first is not None:
                # Nobody waits for the answers that are on their way, and they must not be taken for others.
                self.close()

    @staticmethod
    def _send(child: _Child, messages: bytes) -> None:
        # One that has ended may have answered before: what it said is read first, and then that it is gone.
        with contextlib.suppress(ConnectionError):
            if messages:
                child.connection.sendall(messages)

    def _greet(self) -> _Child:
        """Return the process, started where there is none, once it is ready."""
        self.begin()
        child = self._child
        assert child is not None  # noqa: S101 - it has just been started
        if self._greeted:
            return child
        try:
            while child.inbox.take() is None:
                child.inbox.fill()
        except (EOFError, OSError) as error:
            self.close()
            message = "the parsing process does not start"
            raise StartFailedError(message) from error
        self._greeted = True
        child.spent = child.cpu_seconds()
        log.debug("the parsing process runs")
        return child

    def _left_of_itself(self) -> bool:
        child, self._child = self._child, None
        if child is None:
            return True
        child.connection.close()
        try:
            return child.process.wait(_START_SECONDS) == 0
        except subprocess.TimeoutExpired:
            child.end()
            return False

    def _answer(self, child: _Child, kind: type[T], *, gathering: bool) -> T:
        started = time.monotonic()
        while (message := child.inbox.take()) is None:
            if gathering:
                time.sleep(_GATHER_SECONDS)
            self._wait(child, started)
            child.inbox.fill()
            before, child.spent = child.spent, child.cpu_seconds()
            self.spent += child.spent - before
        if message[0] == b"memory":
            self._give_up("asked for more memory than a file may have")
        try:
            return wire.load(kind, message[0])
        except ValueError:
            self._give_up("broke the process that parsed it")

    def _wait(self, child: _Child, started: float) -> None:
        """Wait until there is something to read; raises TooCostlyError and Interrupted."""
        if self._interrupted():
            self.close()
            raise Interrupted
        while not select.select([child.connection], [], [], _LOOK_SECONDS)[0]:
            if self._interrupted():
                self.close()
                raise Interrupted
            if child.process.poll() is not None:
                return
            if child.cpu_seconds() - child.spent > self._budget:
                self._give_up(f"took more than {self._budget:g} s of CPU time (--scan.file-budget)")
            if time.monotonic() - started > self._budget * _PATIENCE:
                self._give_up(f"was not done after {self._budget * _PATIENCE:g} s")

    def _give_up(self, what: str) -> NoReturn:
        self.spent += self._budget
        self.close()
        raise _costly(what) from None


def parsing_process(settings: ScanSettings, *, interrupted: Callable[[], bool] = lambda: False) -> ParsingProcess:
    """Return the parser that *settings* ask for; *interrupted* ends the file that is parsed."""
    return ParsingProcess(budget=settings.file_budget, max_file_size=settings.max_file_size, interrupted=interrupted)


def _asked(header: bytes, data: bytes, kind: type[T]) -> Asked[T]:
    return Asked(header, data, kind, len(header) + len(data))


def _costly(what: str) -> TooCostlyError:
    return TooCostlyError(f"parsing it {what}")


def _or_raise(answer: T | TooCostlyError) -> T:
    if isinstance(answer, TooCostlyError):
        raise answer
    return answer
