"""The disk below a root, as if it were the host's: presets name absolute paths."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubepki.disk.calls import Call
from kubepki.disk.disk import AskedHere


class Below:
    """An `Asked` for the paths below a root."""

    seconds = 0.0

    def __init__(self, root: Path) -> None:
        self._root = str(root)

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        """Return the answers of the disk itself."""
        return AskedHere().ask([(what, self._root + path, *rest) for what, path, *rest in batch])

    def close(self) -> None:
        """Nothing is kept."""
