"""Who parses: this process, or one of its own that can be killed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from kubepki.formats.components import Component
from kubepki.formats.kubeconfig import Kubeconfig
from kubepki.formats.parsed import Container, ParsedFile, Verified
from kubepki.model import Fault, Reason


class TooCostlyError(Exception):
    """Bytes that cannot be parsed within the budget of a file; the text says what it cost."""


class Parser(Protocol):
    """Turns the bytes of files into values; every method may raise TooCostlyError."""

    @property
    def working(self) -> tuple[int, float] | None:
        """Which file of those that were asked about is being parsed, and since when (monotonic seconds)."""

    @property
    def spent(self) -> float:
        """How many seconds of CPU time all files have taken so far, where that is known."""

    def read_file(self, data: bytes, password: bytes | None, container: Container) -> ParsedFile:
        """Return what the file *data* holds."""

    def read_files(
        self, files: Iterable[tuple[bytes, Container]], password: bytes | None
    ) -> Iterator[ParsedFile | TooCostlyError]:
        """Yield what each of *files* holds, in their order; raises no TooCostlyError, but gives it.

        It may take some of *files* before it gives what was asked for before. It may be left before its end.
        """

    def read_kubeconfig(self, data: bytes) -> Kubeconfig:
        """Return what the kubeconfig *data* says."""

    def read_component(self, data: bytes) -> Component:
        """Return what the configuration of a component *data* names."""

    def verify(self, leaf: bytes, chain: Sequence[bytes], authorities: Sequence[bytes], *, server: bool) -> Verified:
        """Return when Go verifies *leaf* over any of *chain* by *authorities* (all DER): as a client, or a *server*."""

    def close(self) -> None:
        """End what is kept for further files."""


class ParserHere:
    """Parses in this process, without a budget: for tools and tests, never for the service."""

    working = None
    spent = 0.0

    def read_file(self, data: bytes, password: bytes | None, container: Container) -> ParsedFile:
        """Return what the file *data* holds."""
        from kubepki.formats import jobs  # noqa: PLC0415 - it loads the X.509 library

        return jobs.read_file(data, password, container)

    def read_files(
        self, files: Iterable[tuple[bytes, Container]], password: bytes | None
    ) -> Iterator[ParsedFile | TooCostlyError]:
        """Yield what each of *files* holds."""
        return (self.read_file(data, password, container) for data, container in files)

    def read_kubeconfig(self, data: bytes) -> Kubeconfig:
        """Return what the kubeconfig *data* says."""
        from kubepki.formats import jobs  # noqa: PLC0415 - as above

        return jobs.read_kubeconfig(data)

    def read_component(self, data: bytes) -> Component:
        """Return what the configuration of a component *data* names."""
        from kubepki.formats import jobs  # noqa: PLC0415 - as above

        return jobs.read_component(data)

    def verify(self, leaf: bytes, chain: Sequence[bytes], authorities: Sequence[bytes], *, server: bool) -> Verified:
        """Return when Go verifies *leaf* by *authorities*."""
        from kubepki.formats import jobs  # noqa: PLC0415 - as above

        return jobs.verify(leaf, chain, authorities, server=server)

    def close(self) -> None:
        """Nothing is kept."""


def too_costly(error: TooCostlyError) -> Fault:
    """Return the fault of a file that could not be parsed within its budget."""
    return Fault(reason=Reason.TOO_COSTLY, detail=str(error))
