"""What an input may cost. An input of less than a mebibyte that costs more is a finding, as an exception is."""

import re
import time
from collections.abc import Callable
from pathlib import Path

CPU_SECONDS = 0.2
MEMORY_BYTES = 50 << 20
INPUT_BYTES = 1 << 20
_REPEATS = 5
# What the measure below takes where the bound was set; a machine that takes longer may take longer for an input, too.
MEASURE_SECONDS = 0.0015
_SLOWEST = 20.0
_STATUS, _PEAK_ANEW = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class TooExpensiveError(AssertionError):
    """An input cost more than any of its size may."""


def measure() -> float:
    """Return the seconds of CPU time that a piece of work takes which is always the same, and like that of a parser."""

    def work(text: bytes) -> None:
        known: dict[bytes, list[tuple[int, int]]] = {}
        for start in range(0, len(text), 12):
            piece = text[start : start + 9]
            known.setdefault(piece, []).append((start, len(piece)))
        sorted(known)

    return _cpu_of(work, bytes(range(250)) * 400)


def examine(target: Callable[[bytes], object], data: bytes, *, measured: Callable[[], float] = measure) -> None:
    """Run *target* on *data*; raise TooExpensiveError where it costs too much.

    What looks too much is measured again, five times in all, and the least counts: the first call of a library loads
    it, and a busy machine slows some calls and not others. CPU time is then set against that of other work in the same
    moment. The memory is the peak of the resident set, put back before the call (proc_pid_clear_refs(5)).
    """
    if len(data) >= INPUT_BYTES:
        return
    spent, grown = _cost(target, data)
    for _ in range(_REPEATS - 1):
        if spent <= CPU_SECONDS and grown <= MEMORY_BYTES:
            return
        before = measured()
        again, grown_again = _cost(target, data)
        slowness = min(max(1.0, max(before, measured()) / MEASURE_SECONDS), _SLOWEST)
        spent, grown = min(spent, again / slowness), min(grown, grown_again)
    if spent > CPU_SECONDS:
        message = f"{spent:.2f} s of CPU time for {len(data)} bytes"
        raise TooExpensiveError(message)
    if grown > MEMORY_BYTES:
        message = f"{grown >> 20} MiB for {len(data)} bytes"
        raise TooExpensiveError(message)


def _cost(target: Callable[[bytes], object], data: bytes) -> tuple[float, int]:
    _PEAK_ANEW.write_text("5")
    before = _peak()
    spent = _cpu_of(target, data)
    return spent, _peak() - before


def _cpu_of(target: Callable[[bytes], object], data: bytes) -> float:
    started = time.process_time()
    target(data)
    return time.process_time() - started


def _peak() -> int:
    found = re.search(rb"^VmHWM:\s+(\d+) kB$", _STATUS.read_bytes(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
