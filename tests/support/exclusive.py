"""One of several test processes at a time, for what they share: the trees that are built and kept for all of them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def exclusive(name: str, *, directory: Path = ROOT / "build") -> Iterator[None]:
    """Hold the lock *name* in *directory*; whoever asks for it meanwhile waits. A process that ends lets go."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
