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


SCATTERED = """
from kubepki.service import memory

def anonymous():
    return [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssAnon")][0] << 10

memory.give_large_blocks_back()
memory._BETWEEN_SECONDS = 0.0
pages = memory.FreePages()
before = anonymous()
blocks = [b"x" * 10_000 for _ in range(4_000)]
kept = blocks[::100]
del blocks
print(pages.give_back(), anonymous() - before)
memory._BETWEEN_SECONDS = 600.0
print(memory.FreePages().give_back())
"""


def test_pages_between_what_is_kept_go_back() -> None:
    """Of 40 MB in small blocks of which each hundredth stays, little is resident; and not each scan asks for it."""
    done = subprocess.run([sys.executable, "-c", SCATTERED], capture_output=True, text=True, check=True, timeout=60)
    given, left, again = done.stdout.split()
    assert (given, again) == ("True", "False")
    assert int(left) < 8 << 20
