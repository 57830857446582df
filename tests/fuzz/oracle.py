"""What an input may cost. An input of less than a mebibyte that costs more is a finding, as an exception is."""

import re
import time
from collections.abc import Callable
from pathlib import Path

CPU_SECONDS = 0.2
MEMORY_BYTES = 50 << 20
INPUT_BYTES = 1 << 20
_REPEATS = 3
_STATUS, _PEAK_ANEW = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class TooExpensiveError(AssertionError):
    """An input cost more than any of its size may."""


def examine(target: Callable[[bytes], object], data: bytes) -> None:
    """Run *target* on *data*; raise TooExpensiveError where it costs too much.

    CPU time is measured again before it counts, for the first call of a library loads it; the memory is the peak of the
    resident set, put back before the call (proc_pid_clear_refs(5)).
    """
    if len(data) >= INPUT_BYTES:
        return
    _PEAK_ANEW.write_text("5")
    before = _peak()
    spent = _cpu_of(target, data)
    grown = _peak() - before
    for _ in range(_REPEATS - 1):
        if spent <= CPU_SECONDS:
            break
        spent = min(spent, _cpu_of(target, data))
    if spent > CPU_SECONDS:
        message = f"{spent:.2f} s of CPU time for {len(data)} bytes"
        raise TooExpensiveError(message)
    if grown > MEMORY_BYTES:
        message = f"{grown >> 20} MiB for {len(data)} bytes"
        raise TooExpensiveError(message)


def _cpu_of(target: Callable[[bytes], object], data: bytes) -> float:
    started = time.process_time()
    target(data)
    return time.process_time() - started


def _peak() -> int:
    found = re.search(rb"^VmHWM:\s+(\d+) kB$", _STATUS.read_bytes(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
