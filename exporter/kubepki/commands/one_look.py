"""Who parses for one look: a process of its own, or this one where no other can be started."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from kubepki.formats.kubeconfig import Kubeconfig
from kubepki.formats.parsed import Container, ParsedFile
from kubepki.pki.parsing import Parser, ParserHere
from kubepki.pki.parsing_process import ParsingFailedError, parsing_process
from kubepki.settings import ScanSettings

T = TypeVar("T")


class OneLookParser:
    """A `Parser` for a command that ends afterwards: a host that can start nothing more is diagnosed all the same.

    Without its own process a file has no budget of time; whoever waits can interrupt the command.
    """

    def __init__(self, settings: ScanSettings) -> None:
        self._parser: Parser = parsing_process(settings)

    def read_file(self, data: bytes, password: bytes | None, container: Container) -> ParsedFile:
        """Return what the file *data* holds."""
        return self._ask(lambda parser: parser.read_file(data, password, container))

    def read_kubeconfig(self, data: bytes) -> Kubeconfig:
        """Return what the kubeconfig *data* says."""
        return self._ask(lambda parser: parser.read_kubeconfig(data))

    def is_issued(self, leaf: bytes, chain: Sequence[bytes], authorities: Sequence[bytes]) -> bool:
        """Tell whether signatures lead from *leaf* to one of *authorities*."""
        return self._ask(lambda parser: parser.is_issued(leaf, chain, authorities))

    def close(self) -> None:
        """End the process, if there is one."""
        self._parser.close()

    def _ask(self, question: Callable[[Parser], T]) -> T:
        try:
            return question(self._parser)
        except ParsingFailedError:
            self._parser = ParserHere()
            return question(self._parser)
