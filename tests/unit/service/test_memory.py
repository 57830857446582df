"""The C library gives large blocks back."""

import subprocess
import sys

PROGRAM = """
import os
from kubepki.service.memory import give_large_blocks_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

give_large_blocks_back()
before = resident()
for size in (1, 2, 4, 8, 16):
    kept = []
    for _ in range(3):
        block = b"x" * (size << 20)
        kept.append(b"y" * 100_000)
        del block
print(resident() - before)
"""


def test_large_blocks_go_back() -> None:
    """After blocks of up to 16 MiB between small ones that stay, little more than these is resident."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 4 << 20
