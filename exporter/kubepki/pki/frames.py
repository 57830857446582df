"""The messages between the service and its parsing process: values as JSON, and a file's bytes as they are."""

from dataclasses import dataclass, field

from kubepki.formats.parsed import Container


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: of which kind, and what belongs to it besides the file's bytes."""

    kind: str
    cpu_seconds: float
    container: Container = Container.PEM_OR_DER
    password: bytes | None = field(default=None, repr=False)
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    authorities: tuple[bytes, ...] = field(default=(), repr=False)
    server: bool = False
