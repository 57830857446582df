"""The kernel's opinion of its clock, and what is made of a refusal."""

import ctypes
import platform
import subprocess
import sys

import pytest

from kubepki.clocks.adjtimex import STRUCT_TIMEX_SIZE, Timex, adjtimex_reader, judge

# Offsets of <sys/timex.h> on 64-bit Linux, as `pahole timex` prints them.
OFFSETS = {
    "modes": 0,
    "offset": 8,
    "maxerror": 24,
    "esterror": 32,
    "status": 40,
    "time_sec": 72,
    "tick": 88,
    "shift": 112,
    "stbcnt": 152,
    "tai": 160,
}
# adjtimex and clock_adjtime of <asm/unistd.h>.
SYSTEM_CALLS = {"x86_64": (159, 305), "aarch64": (171, 266)}

REFUSE = """
import ctypes, errno, struct, sys
calls, number = (int(sys.argv[1]), int(sys.argv[2])), int(sys.argv[3])
BPF_LD_W_ABS, BPF_JEQ_K, BPF_RET_K = 0x20, 0x15, 0x06
code = b"".join(struct.pack("<HBBI", *instruction) for instruction in [
    (BPF_LD_W_ABS, 0, 0, 0),
    (BPF_JEQ_K, 1, 0, calls[0]),
    (BPF_JEQ_K, 0, 1, calls[1]),
    (BPF_RET_K, 0, 0, 0x00050000 | number),
    (BPF_RET_K, 0, 0, 0x7FFF0000),
])
buffer = ctypes.create_string_buffer(code, len(code))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(5, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
    sys.exit(77)
from kubepki.clocks.clocks import Clocks
from kubepki.clocks.host import system_clock
from kubepki.clocks.state import State
clocks = Clocks(system_clock(), State(None))
clocks.start()
reading = clocks.read()
clocks.stop()
print(reading.synchronized, reading.max_error, reading.estimated_error, reading.last_synchronized)
"""


def test_layout() -> None:
    """The structure has the size and the offsets of the C header."""
    assert ctypes.sizeof(Timex) == STRUCT_TIMEX_SIZE
    assert {name: getattr(Timex, name).offset for name in OFFSETS} == OFFSETS


@pytest.mark.parametrize(
    ("maxerror", "synchronized"),
    [(0, True), (15_999_999, True), (16_000_000, False), (16_000_001, False), (2**62, False)],
)
def test_synchronized_is_a_maximum_error_under_16_seconds(maxerror: int, synchronized: bool) -> None:  # noqa: FBT001
    """The boundary lies where systemd has it."""
    assert judge(maxerror, 0).synchronized is synchronized


def test_errors_are_microseconds() -> None:
    """Both errors come out in seconds."""
    verdict = judge(250_000, 1_500)
    assert (verdict.max_error, verdict.estimated_error) == (0.25, 0.0015)


def test_this_host_answers_without_privilege() -> None:
    """The real call gives errors that a kernel can have."""
    verdict = adjtimex_reader()()
    assert verdict is not None
    assert 0 <= verdict.max_error <= 16
    assert verdict.synchronized is (verdict.max_error < 16)


@pytest.mark.parametrize("number", [1, 38], ids=["EPERM", "ENOSYS"])
def test_a_refused_call_is_unknown(number: int) -> None:
    """Under a seccomp filter that refuses the call the service's clocks run and say unknown, never 0 or 1."""
    calls = SYSTEM_CALLS.get(platform.machine())
    if calls is None:
        pytest.skip(f"the numbers of the system calls of {platform.machine()} are not in this test")
    arguments = [sys.executable, "-c", REFUSE, *map(str, calls), str(number)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel takes no seccomp filter")
    assert done.stdout == "None None None None\n", done.stderr
