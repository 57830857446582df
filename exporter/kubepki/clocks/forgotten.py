"""What an operator asked to forget: a small file beside the state, written by `forget` and taken by the service.

Only the service writes its state; so the request is a file of its own, which the service removes once it has taken it.
"""

import contextlib
import json
from pathlib import Path

from kubepki.clocks.state_file import read, write_atomically

FILE_NAME = "forget.json"
MAX_PATHS = 1_000


def asked(directory: str) -> frozenset[str]:
    """Return the paths that are asked to be forgotten; none where there is no request or it cannot be understood."""
    try:
        paths = json.loads(read(Path(directory) / FILE_NAME))
    except (OSError, ValueError, RecursionError):
        return frozenset()
    if not isinstance(paths, list) or len(paths) > MAX_PATHS:
        return frozenset()
    return frozenset(path for path in paths if isinstance(path, str))


def ask(directory: str, path: str) -> None:
    """Ask that *path* be forgotten, beside what was asked before; raise OSError where that cannot be written."""
    paths = sorted({*asked(directory), path})[-MAX_PATHS:]
    write_atomically(Path(directory) / FILE_NAME, json.dumps(paths) + "\n")


def taken(directory: str) -> None:
    """Remove the request: what it asked for is done."""
    with contextlib.suppress(OSError):
        (Path(directory) / FILE_NAME).unlink(missing_ok=True)
