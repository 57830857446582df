"""Wall clocks that are wrong on purpose, for programs of any language: see clockshift.c."""

import mmap
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).with_name("clockshift.c")
_LAYOUT = struct.Struct("=qq")
_SYNCHRONIZED_ERROR = 1_000
_UNSYNCHRONIZED_ERROR = 16_000_000


def build_launcher(compiler: Path, directory: Path) -> Path:
    """Compile the launcher into *directory* and return it."""
    launcher = directory / "clockshift"
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", launcher, SOURCE], check=True)
    return launcher


class ShiftedClock:
    """The clock of one machine: true time plus an offset, for every program that was started by it."""

    def __init__(self, file: Path, launcher: Path) -> None:
        """Begin with the true time, synchronized."""
        self._file = file
        self._launcher = launcher
        file.write_bytes(_LAYOUT.pack(0, _SYNCHRONIZED_ERROR))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _LAYOUT.size)

    def set(self, offset: float, *, synchronized: bool) -> None:
        """Step it, for the programs that run too, to true time plus *offset* seconds."""
        error = _SYNCHRONIZED_ERROR if synchronized else _UNSYNCHRONIZED_ERROR
        _LAYOUT.pack_into(self._map, 0, round(offset * 1e9), error)

    def now(self) -> float:
        """Return its Unix time."""
        ahead, _ = _LAYOUT.unpack_from(self._map)
        return time.time() + float(ahead) / 1e9

    def command(self, words: Sequence[str | Path]) -> list[str]:
        """Return the command line that runs *words* by this clock."""
        return [str(self._launcher), str(self._file), *map(str, words)]
