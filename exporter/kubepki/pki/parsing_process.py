"""Parses in a process of its own: what costs more than its budget ends that process and nothing else.

The process is started at the first question, and again where it is gone. Its end also takes every byte of a private
key that parsing left in memory. It shares no memory with the service, and what comes from it is data (`wire`).
"""

import logging
import select
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from kubepki.disk.disk import Interrupted
from kubepki.disk.frames import receive, send
from kubepki.disk.start import PARSING, StartFailedError, start
from kubepki.formats import wire
from kubepki.formats.components import Component
from kubepki.formats.kubeconfig import Kubeconfig
from kubepki.formats.parsed import Container, ParsedFile
from kubepki.pki.frames import Question, Verdict
from kubepki.pki.parsing import TooCostlyError
from kubepki.settings import ScanSettings

T = TypeVar("T")

log = logging.getLogger(__name__)

_START_SECONDS = 30.0
_LOOK_SECONDS = 0.02
# The budget is CPU time, which a busy machine does not spend; a process that waits for nothing is given up after this.
_PATIENCE = 20.0
# What may be on its way at once: less than a socket holds, so that neither side waits for the other to read.
_BYTES_AHEAD = 1 << 16
_QUESTIONS_AHEAD = 32


@dataclass(frozen=True, slots=True)
class _Child:
    process: "subprocess.Popen[bytes]"
    connection: socket.socket

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process (the clock id of another process, as clock_getcpuclockid(3) makes it)."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def end(self) -> None:
        """Kill it; nothing that it was doing is wanted."""
        self.connection.close()
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class _Asked(Generic[T]):
    """One question with the bytes that it is about, and what its answer is."""

    header: bytes
    data: bytes
    kind: type[T]

    @property
    def size(self) -> int:
        return len(self.header) + len(self.data)


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

    def read_file(self, data: bytes, password: bytes | None, container: Container) -> ParsedFile:
        """Return what the file *data* holds."""
        return _or_raise(self.read_files([(data, container)], password)[0])

    def read_files(
        self, files: Sequence[tuple[bytes, Container]], password: bytes | None
    ) -> Sequence[ParsedFile | TooCostlyError]:
        """Return what each of *files* holds; several are on their way at once."""
        headers = {
            container: wire.dump(
                Question(kind="file", cpu_seconds=self._budget, container=container, password=password)
            )
            for container in {container for _, container in files}
        }
        return self._ask([_Asked(headers[container], data, ParsedFile) for data, container in files])

    def read_kubeconfig(self, data: bytes) -> Kubeconfig:
        """Return what the kubeconfig *data* says."""
        question = Question(kind="kubeconfig", cpu_seconds=self._budget)
        return _or_raise(self._ask([_Asked(wire.dump(question), data, Kubeconfig)])[0])

    def read_component(self, data: bytes) -> Component:
        """Return what the configuration of a component *data* names."""
        question = Question(kind="component", cpu_seconds=self._budget)
        return _or_raise(self._ask([_Asked(wire.dump(question), data, Component)])[0])

    def is_issued(self, leaf: bytes, chain: Sequence[bytes], authorities: Sequence[bytes]) -> bool:
        """Tell whether signatures lead from *leaf* over any of *chain* to one of *authorities* (all DER)."""
        question = Question(kind="issued", cpu_seconds=self._budget, chain=tuple(chain), authorities=tuple(authorities))
        return _or_raise(self._ask([_Asked(wire.dump(question), leaf, Verdict)])[0]).yes

    def begin(self) -> None:
        """Start the process now, for it will be asked; StartFailedError where it cannot be started."""
        if self._child is None:
            process, connection = start(PARSING, str(self._max_file_size))
            connection.settimeout(_START_SECONDS)
            self._child = _Child(process, connection)
            self._greeted = False

    def close(self) -> None:
        """End the process, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _ask(self, asked: Sequence[_Asked[T]]) -> list[T | TooCostlyError]:
        answers: list[T | TooCostlyError] = []
        left = deque(asked)
        try:
            self._ask_until_answered(left, answers)
        finally:
            self.working = None
        return answers

    def _ask_until_answered(self, left: "deque[_Asked[T]]", answers: list[T | TooCostlyError]) -> None:
        while left:
            # One that is there leaves after a minute without a question, and may be leaving now: then another is asked.
            was_there = self._child is not None
            self._greet()
            before = len(answers)
            try:
                self._exchange(left, answers)
            except (EOFError, OSError):
                of_itself = self._left_of_itself()
                if not (was_there and of_itself and len(answers) == before):
                    left.popleft()
                    answers.append(_costly("ended the process that parsed it"))
            except TooCostlyError as error:
                left.popleft()
                answers.append(error)

    def _exchange(self, left: "deque[_Asked[T]]", answers: list[T | TooCostlyError]) -> None:
        """Ask all that is *left*, taking each away when its answer is there."""
        child = self._child
        assert child is not None  # noqa: S101 - it has just been started
        waiting = deque(left)
        ahead = 0
        spent = child.cpu_seconds()
        while left:
            while waiting and (
                ahead == 0 or (ahead + waiting[0].size <= _BYTES_AHEAD and len(left) - len(waiting) < _QUESTIONS_AHEAD)
            ):
                send(child.connection, waiting[0].header, waiting[0].data)
                ahead += waiting.popleft().size
            if self._interrupted():
                self.close()
                raise Interrupted
            self.working = (len(answers), time.monotonic())
            answer = self._answer(child, left[0].kind, spent)
            spent = child.cpu_seconds()
            ahead -= left.popleft().size
            answers.append(answer)

    def _greet(self) -> None:
        """Start the process where there is none, and wait until it is ready."""
        self.begin()
        if self._greeted or self._child is None:
            return
        try:
            receive(self._child.connection)
        except (EOFError, OSError) as error:
            self.close()
            message = "the parsing process does not start"
            raise StartFailedError(message) from error
        self._greeted = True
        log.debug("the parsing process runs")

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

    def _answer(self, child: _Child, kind: type[T], spent: float) -> T:
        started = time.monotonic()

        def wait() -> None:
            while not select.select([child.connection], [], [], _LOOK_SECONDS)[0]:
                if self._interrupted():
                    self.close()
                    raise Interrupted
                if child.process.poll() is not None:
                    return
                if child.cpu_seconds() - spent > self._budget:
                    self._give_up(f"took more than {self._budget:g} s of CPU time (--scan.file-budget)")
                if time.monotonic() - started > self._budget * _PATIENCE:
                    self._give_up(f"was not done after {self._budget * _PATIENCE:g} s")

        header, _ = receive(child.connection, wait)
        if header == b"memory":
            self._give_up("asked for more memory than a file may have")
        try:
            return wire.load(kind, header)
        except ValueError:
            self._give_up("broke the process that parsed it")

    def _give_up(self, what: str) -> NoReturn:
        self.close()
        raise _costly(what) from None


def parsing_process(settings: ScanSettings, *, interrupted: Callable[[], bool] = lambda: False) -> ParsingProcess:
    """Return the parser that *settings* ask for; *interrupted* ends the file that is parsed."""
    return ParsingProcess(budget=settings.file_budget, max_file_size=settings.max_file_size, interrupted=interrupted)


def _costly(what: str) -> TooCostlyError:
    return TooCostlyError(f"parsing it {what}")


def _or_raise(answer: T | TooCostlyError) -> T:
    if isinstance(answer, TooCostlyError):
        raise answer
    return answer
