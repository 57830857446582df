"""What Go reads of a certificate is published of it, value by value; or a warning says that it cannot be read."""

from collections.abc import Iterable, Iterator

from kubepki.model import Certificate, PathState, Reason, Usage
from kubepki.texts import bounded_text
from tests.support.oracle import Answer, Read

_SERVING = frozenset({Usage.SERVER, Usage.PEER})


def disagreements(said: Answer, states: Iterable[PathState]) -> list[str]:
    """Return where what is published in *states* is not what the consumer *said*; nothing where all of it is."""
    found = tuple(states)
    published = {each.fingerprint_sha256: each for state in found for each in state.certificates}
    warned = any(fault.reason is Reason.UNREADABLE for state in found for fault in state.faults)
    return [text for read in said.read for text in _compared(read, published.get(read.fingerprint), warned=warned)]


def _compared(read: Read, published: Certificate | None, *, warned: bool) -> Iterator[str]:
    if published is None:
        if not warned:
            yield f"{read.fingerprint} is read by its consumer, and not published without a word"
        return
    for what, theirs, ours in (
        ("NotBefore", read.not_before, published.not_before),
        ("NotAfter", read.not_after, published.not_after),
        ("serial", _serial(read.serial), published.serial),
    ):
        if theirs != ours:
            yield f"{what}: {theirs} and not {ours}"
    usage = _usage(read)
    if published.usage is not usage and not (published.usage is Usage.SELF_SIGNED and usage in _SERVING):
        yield f"usage: {usage} and not {published.usage}"


def _serial(text: str) -> str:
    digits = text.removeprefix("-").upper()
    return bounded_text(("-" if text.startswith("-") else "") + "0" * (len(digits) % 2) + digits)


def _usage(read: Read) -> Usage:
    if read.ca if read.constrained else read.signs:
        return Usage.CA
    if read.client and read.server:
        return Usage.PEER
    if read.client:
        return Usage.CLIENT
    return Usage.SERVER if read.server else Usage.OTHER
