"""Parses in a process of its own: what costs more than its budget ends that process and nothing else.

The process is started at the first question, and again where it is gone. Its end also takes every byte of a private
key that parsing left in memory. It shares no memory with the service, and what comes from it is data (`wire`).
"""

import logging
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import kubepki
from kubepki.formats import wire
from kubepki.formats.kubeconfig import Kubeconfig
from kubepki.formats.parsed import Container, ParsedFile
from kubepki.pki.frames import Question, Verdict, receive, send
from kubepki.pki.parsing import TooCostlyError
from kubepki.settings import ConfigError, ScanSettings

T = TypeVar("T")

log = logging.getLogger(__name__)

_START_SECONDS = 30.0
_LOOK_SECONDS = 0.02
# The budget is CPU time, which a busy machine does not spend; a process that waits for nothing is given up after this.
_PATIENCE = 20.0
_MIB = 1 << 20
_CODE = "import sys; sys.path[:0] = sys.argv[2:]; from kubepki.pki.parsing_child import main; main()"


class ParsingFailedError(ConfigError):
    """The parsing process cannot be started: a line for a person, as for a setting that cannot be used."""

    def __init__(self, what: str) -> None:
        super().__init__(what, hint=f"let this user run {sys.executable} and read the package")


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


class ParsingProcess:
    """A `Parser` for one thread. *budget* is CPU seconds for each file, *max_file_size* bounds its memory."""

    def __init__(self, *, budget: float, max_file_size: int, interrupted: Callable[[], bool] = lambda: False) -> None:
        self._budget = budget
        self._max_file_size = max_file_size
        self._interrupted = interrupted
        self._child: _Child | None = None

    def read_file(self, data: bytes, password: bytes | None, container: Container) -> ParsedFile:
        """Return what the file *data* holds."""
        question = Question(kind="file", cpu_seconds=self._budget, container=container, password=password)
        return self._ask(question, data, ParsedFile)

    def read_kubeconfig(self, data: bytes) -> Kubeconfig:
        """Return what the kubeconfig *data* says."""
        return self._ask(Question(kind="kubeconfig", cpu_seconds=self._budget), data, Kubeconfig)

    def is_issued(self, leaf: bytes, chain: Sequence[bytes], authorities: Sequence[bytes]) -> bool:
        """Tell whether signatures lead from *leaf* over any of *chain* to one of *authorities* (all DER)."""
        question = Question(kind="issued", cpu_seconds=self._budget, chain=tuple(chain), authorities=tuple(authorities))
        return self._ask(question, leaf, Verdict).yes

    def close(self) -> None:
        """End the process, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _ask(self, question: Question, data: bytes, kind: type[T]) -> T:
        header = wire.dump(question)
        if self._child is not None:
            # It leaves after a minute without a question, and may be leaving now: then another one is asked.
            try:
                send(self._child.connection, header, data)
                return self._answer(self._child, kind)
            except (EOFError, OSError):
                if not self._left_of_itself():
                    self._give_up("ended the process that parsed it")
        self._child = _start(self._max_file_size)
        try:
            send(self._child.connection, header, data)
            return self._answer(self._child, kind)
        except (EOFError, OSError):
            self._give_up("ended the process that parsed it")

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

    def _answer(self, child: _Child, kind: type[T]) -> T:
        spent, started = child.cpu_seconds(), time.monotonic()

        def wait() -> None:
            while not select.select([child.connection], [], [], _LOOK_SECONDS)[0]:
                if self._interrupted():
                    self._give_up("was left, for the service stops")
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
        message = f"parsing it {what}"
        raise TooCostlyError(message) from None


def parsing_process(settings: ScanSettings, *, interrupted: Callable[[], bool] = lambda: False) -> ParsingProcess:
    """Return the parser that *settings* ask for; *interrupted* ends the file that is parsed."""
    return ParsingProcess(budget=settings.file_budget, max_file_size=settings.max_file_size, interrupted=interrupted)


def _start(max_file_size: int) -> _Child:
    ours, theirs = socket.socketpair()
    paths = [str(Path(kubepki.__file__).parents[1]), *(each for each in sys.path if each)]
    arguments = [sys.executable, "-I", "-S", "-c", _CODE, str(max_file_size), *paths]
    with theirs:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                arguments, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            ours.close()
            message = f"the parsing process cannot be started: {error.strerror or error}"
            raise ParsingFailedError(message) from error
    child = _Child(process, ours)
    # Collects its exit status when it leaves of itself, so that no zombie stands until the next question.
    threading.Thread(target=process.wait, name="parsing-end", daemon=True).start()
    ours.settimeout(_START_SECONDS)
    try:
        receive(ours)
    except (EOFError, OSError) as error:
        child.end()
        message = "the parsing process does not start"
        raise ParsingFailedError(message) from error
    log.debug("the parsing process runs")
    return child
