"""Who looks and parses for a command: processes of their own, or this one where no other can be started."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

from kubepki.disk.calls import Call
from kubepki.disk.disk import Asked, AskedHere
from kubepki.disk.process import LookingProcess
from kubepki.disk.start import StartFailedError
from kubepki.formats.components import Component
from kubepki.formats.kubeconfig import Kubeconfig
from kubepki.formats.parsed import Container, ParsedFile, Verified
from kubepki.pki.parsing import Parser, ParserHere, TooCostlyError
from kubepki.pki.parsing_process import parsing_process
from kubepki.settings import ScanSettings

T = TypeVar("T")


class OneLook:
    """An `Asked` for a command that ends afterwards, which waits for no path that hangs where it can help it."""

    def __init__(self, settings: ScanSettings) -> None:
        self.seconds = settings.file_budget
        self._asked: Asked = LookingProcess(seconds=settings.file_budget)

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        """Return one answer for each call of *batch*."""
        try:
            return self._asked.ask(batch)
        except StartFailedError:
            self._asked = AskedHere()
            return self._asked.ask(batch)

    def close(self) -> None:
        """End the process, if there is one."""
        self._asked.close()


class OneLookParser:
    """A `Parser` for a command that ends afterwards: a host that can start nothing more is diagnosed all the same.

    Without its own process a file has no budget of time; whoever waits can interrupt the command.
    """

    working = None
    spent = 0.0

    def __init__(self, settings: ScanSettings) -> None:
        self._parser: Parser = parsing_process(settings)

    def read_file(self, data: bytes, password: bytes | None, container: Container) -> ParsedFile:
        """Return what the file *data* holds."""
        return self._ask(lambda parser: parser.read_file(data, password, container))

    def read_files(
        self, files: Iterable[tuple[bytes, Container]], password: bytes | None
    ) -> Iterator[ParsedFile | TooCostlyError]:
        """Yield what each of *files* holds."""
        coming, asked = iter(files), deque[tuple[bytes, Container]]()

        def noted() -> Iterator[tuple[bytes, Container]]:
            for each in coming:
                asked.append(each)
                yield each

        try:
            for answer in self._parser.read_files(noted(), password):
                asked.popleft()
                yield answer
        except StartFailedError:
            self._parser = ParserHere()
            yield from self._parser.read_files(chain(tuple(asked), coming), password)

    def read_kubeconfig(self, data: bytes) -> Kubeconfig:
        """Return what the kubeconfig *data* says."""
        return self._ask(lambda parser: parser.read_kubeconfig(data))

    def read_component(self, data: bytes) -> Component:
        """Return what the configuration of a component *data* names."""
        return self._ask(lambda parser: parser.read_component(data))

    def verify(self, leaf: bytes, chain: Sequence[bytes], authorities: Sequence[bytes], *, server: bool) -> Verified:
        """Return when Go verifies *leaf* by *authorities*."""
        return self._ask(lambda parser: parser.verify(leaf, chain, authorities, server=server))

    def close(self) -> None:
        """End the process, if there is one."""
        self._parser.close()

    def _ask(self, question: Callable[[Parser], T]) -> T:
        try:
            return question(self._parser)
        except StartFailedError:
            self._parser = ParserHere()
            return question(self._parser)
