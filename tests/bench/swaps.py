"""How long a scrape takes to tell of a rotation: our exporter and its peer, and what lies beside the link."""

import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import PATIENCE_SECONDS, Minter
from tests.bench.rivals import SETTLE_SECONDS, Rival, running
from tests.support import pki


@dataclass(frozen=True, kw_only=True)
class Around:
    """What is around a rotation: *beside* other files in the directory, *old* superseded ones of the link.

    With `cold` our parsing process has left before each rename, for it had nothing to do for a minute.
    """

    beside: int = 0
    old: int = 3
    cold: bool = False


def rotations(rival: Rival, root: Path, swaps: int, around: Around) -> tuple[float, ...]:
    """Return the seconds from each of *swaps* renames of a link to the first scrape with the new certificate."""
    directory = root / f"rotations-{rival.name}-{around.beside}-{around.old}-{around.cold}"
    directory.mkdir()
    minter = Minter()
    for number in range(around.beside):
        (directory / f"client-{number:05}.pem").write_bytes(minter.next()[2])
    for _ in range(around.old + 1):
        not_before, name, data = minter.next()
        pki.install(directory, "kubelet-client", data, name)
    # What was written at this moment may be written once more within the same tick, and is read again.
    time.sleep(SETTLE_SECONDS)
    latencies = []
    with running(rival, directory, _value(not_before), root / f"{rival.name}-rotations.log") as run:
        for _ in range(swaps):
            while around.cold and run.parses():
                time.sleep(SETTLE_SECONDS)
            not_before, name, data = minter.next()
            for _step in pki.rotate(directory, "kubelet-client", data, name):
                pass
            renamed = time.monotonic()
            while _value(not_before) not in run.scrape()[1]:
                if time.monotonic() - renamed > PATIENCE_SECONDS:
                    message = f"{rival.name} never showed the swap to {name}"
                    raise TimeoutError(message)
                time.sleep(0.002)
            latencies.append(time.monotonic() - renamed)
    return tuple(latencies)


def _value(not_before: int) -> bytes:
    """Return the NotAfter of a certificate of the minter as both write it; the peer tells no NotBefore."""
    return f" {(not_before + pki.YEAR) / 1e9!r}e+09\n".encode()
